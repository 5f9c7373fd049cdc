package udptest

import (
	"errors"
	"net"
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"

	"seikan/internal/udp"
)

var (
	addrA   = netip.MustParseAddrPort("192.0.2.1:500")
	addrB   = netip.MustParseAddrPort("198.51.100.1:500")
	natA    = netip.MustParseAddrPort("203.0.113.9:1024")
	natA2   = netip.MustParseAddrPort("203.0.113.9:2048")
	nobody  = netip.MustParseAddrPort("203.0.113.77:500")
	timeout = time.Minute
)

// arrival is a datagram and when it came.
type arrival struct {
	data string
	from netip.AddrPort
	at   time.Duration // since the start
}

// send has a socket send texts to an address.
func send(t *testing.T, c udp.Conn, to netip.AddrPort, texts ...string) {
	t.Helper()
	var ms []udp.Message
	for _, s := range texts {
		ms = append(ms, udp.Message{Data: []byte(s), Remote: to})
	}
	if n, err := c.NewWriter().WriteBatch(ms); n != len(ms) || err != nil {
		t.Fatalf("sent %d, %v; want %d", n, err, len(ms))
	}
}

// receive reads what comes until the timeout, and closes the socket then.
func receive(t *testing.T, start time.Time, c udp.Conn) (got []arrival) {
	t.Helper()
	time.AfterFunc(timeout, func() { c.Close() })
	r := c.NewReader()
	for {
		ms := make([]udp.Message, 3)
		n, err := r.ReadBatch(ms)
		if errors.Is(err, net.ErrClosed) {
			return got
		}
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range ms[:n] {
			got = append(got, arrival{string(m.Data), m.Remote, time.Since(start)})
		}
	}
}

func TestNet(t *testing.T) {
	const latency = 20 * time.Millisecond
	for _, test := range []struct {
		name string
		run  func(t *testing.T, n *Net, a, b udp.Conn) // what b then received is compared
		want []arrival
	}{
		{"in order", func(t *testing.T, n *Net, a, b udp.Conn) {
			send(t, a, addrB, "1", "2", "3", "4")
			send(t, a, addrB, "5")
			send(t, a, nobody, "6")
		}, []arrival{{"1", addrA, 0}, {"2", addrA, 0}, {"3", addrA, 0}, {"4", addrA, 0}, {"5", addrA, 0}}},
		{"delay", func(t *testing.T, n *Net, a, b udp.Conn) {
			n.SetDelay(latency)
			send(t, a, addrB, "1")
			time.Sleep(latency / 4)
			send(t, a, addrB, "2", "3")
			n.SetDelay(0)
			send(t, a, addrB, "4")
		}, []arrival{{"1", addrA, latency}, {"2", addrA, latency * 5 / 4}, {"3", addrA, latency * 5 / 4}, {"4", addrA, latency * 5 / 4}}},
		{"filter", func(t *testing.T, n *Net, a, b udp.Conn) {
			n.SetFilter(func(from, to netip.AddrPort, data []byte) bool { return from == addrA && to == addrB && data[0] != '2' })
			send(t, a, addrB, "1", "2", "3")
			n.SetFilter(nil)
			send(t, a, addrB, "2")
		}, []arrival{{"1", addrA, 0}, {"3", addrA, 0}, {"2", addrA, 0}}},
		{"sender behind a NAT", func(t *testing.T, n *Net, a, b udp.Conn) {
			n.Rebind(addrA, natA)
			n.SetFilter(func(from, to netip.AddrPort, data []byte) bool { return from != addrA })
			send(t, a, addrB, "1")
			n.Rebind(addrA, natA2)
			send(t, a, addrB, "2")
			n.SetFilter(nil)
			n.Rebind(addrA, netip.AddrPort{})
			send(t, a, addrB, "3")
		}, []arrival{{"1", natA, 0}, {"2", natA2, 0}, {"3", addrA, 0}}},
		{"receiver behind a NAT", func(t *testing.T, n *Net, a, b udp.Conn) {
			n.Rebind(addrB, natA)
			send(t, a, natA, "1")
			send(t, a, addrB, "lost: nobody sees the inside")
			n.Rebind(addrB, natA2)
			send(t, a, natA, "lost: the NAT has forgotten it")
			send(t, a, natA2, "2")
		}, []arrival{{"1", addrA, 0}, {"2", addrA, 0}}},
	} {
		t.Run(test.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				n, start := NewNet(), time.Now()
				a, b := n.Listen(addrA), n.Listen(addrB)
				defer a.Close()
				go test.run(t, n, a, b)
				if got := receive(t, start, b); !slices.Equal(got, test.want) {
					t.Errorf("got %v, want %v", got, test.want)
				}
				if n.Overflows() != 0 {
					t.Errorf("got %d overflows, want none", n.Overflows())
				}
			})
		})
	}
}

func TestDataIsCopied(t *testing.T) {
	n := NewNet()
	a, b := n.Listen(addrA), n.Listen(addrB)
	data := []byte("0123456789")
	a.NewWriter().WriteBatch([]udp.Message{{Data: data, Remote: addrB}})
	clear(data)
	ms := make([]udp.Message, 1)
	if k, err := b.NewReader().ReadBatch(ms); k != 1 || err != nil || string(ms[0].Data) != "0123456789" {
		t.Errorf("got %d, %v, %q; want what was sent", k, err, ms[0].Data)
	}
	if k, err := b.NewReader().ReadBatch(nil); k != 0 || err != nil {
		t.Errorf("got %d, %v; want nothing", k, err)
	}
}

func TestOverflow(t *testing.T) {
	n := NewNet()
	a := n.Listen(addrA)
	n.Listen(addrB)
	for range queueLen + 5 {
		send(t, a, addrB, "x")
	}
	if got := n.Overflows(); got != 5 {
		t.Errorf("got %d overflows, want 5", got)
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := NewNet()
		c := n.Listen(addrA)
		idle, waiting := make(chan error), make(chan error)
		read := func(result chan error) {
			_, err := c.NewReader().ReadBatch(make([]udp.Message, 1))
			result <- err
		}
		n.SetDelay(time.Hour)
		send(t, c, addrA, "on its way for an hour")
		go read(waiting)
		synctest.Wait()
		go read(idle)
		synctest.Wait()
		c.Close()
		c.Close()
		for _, result := range []chan error{idle, waiting} {
			if err := <-result; !errors.Is(err, net.ErrClosed) {
				t.Errorf("read: got %v, want %v", err, net.ErrClosed)
			}
		}
		if k, err := c.NewWriter().WriteBatch([]udp.Message{{Remote: addrA}}); k != 0 || !errors.Is(err, net.ErrClosed) {
			t.Errorf("write: got %d, %v; want %v", k, err, net.ErrClosed)
		}
		if again := n.Listen(addrA); again.LocalAddr() != addrA {
			t.Errorf("got %v, want the address free again", again.LocalAddr())
		}
	})
}

func TestListenOnTakenAddress(t *testing.T) {
	n := NewNet()
	n.Listen(addrA)
	defer func() {
		if recover() == nil {
			t.Error("got no panic")
		}
	}()
	n.Listen(addrA)
}
