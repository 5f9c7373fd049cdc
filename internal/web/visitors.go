package web

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"sync"
	"time"
)

// visitors is a listener that has so many connections at a time. Where there is one more, the one ends that has waited longest for its client:
// for a request, or for one who may look. Where the router is about to answer all of them, the newest waits.
type visitors struct {
	net.Listener
	max int

	mu     sync.Mutex // guards what follows
	room   sync.Cond
	there  map[*visitor]bool
	closed bool
}

// visitor is a connection of the visitors.
type visitor struct {
	net.Conn
	in    *visitors
	since time.Time // that it waits for its client; zero: it is being answered. Guarded by in.mu
}

func newVisitors(l net.Listener, n int) *visitors {
	c := &visitors{Listener: l, max: n, there: make(map[*visitor]bool)}
	c.room.L = &c.mu
	return c
}

// Accept implements net.Listener.
func (c *visitors) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err != nil {
		return nil, err
	}
	v := &visitor{Conn: conn, in: c, since: time.Now()}
	for {
		leaves, entered := c.enter(v)
		switch {
		case leaves != nil:
			leaves.Close()
		case entered:
			return v, nil
		default:
			conn.Close()
			return nil, net.ErrClosed
		}
	}
}

// enter lets a visitor in, or names the one who is to leave before. Neither: the listener is closed.
func (c *visitors) enter(v *visitor) (leaves *visitor, entered bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for !c.closed && len(c.there) >= c.max {
		for o := range c.there {
			if !o.since.IsZero() && (leaves == nil || o.since.Before(leaves.since)) {
				leaves = o
			}
		}
		if leaves != nil {
			return leaves, false
		}
		c.room.Wait()
	}
	if c.closed {
		return nil, false
	}
	c.there[v] = true
	return nil, true
}

// Close implements net.Listener.
func (c *visitors) Close() error {
	c.mu.Lock()
	c.closed = true
	c.mu.Unlock()
	c.room.Broadcast()
	return c.Listener.Close()
}

// Close implements net.Conn.
func (v *visitor) Close() error {
	v.in.mu.Lock()
	delete(v.in.there, v)
	v.in.mu.Unlock()
	v.in.room.Broadcast()
	return v.Conn.Close()
}

func (v *visitor) waits(since time.Time) {
	v.in.mu.Lock()
	v.since = since
	v.in.mu.Unlock()
	if !since.IsZero() {
		v.in.room.Broadcast()
	}
}

// visitorOf is the visitor behind a connection of the HTTP server.
func visitorOf(c net.Conn) *visitor {
	if t, ok := c.(*tls.Conn); ok {
		c = t.NetConn()
	}
	v, _ := c.(*visitor)
	return v
}

// visitorKey is where a request's context has its visitor.
type visitorKey struct{}

func withVisitor(ctx context.Context, c net.Conn) context.Context {
	return context.WithValue(ctx, visitorKey{}, visitorOf(c))
}

// answered is next for requests of those who may look. Their connections are not closed to make room meanwhile.
func answered(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if v, _ := r.Context().Value(visitorKey{}).(*visitor); v != nil {
			v.waits(time.Time{})
		}
		next.ServeHTTP(w, r)
	})
}

// onState notes connections whose client has had its answer.
func onState(c net.Conn, s http.ConnState) {
	if v := visitorOf(c); v != nil && s == http.StateIdle {
		v.waits(time.Now())
	}
}
