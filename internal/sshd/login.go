package sshd

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"
)

// errDenied is of a login that fails. It tells nothing of why.
var errDenied = errors.New("sshd: permission denied")

// hashOfNobody is compared with where there is no user, so that it takes as long as where there is one.
func hashOfNobody() ([]byte, error) {
	return bcrypt.GenerateFromPassword([]byte(rand.Text()), bcrypt.DefaultCost)
}

// login is one connection's way in.
type login struct {
	*Server
	cfg    *Config
	source netip.AddrPort
	done   <-chan struct{}
}

// server is the protocol's side of it.
func (l *login) server() *ssh.ServerConfig {
	c := &ssh.ServerConfig{
		MaxAuthTries: l.cfg.Tries, ServerVersion: "SSH-2.0-seikan",
		PasswordCallback: l.password, PublicKeyCallback: l.publicKey,
	}
	if l.cfg.Banner != "" {
		c.BannerCallback = func(ssh.ConnMetadata) string { return l.cfg.Banner + "\n" }
	}
	c.AddHostKey(l.key)
	return c
}

// find is the user of a name.
func (l *login) find(name string) (User, bool) {
	for _, u := range l.cfg.Users {
		if u.Name == name {
			return u, true
		}
	}
	return User{}, false
}

func (l *login) password(c ssh.ConnMetadata, password []byte) (*ssh.Permissions, error) {
	if !l.right(c, password) {
		l.failed(c.User(), "password")
		select {
		case <-time.After(l.delay): // whoever guesses is to wait
		case <-l.done:
		}
		return nil, errDenied
	}
	return nil, nil
}

// right compares a password with that of the user. It takes as long where there is none.
func (l *login) right(c ssh.ConnMetadata, password []byte) bool {
	select {
	case l.hashes <- struct{}{}:
	case <-l.done:
		return false
	}
	defer func() { <-l.hashes }()
	u, found := l.find(c.User())
	hash := []byte(u.Secret)
	if !found || u.Secret == "" {
		found, hash = false, l.nobody
	}
	return bcrypt.CompareHashAndPassword(hash, password) == nil && found
}

// publicKey is asked before the client has signed anything: what it answers is no login yet.
func (l *login) publicKey(c ssh.ConnMetadata, key ssh.PublicKey) (*ssh.Permissions, error) {
	u, _ := l.find(c.User())
	for _, text := range u.Keys {
		if own, _, _, _, err := ssh.ParseAuthorizedKey([]byte(text)); err == nil && bytes.Equal(own.Marshal(), key.Marshal()) {
			return nil, nil
		}
	}
	return nil, errDenied
}

// failed logs a password that is wrong. A key that is not known is no attempt: clients try all that they have.
func (l *login) failed(user, with string) {
	l.log.Warn().Str("user", name(user)).Stringer("source", l.source).Msg(fmt.Sprintf("%%SEC_LOGIN-4-LOGIN_FAILED: Login failed [user: %s] [Source: %v] [Reason: wrong %s]", name(user), l.source.Addr(), with))
}

// name is a user's name as it is shown: strangers choose it. It does not look like the rest of a message, as "x] [Source: 192.0.2.1" would to
// programs that lock out the sources of wrong passwords.
func name(s string) string {
	const most = 32
	quoted := fmt.Sprintf("%.*q", most, s)
	return strings.Map(func(c rune) rune {
		if strings.ContainsRune(" []", c) {
			return '_'
		}
		return c
	}, quoted[1:len(quoted)-1])
}
