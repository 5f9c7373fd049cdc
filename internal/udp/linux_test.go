//go:build linux

package udp

import (
	"errors"
	"net"
	"os"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// option reads a socket's option of level SOL_SOCKET.
func option(t *testing.T, c *net.UDPConn, name int) (value int) {
	t.Helper()
	raw, err := c.SyscallConn()
	if err != nil {
		t.Fatal(err)
	}
	if e := raw.Control(func(fd uintptr) { value, err = unix.GetsockoptInt(int(fd), unix.SOL_SOCKET, name) }); e != nil || err != nil {
		t.Fatal(e, err)
	}
	return value
}

// TestReadBatchTakesSeveral: what is there already comes in one call.
func TestReadBatchTakesSeveral(t *testing.T) {
	for _, lo := range loopbacks {
		t.Run(lo.name, func(t *testing.T) {
			a, b := open(t, lo.addr, Options{}), open(t, lo.addr, Options{})
			sent := numbered(20, b)
			if _, err := a.NewWriter().WriteBatch(sent); err != nil {
				t.Fatal(err)
			}
			ms := make([]Message, 12)
			r := b.NewReader()
			for _, want := range [][]Message{sent[:12], sent[12:16], sent[16:]} {
				n, err := r.ReadBatch(ms)
				if err != nil {
					t.Fatal(err)
				}
				wantMessages(t, ms[:n], want, a)
			}
		})
	}
}

func TestMark(t *testing.T) {
	const mark = 0x4500
	for _, portable := range []bool{false, true} {
		c, err := Listen(loopback4, Options{Mark: mark, Portable: portable})
		if errors.Is(err, syscall.EPERM) {
			t.Skipf("needs the right to mark packets: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close()
		if got := option(t, udpConn(c), unix.SO_MARK); got != mark {
			t.Errorf("portable %v: got mark %#x, want %#x", portable, got, mark)
		}
	}
}

func TestBuffers(t *testing.T) {
	plain, err := net.ListenUDP("udp4", net.UDPAddrFromAddrPort(loopback4))
	if err != nil {
		t.Fatal(err)
	}
	defer plain.Close()
	recv, send := option(t, plain, unix.SO_RCVBUF), option(t, plain, unix.SO_SNDBUF)
	for _, test := range []struct {
		name       string
		opts       Options
		recv, send int // at least
		exact      bool
	}{
		{"system's", Options{RecvBuffer: -1, SendBuffer: -1}, recv, send, true},
		{"small", Options{RecvBuffer: 64 << 10, SendBuffer: 32 << 10}, 128 << 10, 64 << 10, true}, // the kernel doubles what it is told
		{"default", Options{}, recv, send, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			if test.name == "default" && os.Geteuid() == 0 {
				test.recv, test.send, test.exact = 2*defaultBuffer, 2*defaultBuffer, true
			}
			c, err := Listen(loopback4, test.opts)
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			got, gotSend := option(t, udpConn(c), unix.SO_RCVBUF), option(t, udpConn(c), unix.SO_SNDBUF)
			if got < test.recv || gotSend < test.send || test.exact && (got != test.recv || gotSend != test.send) {
				t.Errorf("got %d and %d octets, want %d and %d, exactly: %v", got, gotSend, test.recv, test.send, test.exact)
			}
		})
	}
}

// udpConn is the socket of package net behind a Conn.
func udpConn(c Conn) *net.UDPConn {
	if p, ok := c.(portable); ok {
		return p.conn
	}
	return c.(*linuxConn).conn.(*net.UDPConn)
}
