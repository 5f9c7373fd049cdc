package cli

import (
	"net"
	"sync"
	"time"
)

// crowd is the connections there are. It may be used by several goroutines.
type crowd struct {
	mu   sync.Mutex // guards what follows, and since of each
	list map[*client]bool
}

// client is a connection that knows whether the server waits for the other end.
type client struct {
	net.Conn
	in    *crowd
	since time.Time // that it waits; zero: it does not
}

func (c *crowd) add(conn net.Conn) *client {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.list == nil {
		c.list = make(map[*client]bool)
	}
	l := &client{Conn: conn, in: c}
	c.list[l] = true
	return l
}

func (c *crowd) remove(l *client) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.list, l)
}

// thin ends the connection that has waited longest, if that was long.
func (c *crowd) thin(now time.Time) {
	c.mu.Lock()
	var longest *client
	for l := range c.list {
		if !l.since.IsZero() && (longest == nil || l.since.Before(longest.since)) {
			longest = l
		}
	}
	late := longest != nil && now.Sub(longest.since) >= crowdTime
	c.mu.Unlock()
	if late {
		longest.Close()
	}
}

func (l *client) waits(since time.Time) {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	l.since = since
}

func (l *client) Read(b []byte) (int, error) {
	l.waits(time.Now())
	defer l.waits(time.Time{})
	return l.Conn.Read(b)
}

func (l *client) Write(b []byte) (int, error) {
	l.waits(time.Now())
	defer l.waits(time.Time{})
	return l.Conn.Write(b)
}
