package config

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"
)

// terminal is what is said of operators and their terminals.
type terminal struct {
	enable  secretHash
	banner  string
	listen  netip.AddrPort // zero: no SSH
	at      pos
	login   uint64  // seconds; 0: the default
	retries *uint64 // nil: the default
	vty     vty
}

// vty is a `line vty`.
type vty struct {
	idle  *uint64 // seconds; nil: the default
	limit uint64  // sessions; 0: the default
}

// user is a `username`.
type user struct {
	named
	privilege uint64
	secret    secretHash
	keys      table[string] // as in authorized_keys, without comments
}

// secretHash is the bcrypt hash of a password, "" for none.
type secretHash string

// Terminal is who may give commands from where.
type Terminal struct {
	Enable string // bcrypt hash of the password of `enable`; "": nobody gets there who does not begin there
	Users  []User
	Banner string // before the login; "": none

	Listen    netip.AddrPort // of SSH; zero: there is none
	LoginTime time.Duration  // that a login may take
	Tries     int            // passwords that a connection may try
	IdleTime  time.Duration  // after which a session ends; 0: never
	Sessions  int            // at once
}

// User is an operator.
type User struct {
	Name      string
	Privilege int      // 15: begins with the privileged commands
	Secret    string   // bcrypt hash of the password; "": none is taken
	Keys      []string // public keys, as in authorized_keys
}

// Defaults of terminals.
const (
	defaultLogin   = 120
	defaultRetries = 3
	defaultIdle    = 600 // seconds
	defaultLimit   = 16
)

const (
	maxSecret = 72  // octets, which is what bcrypt takes
	maxCost   = 14  // of a hash: a login with it takes a second
	maxUsers  = 256 // each password that is no hash yet makes the start longer
)

var (
	kindSecret = &kind{parse: parseSecret}
	kindSSHKey = &kind{rest: true, parse: parseSSHKey}
)

// parseSecret reads a password, or its hash.
func parseSecret(s string) (any, string) {
	if s == hidden {
		return parseKey(s)
	}
	switch cost, err := bcrypt.Cost([]byte(s)); {
	case err == nil && cost > maxCost:
		return nil, fmt.Sprintf("a bcrypt hash with a cost of at most %d", maxCost)
	case err == nil:
		return secretHash(s), ""
	case len(s) > maxSecret:
		return nil, ""
	}
	return password(s), ""
}

// password is one that is yet to be hashed. That takes a while, and is done once the whole text was understood.
type password string

// setSecret notes a secret, or its hash, for h.
func (p *parser) setSecret(h *secretHash, v any) {
	delete(p.unhashed, h)
	switch v := v.(type) {
	case secretHash:
		*h = v
	case password:
		p.unhashed[h] = v
	}
}

// hashSecrets makes the hashes of the passwords that stand.
func (p *parser) hashSecrets() {
	for h, s := range p.unhashed {
		text, err := bcrypt.GenerateFromPassword([]byte(s), bcrypt.DefaultCost)
		if err != nil { // only of a password that is too long, which parseSecret refuses
			p.fail(p.m.terminal.at, "passwords that can be hashed: %v", err)
		}
		*h = secretHash(text)
	}
	clear(p.unhashed)
}

func parseSSHKey(s string) (any, string) {
	k, _, options, rest, err := ssh.ParseAuthorizedKey([]byte(s))
	if err != nil || len(options) > 0 || len(rest) > 0 {
		return nil, ""
	}
	return strings.TrimSpace(string(ssh.MarshalAuthorizedKey(k))), ""
}

// enableNode is `enable`, userNode `username`, bannerNode `banner`, lineNode `line`.
func enableNode() node {
	return kw("enable", "privileged commands",
		kw("secret", "their password",
			arg(kindSecret, "password of at most 72 octets, or its bcrypt hash").
				do(func(p *parser, a args) { p.setSecret(&p.m.terminal.enable, a.values[0].value) })).hidesArgument())
}

func userNode() node {
	secret := kw("secret", "password of the user",
		arg(kindSecret, "password of at most 72 octets, or its bcrypt hash").do((*parser).setUser)).hidesArgument()
	return kw("username", "an operator",
		arg(kindName, "name of the user",
			kw("privilege", "15 for one who begins with the privileged commands",
				arg(number(0, 15), "level (0-15)", secret).do((*parser).setUser)),
			secret,
			kw("ssh-key", "a public key of the user",
				arg(kindSSHKey, "key as in authorized_keys, such as ssh-ed25519 AAAA...").do((*parser).setUser))))
}

func (p *parser) setUser(a args) {
	name := valueOf[string](a, 0)
	if t := &p.m.users; t.get(name) == nil && len(t.list) >= maxUsers {
		p.fail(a.at(0), "at most %d users", maxUsers)
		return
	}
	u := p.m.users.define(p, name, user{named: named{name, a.at(0)}, privilege: 1})
	for _, v := range a.values[1:] {
		switch v := v.value.(type) {
		case uint64:
			u.privilege = v
		case secretHash, password:
			p.setSecret(&u.secret, v)
		case string:
			u.keys.add(p, v, v)
		}
	}
}

func bannerNode() node {
	return kw("banner", "text for those who come",
		kw("login", "before the login",
			arg(kindText, "a text of at most 200 characters").do(func(p *parser, a args) { p.m.terminal.banner = valueOf[string](a, 0) })))
}

// sshNode is what follows `ip`.
func sshNode() node {
	return kw("ssh", "terminals over SSH",
		kw("listen", "where to listen; else there is no SSH",
			arg(kindListen, "address of this router, 0.0.0.0 or ::",
				arg(number(1, 65535), "TCP port (1-65535)").do(func(p *parser, a args) {
					p.m.terminal.at = a.at(0)
					p.m.terminal.listen = netip.AddrPortFrom(valueOf[netip.Addr](a, 0), uint16(valueOf[uint64](a, 1)))
				}))),
		kw("time-out", "how long a login may take",
			arg(number(1, 120), "seconds (1-120)").do(func(p *parser, a args) { p.m.terminal.login = valueOf[uint64](a, 0) })),
		kw("authentication-retries", "how many passwords more a connection may try",
			arg(number(0, 5), "how many (0-5)").do(func(p *parser, a args) { p.m.terminal.retries = ptr(valueOf[uint64](a, 0)) })))
}

func lineNode() node {
	enter := func(p *parser, _ args) { p.enter(&lineMode, &p.m.terminal.vty) }
	number := number(0, 999)
	return kw("line", "terminals", kw("vty", "over a network; numbers may follow, and all are meant",
		arg(number, "first line (0-999)",
			arg(number, "last line (0-999)").do(enter)).do(enter)).do(enter))
}

// lineMode is `line vty`.
var lineMode = mode{prompt: "config-line", commands: []node{
	kw("exec-timeout", "after which a terminal ends where nothing is typed",
		arg(number(0, 35791), "minutes (0-35791)",
			arg(number(0, 59), "seconds more (0-59), where both are 0 for never").do((*parser).setIdle)).do((*parser).setIdle)),
	kw("session-limit", "terminals at once",
		arg(number(1, 256), "how many (1-256)").do(func(p *parser, a args) { p.m.terminal.vty.limit = valueOf[uint64](a, 0) })),
}}

func (p *parser) setIdle(a args) {
	seconds := 60 * valueOf[uint64](a, 0)
	if len(a.values) > 1 {
		seconds += valueOf[uint64](a, 1)
	}
	p.m.terminal.vty.idle = &seconds
}

// checkTerminal refuses SSH that nobody can use.
func (p *parser) checkTerminal() {
	if v := &p.m.terminal; v.listen.IsValid() && len(p.m.users.list) == 0 {
		p.fail(v.at, "with it a user: `username NAME secret PASSWORD`, or `username NAME ssh-key KEY`")
	}
}

func (m *Model) builtTerminal() Terminal {
	v := &m.terminal
	or := func(n *uint64, d uint64) uint64 {
		if n == nil {
			return d
		}
		return *n
	}
	t := Terminal{
		Enable: string(v.enable), Banner: v.banner, Listen: v.listen,
		LoginTime: defaultLogin * time.Second, Tries: 1 + int(or(v.retries, defaultRetries)),
		IdleTime: time.Duration(or(v.vty.idle, defaultIdle)) * time.Second, Sessions: defaultLimit,
	}
	if v.login > 0 {
		t.LoginTime = time.Duration(v.login) * time.Second
	}
	if v.vty.limit > 0 {
		t.Sessions = int(v.vty.limit)
	}
	for _, u := range m.users.list {
		t.Users = append(t.Users, User{u.name, int(u.privilege), string(u.secret), values(u.keys)})
	}
	return t
}

func (w *writer) terminal(v *terminal, users []*user) {
	secret := func(h secretHash) string {
		if w.keys {
			return string(h)
		}
		return hidden
	}
	if v.enable != "" {
		w.block("enable secret %s", secret(v.enable))
	}
	if len(users) > 0 {
		w.line("!")
	}
	for _, u := range users {
		if u.secret != "" {
			w.line("username %s privilege %d secret %s", u.name, u.privilege, secret(u.secret))
		} else {
			w.line("username %s privilege %d", u.name, u.privilege)
		}
		for _, k := range u.keys.list {
			w.line("username %s ssh-key %s", u.name, *k)
		}
	}
	w.text("banner login ", v.banner)
	if v.listen.IsValid() {
		w.line("ip ssh listen %v %d", v.listen.Addr(), v.listen.Port())
	}
	if v.login != 0 {
		w.line("ip ssh time-out %d", v.login)
	}
	if v.retries != nil {
		w.line("ip ssh authentication-retries %d", *v.retries)
	}
	if v.vty != (vty{}) {
		w.section(&v.vty)
	}
}

func (*vty) head() string { return "line vty" }

func (v *vty) lines(w *writer) {
	if v.idle != nil {
		w.line(" exec-timeout %d%s", *v.idle/60, secondsMore(*v.idle%60))
	}
	if v.limit != 0 {
		w.line(" session-limit %d", v.limit)
	}
}

// secondsMore is seconds behind minutes, "" for none.
func secondsMore(n uint64) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprint(" ", n)
}
