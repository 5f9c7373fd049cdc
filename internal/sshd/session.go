package sshd

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/ssh"
)

// connection logs a client in and serves its session.
func (s *Server) connection(ctx context.Context, conn net.Conn, source netip.AddrPort) {
	cfg := s.cfg.Load()
	if conn.SetDeadline(time.Now().Add(cfg.LoginTime)) != nil {
		return
	}
	l := &login{Server: s, cfg: cfg, source: source, done: ctx.Done()}
	c, channels, requests, err := ssh.NewServerConn(conn, l.server())
	if err != nil {
		return // a wrong password was logged; others have not come far enough to be anybody
	}
	var sessions sync.WaitGroup
	defer sessions.Wait()
	defer c.Close()
	user, found := l.find(c.User())
	if !found || conn.SetDeadline(time.Time{}) != nil {
		return
	}
	g := &guest{user: user.Name, source: source, conn: conn}
	if !s.enter(g) {
		return
	}
	defer s.leave(g)
	s.log.Info().Str("user", name(user.Name)).Stringer("source", source).
		Msg(fmt.Sprintf("%%SEC_LOGIN-5-LOGIN_SUCCESS: Login Success [user: %s] [Source: %v]", name(user.Name), source.Addr()))
	go ssh.DiscardRequests(requests)
	one := make(chan struct{}, 1) // a connection has one session at a time
	idle := s.watch(conn, cfg.IdleTime)
	defer idle.stop()
	for n := range channels {
		if n.ChannelType() != "session" {
			_ = n.Reject(ssh.UnknownChannelType, "only sessions")
			continue
		}
		select {
		case one <- struct{}{}:
		default:
			_ = n.Reject(ssh.ResourceShortage, "one session at a time")
			continue
		}
		if !s.begin(cfg.Sessions) {
			_ = n.Reject(ssh.ResourceShortage, "too many sessions")
			<-one
			continue
		}
		ch, requests, err := n.Accept()
		if err != nil {
			s.end()
			return
		}
		s.seat(g, ch)
		sessions.Go(func() {
			defer func() { s.end(); <-one }()
			t := &terminal{channel: ch, session: Session{User: user, Source: source, In: idle.reader(ch), Out: ch}}
			t.session.Size, t.session.End = t.size, func(why string) { go g.end(ch, why) }
			t.serve(ctx, requests, s.handle)
		})
	}
}

// idler ends a connection in which nothing is typed.
type idler struct {
	after time.Duration
	timer *time.Timer // nil: there is no limit
}

func (s *Server) watch(conn net.Conn, after time.Duration) idler {
	if after == 0 {
		return idler{}
	}
	return idler{after, time.AfterFunc(after, func() { conn.Close() })}
}

func (i idler) stop() {
	if i.timer != nil {
		i.timer.Stop()
	}
}

// reader is r, whose octets begin the time anew.
func (i idler) reader(r io.Reader) io.Reader {
	if i.timer == nil {
		return r
	}
	return readerFunc(func(b []byte) (int, error) {
		n, err := r.Read(b)
		if n > 0 {
			i.timer.Reset(i.after)
		}
		return n, err
	})
}

type readerFunc func([]byte) (int, error)

func (f readerFunc) Read(b []byte) (int, error) { return f(b) }

// terminal is a session's channel. Its requests and its session are two goroutines.
type terminal struct {
	channel ssh.Channel
	session Session
	dims    atomic.Uint64 // width and height, 32 bits each
}

var errNoPTY = errors.New("sshd: no terminal")

func (t *terminal) size() (width, height int, err error) {
	d := t.dims.Load()
	if d == 0 {
		return 0, 0, errNoPTY
	}
	return int(d >> 32), int(uint32(d)), nil
}

// serve answers requests, and runs the session that one of them begins. It returns when the channel is closed and the session over.
func (t *terminal) serve(ctx context.Context, requests <-chan *ssh.Request, handle Handler) {
	defer t.channel.Close()
	var over chan struct{}
	for r := range requests {
		ok, begins := false, false
		switch r.Type {
		case "pty-req":
			var p struct {
				Term          string
				Width, Height uint32
				Rest          []byte `ssh:"rest"`
			}
			if ok = over == nil && ssh.Unmarshal(r.Payload, &p) == nil; ok {
				t.session.PTY = true
				t.resize(p.Width, p.Height)
			}
		case "window-change":
			if ok = len(r.Payload) >= 8; ok {
				t.resize(binary.BigEndian.Uint32(r.Payload), binary.BigEndian.Uint32(r.Payload[4:]))
			}
		case "shell", "exec":
			var p struct{ Command string }
			if over != nil || r.Type == "exec" && ssh.Unmarshal(r.Payload, &p) != nil {
				break
			}
			ok, begins = true, true
			t.session.Command = p.Command
		}
		if r.WantReply {
			_ = r.Reply(ok, nil)
		}
		if begins { // behind the answer: the session may end, and close the channel, at once
			over = make(chan struct{})
			go func() {
				defer close(over)
				t.run(ctx, handle)
			}()
		}
	}
	if over != nil {
		<-over
	}
}

// resize takes the size of the client's terminal, if it makes sense.
func (t *terminal) resize(width, height uint32) {
	const most = 1000
	if width > 0 && height > 0 {
		t.dims.Store(uint64(min(width, most))<<32 | uint64(min(height, most)))
	}
}

// run runs the session and tells the client how it went.
func (t *terminal) run(ctx context.Context, handle Handler) {
	status := uint32(0)
	if err := handle(ctx, t.session); err != nil {
		status = 1
	}
	_, _ = t.channel.SendRequest("exit-status", false, binary.BigEndian.AppendUint32(nil, status))
	t.channel.Close()
}
