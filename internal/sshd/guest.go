package sshd

import (
	"io"
	"net"
	"net/netip"
	"slices"
	"time"

	"golang.org/x/crypto/ssh"
)

// goodbyeTime is how long a client may take to be told that its session ends.
const goodbyeTime = time.Second

// guest is a connection that is logged in.
type guest struct {
	user    string
	source  netip.AddrPort
	conn    net.Conn
	channel ssh.Channel // of its session, guarded by Server.mu; nil: there is none
}

// enter notes a guest, unless the user was taken away since he came to the door.
func (s *Server) enter(g *guest) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.cfg.Load().has(g.user) {
		return false
	}
	s.guests = append(s.guests, g)
	return true
}

func (s *Server) leave(g *guest) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.guests = slices.DeleteFunc(s.guests, func(o *guest) bool { return o == g })
}

// seat notes the channel of a guest's session.
func (s *Server) seat(g *guest, ch ssh.Channel) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.channel = ch
}

// endOthers ends the connections of users who are not there any more. It waits for none.
func (s *Server) endOthers() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, g := range s.guests {
		if !s.cfg.Load().has(g.user) {
			s.log.Info().Str("user", name(g.user)).Stringer("source", g.source).Msg("session ended: its user was taken away")
			go g.end(g.channel, "User "+name(g.user)+" was taken away: the session ends.")
		}
	}
}

// end tells a client that it is out, and why, on the channel of its session; nil: there is none. One that does not read is not waited for.
func (g *guest) end(ch ssh.Channel, why string) {
	defer g.conn.Close()
	defer time.AfterFunc(goodbyeTime, func() { g.conn.Close() }).Stop()
	if ch != nil {
		_, _ = io.WriteString(ch.Stderr(), "\r\n% "+why+"\r\n")
	}
}

func (c *Config) has(user string) bool {
	return slices.ContainsFunc(c.Users, func(u User) bool { return u.Name == user })
}
