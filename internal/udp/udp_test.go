package udp

import (
	"bytes"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"time"
)

var loopback4 = netip.MustParseAddrPort("127.0.0.1:0")

var loopbacks = []struct{ name, addr string }{{"IPv4", "127.0.0.1"}, {"IPv6", "::1"}}

// each runs a test on every implementation and address family that there is here.
func each(t *testing.T, test func(t *testing.T, listen func(t *testing.T) Conn)) {
	t.Helper()
	for _, portable := range []bool{false, true} {
		for _, lo := range loopbacks {
			t.Run(fmt.Sprintf("portable=%v/%s", portable, lo.name), func(t *testing.T) {
				test(t, func(t *testing.T) Conn { return open(t, lo.addr, Options{Portable: portable}) })
			})
		}
	}
}

// open listens on a free port of a loopback address. The test is skipped where this host has no such address.
func open(t testing.TB, addr string, o Options) Conn {
	t.Helper()
	c, err := Listen(netip.AddrPortFrom(netip.MustParseAddr(addr), 0), o)
	if errors.Is(err, syscall.EADDRNOTAVAIL) || errors.Is(err, syscall.EAFNOSUPPORT) {
		t.Skipf("this host has no %s: %v", addr, err)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { c.Close() })
	return c
}

// numbered makes messages to a socket, that carry their numbers and differ in length.
func numbered(n int, to Conn) []Message {
	ms := make([]Message, n)
	for i := range ms {
		ms[i] = Message{Data: bytes.Repeat([]byte{byte(i)}, i%50), Remote: to.LocalAddr()}
	}
	return ms
}

// receive reads until it has n messages. A test that waits for one that never comes fails when the socket is closed.
func receive(t testing.TB, c Conn, n int) []Message {
	t.Helper()
	guard := time.AfterFunc(10*time.Second, func() { c.Close() })
	defer guard.Stop()
	r, ms, got := c.NewReader(), make([]Message, 8), []Message(nil)
	for len(got) < n {
		k, err := r.ReadBatch(ms)
		if err != nil {
			t.Fatalf("got %d messages, then %v; want %d", len(got), err, n)
		}
		for _, m := range ms[:k] {
			got = append(got, Message{Data: bytes.Clone(m.Data), Remote: m.Remote, TOS: m.TOS})
			for i := range m.Data[:cap(m.Data)] { // they are the reader's, but nobody else's
				m.Data[i] ^= 0xff
			}
		}
	}
	return got
}

func wantMessages(t testing.TB, got, sent []Message, from Conn) {
	t.Helper()
	if len(got) != len(sent) {
		t.Fatalf("got %d messages, want %d", len(got), len(sent))
	}
	for i := range got {
		if !bytes.Equal(got[i].Data, sent[i].Data) {
			t.Errorf("message %d: got %d octets %.40x, want %d octets %.40x", i, len(got[i].Data), got[i].Data, len(sent[i].Data), sent[i].Data)
		}
		if got[i].TOS != sent[i].TOS {
			t.Errorf("message %d: got class of service %#x, want %#x", i, got[i].TOS, sent[i].TOS)
		}
		if got[i].Remote != from.LocalAddr() {
			t.Errorf("message %d: got it from %v, want %v", i, got[i].Remote, from.LocalAddr())
		}
	}
}

func TestBatch(t *testing.T) {
	each(t, func(t *testing.T, listen func(*testing.T) Conn) {
		a, b := listen(t), listen(t)
		w := a.NewWriter()
		for _, n := range []int{1, 3, 200, 7} { // more than the reader has room for; then fewer again
			sent := numbered(n, b)
			if k, err := w.WriteBatch(sent); k != n || err != nil {
				t.Fatalf("sent %d, %v; want %d", k, err, n)
			}
			wantMessages(t, receive(t, b, n), sent, a)
		}
	})
}

func TestBatchBeyondOneCall(t *testing.T) {
	each(t, func(t *testing.T, listen func(*testing.T) Conn) {
		a, b := listen(t), listen(t)
		const n = 2500
		sent := numbered(n, b)
		done := make(chan error, 1)
		go func() {
			k, err := a.NewWriter().WriteBatch(sent)
			if err == nil && k != n {
				err = fmt.Errorf("sent %d, want %d", k, n)
			}
			done <- err
		}()
		got := receive(t, b, n)
		if err := <-done; err != nil {
			t.Fatal(err)
		}
		wantMessages(t, got, sent, a)
	})
}

func TestEmptyBatch(t *testing.T) {
	each(t, func(t *testing.T, listen func(*testing.T) Conn) {
		c := listen(t)
		if n, err := c.NewReader().ReadBatch(nil); n != 0 || err != nil {
			t.Errorf("read: got %d, %v; want nothing", n, err)
		}
		if n, err := c.NewWriter().WriteBatch(nil); n != 0 || err != nil {
			t.Errorf("write: got %d, %v; want nothing", n, err)
		}
	})
}

func TestLongDatagrams(t *testing.T) {
	each(t, func(t *testing.T, listen func(*testing.T) Conn) {
		a, b := listen(t), listen(t)
		longest := 65535 - 8
		if a.LocalAddr().Addr().Is4() {
			longest -= 20
		}
		sent := []Message{{Data: bytes.Repeat([]byte{9}, longest), Remote: b.LocalAddr()}}
		if _, err := a.NewWriter().WriteBatch(sent); err != nil {
			t.Fatal(err)
		}
		wantMessages(t, receive(t, b, 1), sent, a)
	})
}

// TestUnsendable: what cannot be sent is reported and not counted, and stops nothing, wherever it is in the batch.
func TestUnsendable(t *testing.T) {
	each(t, func(t *testing.T, listen func(*testing.T) Conn) {
		a, b := listen(t), listen(t)
		good := Message{Data: []byte("good"), Remote: b.LocalAddr()}
		tooLong := Message{Data: make([]byte, 70000), Remote: b.LocalAddr()}
		other := Message{Data: []byte("other family"), Remote: netip.MustParseAddrPort("[2001:db8::1]:4500")}
		if a.LocalAddr().Addr().Is6() {
			other.Remote = netip.MustParseAddrPort("192.0.2.1:4500")
		}
		nowhere := Message{Data: []byte("no address")}
		for _, test := range []struct {
			name  string
			batch []Message
			want  error // nil: any
		}{
			{"first", []Message{tooLong, good, good}, syscall.EMSGSIZE},
			{"in the middle", []Message{good, tooLong, tooLong, good}, syscall.EMSGSIZE},
			{"last", []Message{good, good, tooLong}, syscall.EMSGSIZE},
			{"first of two reasons", []Message{good, tooLong, other, nowhere, good}, syscall.EMSGSIZE},
			{"other family", []Message{good, other, good}, nil},
			{"no address", []Message{nowhere, good, good}, nil},
			{"port without address", []Message{good, {Data: []byte("?"), Remote: netip.AddrPortFrom(netip.Addr{}, 4500)}, good}, nil},
		} {
			t.Run(test.name, func(t *testing.T) {
				n, err := a.NewWriter().WriteBatch(test.batch)
				if n != 2 || err == nil || test.want != nil && !errors.Is(err, test.want) {
					t.Errorf("sent %d, %v; want 2 and an error, of kind %v", n, err, test.want)
				}
				wantMessages(t, receive(t, b, 2), []Message{good, good}, a)
				for i, m := range test.batch {
					isGood := string(m.Data) == "good" && m.Remote.Addr().IsValid()
					if isGood != (m.Err == nil) || len(m.Data) == len(tooLong.Data) && !errors.Is(m.Err, syscall.EMSGSIZE) {
						t.Errorf("message %d has the error %v", i, m.Err)
					}
				}
			})
		}
	})
}

// TestMappedRemote: the IPv6 form of an IPv4 address is the IPv4 address.
func TestMappedRemote(t *testing.T) {
	for _, portable := range []bool{false, true} {
		a, b := open(t, "127.0.0.1", Options{Portable: portable}), open(t, "127.0.0.1", Options{Portable: portable})
		to := netip.AddrPortFrom(netip.AddrFrom16(b.LocalAddr().Addr().As16()), b.LocalAddr().Port())
		sent := []Message{{Data: []byte("mapped"), Remote: to}}
		if n, err := a.NewWriter().WriteBatch(sent); n != 1 || err != nil {
			t.Fatalf("portable %v: sent %d, %v; want 1", portable, n, err)
		}
		wantMessages(t, receive(t, b, 1), sent, a)
	}
}

func TestClose(t *testing.T) {
	each(t, func(t *testing.T, listen func(*testing.T) Conn) {
		c := listen(t)
		started, read := make(chan struct{}), make(chan error)
		go func() {
			close(started)
			_, err := c.NewReader().ReadBatch(make([]Message, 4))
			read <- err
		}()
		<-started
		if err := c.Close(); err != nil {
			t.Fatal(err)
		}
		if err := <-read; !errors.Is(err, net.ErrClosed) {
			t.Errorf("read: got %v, want %v", err, net.ErrClosed)
		}
		if n, err := c.NewWriter().WriteBatch(numbered(2, c)); n != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("write: got %d, %v; want %v", n, err, net.ErrClosed)
		}
	})
}

func TestListen(t *testing.T) {
	c := open(t, "127.0.0.1", Options{})
	for _, test := range []struct {
		name string
		addr netip.AddrPort
	}{
		{"none", netip.AddrPort{}},
		{"IPv4 wildcard", netip.MustParseAddrPort("0.0.0.0:0")},
		{"IPv6 wildcard", netip.MustParseAddrPort("[::]:0")},
		{"mapped wildcard", netip.MustParseAddrPort("[::ffff:0.0.0.0]:0")},
		{"taken", c.LocalAddr()},
		{"not of this host", netip.MustParseAddrPort("198.18.255.254:0")},
	} {
		t.Run(test.name, func(t *testing.T) {
			if c, err := Listen(test.addr, Options{}); err == nil {
				c.Close()
				t.Error("got no error")
			}
		})
	}
}

// TestAllocs: a batch allocates nothing in either direction.
func TestAllocs(t *testing.T) {
	each(t, func(t *testing.T, listen func(*testing.T) Conn) {
		a, b := listen(t), listen(t)
		w, r := a.NewWriter(), b.NewReader()
		sent, got := numbered(32, b), make([]Message, 32)
		allocs := testing.AllocsPerRun(100, func() {
			if n, err := w.WriteBatch(sent); n != len(sent) || err != nil {
				t.Fatalf("sent %d, %v; want %d", n, err, len(sent))
			}
			for left := len(sent); left > 0; {
				n, err := r.ReadBatch(got[:left])
				if err != nil {
					t.Fatal(err)
				}
				left -= n
			}
		})
		if allocs != 0 {
			t.Errorf("got %v allocations a batch, want 0", allocs)
		}
	})
}
