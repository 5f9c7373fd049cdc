package ping

import (
	"context"
	"errors"
	"net"
	"net/netip"
	"os"
	"slices"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
	"golang.org/x/net/ipv6"

	"seikan/internal/netns/netnstest"
)

var (
	here4, there4 = netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.2")
	here6, there6 = netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")
)

// wire is a socket at a host that answers each request as its script says.
type wire struct {
	t       *testing.T
	request Request
	script  []func(echo []byte) (answer []byte, from netip.Addr, after time.Duration, err error)
	sent    [][]byte
	come    chan packet
	mu      sync.Mutex // guards until
	until   time.Time
	wake    chan struct{}
}

type packet struct {
	data []byte
	from netip.Addr
}

func (w *wire) WriteTo(b []byte, to net.Addr) (int, error) {
	if addrOf(to) != w.request.To {
		w.t.Errorf("sent to %v, want %v", to, w.request.To)
	}
	w.sent = append(w.sent, slices.Clone(b))
	answer, from, after, err := w.script[(len(w.sent)-1)%len(w.script)](b)
	if answer != nil {
		time.AfterFunc(after, func() { w.come <- packet{answer, from} })
	}
	return len(b), err
}

func (w *wire) ReadFrom(b []byte) (int, net.Addr, error) {
	for {
		w.mu.Lock()
		timer := time.NewTimer(time.Until(w.until))
		w.mu.Unlock()
		select {
		case p := <-w.come:
			timer.Stop()
			return copy(b, p.data), &net.IPAddr{IP: p.from.AsSlice()}, nil
		case <-timer.C:
			return 0, nil, os.ErrDeadlineExceeded
		case <-w.wake:
		}
	}
}

func (w *wire) SetReadDeadline(t time.Time) error {
	w.mu.Lock()
	w.until = t
	w.mu.Unlock()
	if t.Before(time.Now()) {
		w.wake <- struct{}{}
	}
	return nil
}

func (w *wire) Close() error                     { return nil }
func (w *wire) LocalAddr() net.Addr              { return &net.IPAddr{} }
func (w *wire) SetDeadline(time.Time) error      { return nil }
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// marshal is a message of an ICMP whose checksum is right.
func marshal(t *testing.T, m icmp.Message) []byte {
	t.Helper()
	b, err := m.Marshal(nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// reply is the answer to an echo.
func reply(t *testing.T, echo []byte) []byte {
	m, err := icmp.ParseMessage(protocolICMP, echo)
	if err != nil {
		t.Fatal(err)
	}
	m.Type = ipv4.ICMPTypeEchoReply
	return marshal(t, *m)
}

// inner4 and inner6 are the beginning of a request's datagram.
func inner4(echo []byte, options int) []byte {
	h := make([]byte, headerIPv4+4*options)
	h[0] = 0x45 + byte(options)
	h[9] = protocolICMP
	copy(h[16:], there4.AsSlice())
	return append(h, echo[:headerEcho]...)
}

func inner6(echo []byte) []byte {
	h := make([]byte, headerIPv6)
	h[0], h[6] = 0x60, protocolICMPv6
	copy(h[24:], there6.AsSlice())
	return append(h, echo[:headerEcho]...)
}

func TestRun(t *testing.T) {
	type answer = func(echo []byte) ([]byte, netip.Addr, time.Duration, error)
	r := Request{To: there4, Count: 1, Size: 100, Timeout: 2 * time.Second}
	for _, tt := range []struct {
		name   string
		count  int
		script []answer
		want   []Result
		took   time.Duration
	}{
		{"replies", 2, []answer{
			func(e []byte) ([]byte, netip.Addr, time.Duration, error) {
				return reply(t, e), there4, 3 * time.Millisecond, nil
			},
		}, []Result{{Reply, 3 * time.Millisecond}, {Reply, 3 * time.Millisecond}}, 6 * time.Millisecond},
		{"silence", 2, []answer{
			func([]byte) ([]byte, netip.Addr, time.Duration, error) { return nil, there4, 0, nil },
		}, []Result{{Timeout, 0}, {Timeout, 0}}, 4 * time.Second},
		{"a reply that is late is not that of the next", 2, []answer{
			func(e []byte) ([]byte, netip.Addr, time.Duration, error) {
				return reply(t, e), there4, 3 * time.Second, nil
			},
			func([]byte) ([]byte, netip.Addr, time.Duration, error) { return nil, there4, 0, nil },
		}, []Result{{Timeout, 0}, {Timeout, 0}}, 4 * time.Second},
		{"a reply of another host", 1, []answer{
			func(e []byte) ([]byte, netip.Addr, time.Duration, error) { return reply(t, e), here4, 0, nil },
		}, []Result{{Timeout, 0}}, 2 * time.Second},
		{"our own request", 1, []answer{
			func(e []byte) ([]byte, netip.Addr, time.Duration, error) { return slices.Clone(e), there4, 0, nil },
		}, []Result{{Timeout, 0}}, 2 * time.Second},
		{"too big for us", 1, []answer{
			func([]byte) ([]byte, netip.Addr, time.Duration, error) { return nil, there4, 0, syscall.EMSGSIZE },
		}, []Result{{TooBig, 0}}, 0},
		{"no way for us", 2, []answer{
			func([]byte) ([]byte, netip.Addr, time.Duration, error) { return nil, there4, 0, syscall.ENETUNREACH },
			func([]byte) ([]byte, netip.Addr, time.Duration, error) { return nil, there4, 0, syscall.EHOSTUNREACH },
		}, []Result{{NoRoute, 0}, {HostUnreachable, 0}}, 0},
		{"an error on the way", 1, []answer{
			func(e []byte) ([]byte, netip.Addr, time.Duration, error) {
				m := icmp.Message{Type: ipv4.ICMPTypeDestinationUnreachable, Code: 1, Body: &icmp.DstUnreach{Data: inner4(e, 0)}}
				return marshal(t, m), here4, time.Millisecond, nil
			},
		}, []Result{{Unreachable, time.Millisecond}}, time.Millisecond},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				r := r
				r.Count = tt.count
				w := &wire{t: t, request: r, script: tt.script, come: make(chan packet, 10), wake: make(chan struct{}, 1)}
				var got []Result
				start := time.Now()
				if err := run(t.Context(), w, r, func(r Result) error { got = append(got, r); return nil }); err != nil {
					t.Fatal(err)
				}
				if took := time.Since(start); !slices.Equal(got, tt.want) || took != tt.took {
					t.Errorf("got %v in %v, want %v in %v", got, took, tt.want, tt.took)
				}
				for _, b := range w.sent {
					if len(b) != r.Size-headerIPv4 {
						t.Errorf("sent %d octets, want %d", len(b), r.Size-headerIPv4)
					}
				}
				time.Sleep(10 * time.Second) // what is on its way arrives
			})
		})
	}
}

// The end of the context ends a wait at once.
func TestRunEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		r := Request{To: there4, Count: 100, Size: 100, Timeout: time.Minute}
		w := &wire{t: t, request: r, come: make(chan packet), wake: make(chan struct{}, 1)}
		w.script = append(w.script, func([]byte) ([]byte, netip.Addr, time.Duration, error) { return nil, there4, 0, nil })
		ctx, cancel := context.WithCancel(t.Context())
		time.AfterFunc(90*time.Second, cancel)
		start, results := time.Now(), 0
		err := run(ctx, w, r, func(Result) error { results++; return nil })
		if took := time.Since(start); err != nil || results != 1 || took != 90*time.Second {
			t.Errorf("%d results in %v, %v; want 1 in 90 s", results, took, err)
		}
		stop := errors.New("stop")
		w.script[0] = func([]byte) ([]byte, netip.Addr, time.Duration, error) { return nil, there4, 0, syscall.EMSGSIZE }
		if err := run(t.Context(), w, r, func(Result) error { return stop }); err != stop {
			t.Errorf("got %v, want %v", err, stop)
		}
	})
}

// Each error, in the words of its family; and what is not about our request.
func TestJudge(t *testing.T) {
	const id, seq = 7, 9
	r4, r6 := Request{To: there4, Size: 100}, Request{To: there6, Size: 100}
	echo4, err4 := r4.echo(id, seq)
	echo6, err6 := r6.echo(id, seq)
	if err := errors.Join(err4, err6); err != nil {
		t.Fatal(err)
	}
	if len(echo6) != 60 {
		t.Errorf("an echo of ICMPv6 has %d octets, want 60", len(echo6))
	}
	other, err := r4.echo(id, seq+1)
	if err != nil {
		t.Fatal(err)
	}
	in4, in6 := inner4(echo4, 0), inner6(echo6)
	elsewhere := slices.Clone(in4)
	elsewhere[19]++
	unreach := func(code int, inner []byte) icmp.Message {
		return icmp.Message{Type: ipv4.ICMPTypeDestinationUnreachable, Code: code, Body: &icmp.DstUnreach{Data: inner}}
	}
	unreach6 := func(code int) icmp.Message {
		return icmp.Message{Type: ipv6.ICMPTypeDestinationUnreachable, Code: code, Body: &icmp.DstUnreach{Data: in6}}
	}
	for _, tt := range []struct {
		name string
		r    Request
		m    icmp.Message
		want Answer
		ok   bool
	}{
		{"net unreachable", r4, unreach(0, in4), Unreachable, true},
		{"behind options", r4, unreach(1, inner4(echo4, 2)), Unreachable, true},
		{"fragmentation needed", r4, unreach(4, in4), TooBig, true},
		{"another's", r4, unreach(1, inner4(other, 0)), 0, false},
		{"elsewhere", r4, unreach(1, elsewhere), 0, false},
		{"cut off", r4, unreach(1, in4[:24]), 0, false},
		{"nothing", r4, unreach(1, nil), 0, false},
		{"time exceeded", r4, icmp.Message{Type: ipv4.ICMPTypeTimeExceeded, Body: &icmp.TimeExceeded{Data: in4}}, TimeExceeded, true},
		{"parameter problem", r4, icmp.Message{Type: ipv4.ICMPTypeParameterProblem, Body: &icmp.ParamProb{Data: in4}}, ParamProblem, true},
		{"source quench", r4, icmp.Message{Type: sourceQuench, Body: &icmp.RawBody{Data: append(make([]byte, 4), in4...)}}, SourceQuench, true},
		{"short source quench", r4, icmp.Message{Type: sourceQuench, Body: &icmp.RawBody{Data: make([]byte, 3)}}, 0, false},
		{"timestamp", r4, icmp.Message{Type: ipv4.ICMPTypeTimestamp, Body: &icmp.RawBody{Data: make([]byte, 16)}}, 0, false},
		{"IPv6 no route", r6, unreach6(0), NoRoute, true},
		{"IPv6 prohibited", r6, unreach6(1), Prohibited, true},
		{"IPv6 scope", r6, unreach6(2), BeyondScope, true},
		{"IPv6 host", r6, unreach6(3), HostUnreachable, true},
		{"IPv6 port", r6, unreach6(4), PortUnreachable, true},
		{"IPv6 other", r6, unreach6(5), Unreachable, true},
		{"IPv6 too big", r6, icmp.Message{Type: ipv6.ICMPTypePacketTooBig, Body: &icmp.PacketTooBig{MTU: 1280, Data: in6}}, TooBig, true},
		{"IPv6 time exceeded", r6, icmp.Message{Type: ipv6.ICMPTypeTimeExceeded, Body: &icmp.TimeExceeded{Data: in6}}, TimeExceeded, true},
		{"IPv6 parameter problem", r6, icmp.Message{Type: ipv6.ICMPTypeParameterProblem, Body: &icmp.ParamProb{Data: in6}}, ParamProblem, true},
		{"IPv6 neighbour", r6, icmp.Message{Type: ipv6.ICMPTypeNeighborSolicitation, Body: &icmp.RawBody{Data: make([]byte, 20)}}, 0, false},
	} {
		from := here4
		if tt.r.To.Is6() {
			from = here6
		}
		if got, ok := tt.r.judge(marshal(t, tt.m), from, id, seq); got != tt.want && ok || ok != tt.ok {
			t.Errorf("%s: got %v, %v, want %v, %v", tt.name, got, ok, tt.want, tt.ok)
		}
	}
}

func TestCheck(t *testing.T) {
	good := Request{To: there6, Count: 1, Size: 48, Timeout: time.Second}
	if err := good.check(); err != nil {
		t.Error(err)
	}
	for name, change := range map[string]func(*Request){
		"no destination": func(r *Request) { r.To = netip.Addr{} }, "families": func(r *Request) { r.From = here4 },
		"none": func(r *Request) { r.Count = 0 }, "too many": func(r *Request) { r.Count = MaxCount + 1 },
		"small": func(r *Request) { r.Size = 47 }, "large": func(r *Request) { r.Size = MaxSize + 1 },
		"at once": func(r *Request) { r.Timeout = 0 }, "long": func(r *Request) { r.Timeout = MaxTimeout + 1 },
	} {
		r := good
		change(&r)
		if err := Run(t.Context(), r, nil); err == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// This host answers over its loopback, in both families, up to the largest size; what does not fit its MTU and may not be fragmented does not.
func TestLoopback(t *testing.T) {
	for _, tt := range []struct {
		to   string
		size int
		df   bool
	}{{"127.0.0.1", 36, false}, {"127.0.0.1", MaxSize, false}, {"127.0.0.1", 1500, true}, {"::1", 48, false}, {"::1", MaxSize, true}} {
		r := Request{To: netip.MustParseAddr(tt.to), From: netip.MustParseAddr(tt.to), Count: 3, Size: tt.size, Timeout: 5 * time.Second, DontFragment: tt.df}
		replies := 0
		err := Run(t.Context(), r, func(r Result) error {
			if r.Answer == Reply && r.Time > 0 {
				replies++
			}
			return nil
		})
		switch {
		case errors.Is(err, os.ErrPermission), errors.Is(err, syscall.EADDRNOTAVAIL):
			t.Skipf("%s: %v", tt.to, err)
		case err != nil || replies != r.Count:
			t.Errorf("%s, %d octets: %d replies, %v, want %d", tt.to, tt.size, replies, err, r.Count)
		}
	}
}

// An address of a network namespace answers there, and only there; a zone is a name of that namespace.
func TestNamespace(t *testing.T) {
	ns, only := netnstest.New(t), "198.51.100.77"
	netnstest.IP(t, "-n", ns, "link", "add", "inside0", "type", "veth", "peer", "name", "inside1")
	netnstest.IP(t, "-n", ns, "link", "set", "inside1", "up")
	netnstest.IP(t, "-n", ns, "link", "set", "inside0", "up")
	netnstest.IP(t, "-n", ns, "address", "add", only+"/32", "dev", "inside0")
	netnstest.IP(t, "-n", ns, "address", "add", "fe80::77/64", "dev", "inside0", "nodad")
	for _, tt := range []struct {
		netns, to, from string
		want            int // replies; -1: an error
	}{
		{ns, only, only, 2},
		{ns, "fe80::77%inside0", "fe80::77%inside0", 2},
		{ns, "fe80::77%inside0", "", 2},
		{"", only, only, -1},
		{"", "fe80::77%inside0", "", -1},
		{"no-such-namespace", only, "", -1},
	} {
		r := Request{To: netip.MustParseAddr(tt.to), Count: 2, Size: 100, Timeout: 5 * time.Second, Netns: tt.netns}
		if tt.from != "" {
			r.From = netip.MustParseAddr(tt.from)
		}
		replies := 0
		err := Run(t.Context(), r, func(r Result) error {
			if r.Answer == Reply {
				replies++
			}
			return nil
		})
		if (err != nil) != (tt.want < 0) || err == nil && replies != tt.want {
			t.Errorf("%s from %q in namespace %q: got %d replies, %v, want %d", tt.to, tt.from, tt.netns, replies, err, tt.want)
		}
	}
}
