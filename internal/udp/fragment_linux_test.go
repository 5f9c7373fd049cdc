package udp

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"os"
	"slices"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// marker is in the packets that flags looks at: a raw socket gets those of others as well.
var marker = []byte("may this be fragmented?")

// flags are the flags DF of n IPv4 packets of a protocol, with the marker, that come to an address while send runs.
func flags(t *testing.T, proto int, addr string, n int, send func()) (list []bool) {
	t.Helper()
	fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, proto)
	if err != nil {
		t.Fatal(err)
	}
	defer unix.Close(fd)
	if err := unix.Bind(fd, &unix.SockaddrInet4{Addr: netip.MustParseAddr(addr).As4()}); err != nil {
		t.Fatal(err)
	}
	wait := unix.NsecToTimeval(int64(5 * time.Second))
	if err := unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &wait); err != nil {
		t.Fatal(err)
	}
	send()
	b := make([]byte, 1<<16)
	for len(list) < n {
		k, err := unix.Read(fd, b)
		if err != nil || k < 20 {
			t.Fatalf("after %d packets: %d octets, %v", len(list), k, err)
		}
		if bytes.Contains(b[:k], marker) {
			list = append(list, binary.BigEndian.Uint16(b[6:])&0x4000 != 0)
		}
	}
	return list
}

// Each message leaves with the flag DF that it asks for, in order, in UDP and bare, from a socket that is alone or of a group; nothing that
// comes is lost to the sockets behind.
func TestMayFragment(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("raw sockets need root")
	}
	const addr, to = "127.0.3.4", "127.0.3.5"
	listen := func(t *testing.T, at string, n int, o Options) []Conn {
		t.Helper()
		var group []Conn
		if n == 0 {
			c, err := ListenESP(netip.MustParseAddr(at), o)
			if err != nil {
				t.Fatal(err)
			}
			group = []Conn{c}
		} else {
			var err error
			if group, err = ListenGroup(netip.AddrPortFrom(netip.MustParseAddr(at), 0), n, o); err != nil {
				t.Fatal(err)
			}
		}
		for _, c := range group {
			t.Cleanup(func() { c.Close() })
		}
		return group
	}
	for _, tt := range []struct {
		name  string
		proto int
		n     int // of the group; 0: bare
		o     Options
		want  func(may bool) bool
	}{
		{"alone", unix.IPPROTO_UDP, 1, Options{MayFragment: true}, func(may bool) bool { return !may }},
		{"group", unix.IPPROTO_UDP, 3, Options{MayFragment: true}, func(may bool) bool { return !may }},
		{"bare", unix.IPPROTO_ESP, 0, Options{MayFragment: true}, func(may bool) bool { return !may }},
		{"not asked for", unix.IPPROTO_UDP, 1, Options{}, func(bool) bool { return true }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			from, there := listen(t, addr, tt.n, tt.o), listen(t, to, min(tt.n, 1), Options{})[0]
			for _, c := range from {
				var sent []Message
				var want []bool
				for i := range 24 {
					may := i/3%2 == 1
					data := make([]byte, 100+i) // so that none go together
					data[7] = byte(i)
					copy(data[8:], marker)
					sent = append(sent, Message{Data: data, Remote: there.LocalAddr(), MayFragment: may})
					want = append(want, tt.want(may))
				}
				w := c.NewWriter()
				got := flags(t, tt.proto, to, len(sent), func() {
					if n, err := w.WriteBatch(sent); n != len(sent) || err != nil {
						t.Fatalf("sent %d of %d, %v", n, len(sent), err)
					}
				})
				if !slices.Equal(got, want) {
					t.Errorf("got DF %v, want %v", got, want)
				}
				for i := range sent {
					sent[i].MayFragment = false // a receiver is not told
				}
				wantMessages(t, receive(t, there, len(sent)), sent, c)
			}
			for spi := range uint32(12) {
				data := binary.BigEndian.AppendUint32(nil, spi)
				back := []Message{{Data: append(data, 1, 2, 3, 4), Remote: from[0].LocalAddr()}}
				if _, err := there.NewWriter().WriteBatch(back); err != nil {
					t.Fatal(err)
				}
				wantMessages(t, receive(t, from[int(spi)%len(from)], 1), back, there)
			}
		})
	}
}

// The second socket gets nothing, from the moment on that it is there: nobody reads it.
func TestMayFragmentLosesNothing(t *testing.T) {
	probe := open(t, "127.0.0.1", Options{})
	at := probe.LocalAddr()
	probe.Close()
	var writers []Writer // of several ports, as the kernel would choose by them
	for range 8 {
		writers = append(writers, open(t, "127.0.0.1", Options{}).NewWriter())
	}
	stop, stopped := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(stopped)
		ms := []Message{{Data: make([]byte, 8), Remote: at}}
		for i := 0; ; i++ {
			select {
			case <-stop:
				return
			default:
				writers[i%len(writers)].WriteBatch(ms) // which is refused while nobody is there
			}
		}
	}()
	for round := range 300 {
		group, err := ListenGroup(at, 1+round%2, Options{MayFragment: true})
		if err != nil {
			t.Fatal(err)
		}
		for i, c := range group {
			loose := c.(*linuxConn).loose
			err := loose.raw.Control(func(fd uintptr) {
				if n, _, err := unix.Recvfrom(int(fd), make([]byte, 100), unix.MSG_DONTWAIT); err != unix.EAGAIN {
					t.Errorf("round %d: the second socket beside %d of %d got %d octets, %v", round, i, len(group), n, err)
				}
			})
			if err != nil {
				t.Error(err)
			}
		}
		for _, c := range group { // only now: where one is gone the others are chosen otherwise
			c.Close()
		}
	}
	close(stop)
	<-stopped
}

// A kernel that cannot steer datagrams to the sockets of a group has one socket, without the second one, and says so.
func TestListenGroupUnsteered(t *testing.T) {
	for _, n := range []int{1, 3} {
		var said []error
		o := Options{MayFragment: true, Unsteered: func(err error) { said = append(said, err) }, steer: func(syscall.RawConn, int) error { return unix.ENOPROTOOPT }}
		group, err := ListenGroup(loopback4, n, o)
		if err != nil {
			t.Fatal(err)
		}
		c := group[0]
		t.Cleanup(func() { c.Close() })
		if len(group) != 1 || c.(*linuxConn).loose != nil || len(said) != 1 || !errors.Is(said[0], unix.ENOPROTOOPT) {
			t.Errorf("a group of %d: got %d sockets, the second one %v, said %v", n, len(group), c.(*linuxConn).loose, said)
		}
		from := open(t, "127.0.0.1", Options{})
		ms := []Message{{Data: make([]byte, 40), Remote: c.LocalAddr(), MayFragment: true}}
		if n, err := from.NewWriter().WriteBatch(ms); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		receive(t, c, 1)
		ms[0].Remote = from.LocalAddr()
		if n, err := c.NewWriter().WriteBatch(ms); n != 1 || err != nil {
			t.Fatal(n, err)
		}
		receive(t, from, 1)
		if _, err := ListenGroup(c.LocalAddr(), n, Options{}); err == nil {
			t.Error("its address was given away")
		}
	}
}

// The second socket of bare ESP gets nothing, at an address of this host and at one that may come.
func TestMayFragmentDeaf(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("raw sockets need root")
	}
	for name, addr := range map[string]netip.Addr{"here": netip.MustParseAddr("127.0.3.6"), "absent": netip.MustParseAddr("192.0.2.77")} {
		t.Run(name, func(t *testing.T) {
			c, err := ListenESP(addr, Options{MayFragment: true, Absent: true})
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			if name == "absent" {
				return // nothing can come to it in a test
			}
			from, err := ListenESP(netip.MustParseAddr("127.0.3.7"), Options{})
			if err != nil {
				t.Fatal(err)
			}
			defer from.Close()
			ms := []Message{{Data: make([]byte, 40), Remote: c.LocalAddr()}}
			if _, err := from.NewWriter().WriteBatch(ms); err != nil {
				t.Fatal(err)
			}
			receive(t, c, 1)
			loose := c.(*linuxConn).loose
			time.AfterFunc(50*time.Millisecond, func() { loose.Close() })
			if n, err := loose.NewReader().ReadBatch(ms); n != 0 || err == nil {
				t.Errorf("got %d messages, %v", n, err)
			}
		})
	}
}

// What cannot be sent has its error at its place, and the rest goes; a batch of both kinds costs nothing.
func TestMayFragmentErrors(t *testing.T) {
	group, err := ListenGroup(loopback4, 1, Options{MayFragment: true})
	if err != nil {
		t.Fatal(err)
	}
	c := group[0]
	to := open(t, "127.0.0.1", Options{})
	ms := []Message{
		{Data: make([]byte, 9), Remote: to.LocalAddr()},
		{Data: make([]byte, 9), Remote: netip.MustParseAddrPort("[::1]:9"), MayFragment: true},
		{Data: make([]byte, 9), Remote: to.LocalAddr(), MayFragment: true},
		{Data: make([]byte, 9), Remote: netip.MustParseAddrPort("[::1]:9")},
	}
	w := c.NewWriter()
	n, err := w.WriteBatch(ms)
	if n != 2 || err == nil || ms[0].Err != nil || ms[1].Err == nil || ms[2].Err != nil || ms[3].Err == nil {
		t.Errorf("sent %d, %v: %+v", n, err, ms)
	}
	good := []Message{ms[0], ms[2]}
	if n := testing.AllocsPerRun(100, func() { w.WriteBatch(good) }); n != 0 {
		t.Errorf("%v allocations, want none", n)
	}
	loose := c.(*linuxConn).loose
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if n, err := w.WriteBatch(good); n != 0 || err == nil {
		t.Errorf("closed: sent %d, %v", n, err)
	}
	if err := loose.Close(); err == nil {
		t.Error("the second socket was still open")
	}
}
