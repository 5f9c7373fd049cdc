package seikan

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"strings"
	"testing"
	"time"

	"seikan/ike"
	"seikan/internal/fault"
	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// script is a socket and a device from which each read is the next step of a test, until there are no more.
type script struct {
	*cable
	frames  []func() []tun.Frame
	msgs    []func(ms []udp.Message) int
	readers int
	write   func([]udp.Message) // before each batch that is sent
}

func (s *script) NewWriter() udp.Writer { return s }
func (s *script) NewReader() udp.Reader { s.readers++; return s }

func (s *script) ReadBatch(ms []udp.Message) (int, error) {
	if len(s.msgs) == 0 {
		return 0, net.ErrClosed
	}
	step := s.msgs[0]
	s.msgs = s.msgs[1:]
	return step(ms), nil
}

func (s *script) WriteBatch(ms []udp.Message) (int, error) {
	if s.write != nil {
		s.write(ms)
	}
	return s.cable.WriteBatch(ms)
}

// scriptDevice is the device's side of a script.
type scriptDevice struct {
	*sinkDevice
	s *script
}

func (d scriptDevice) NewReader() tun.Reader { d.s.readers++; return d }
func (d scriptDevice) ReadBatch() ([]tun.Frame, error) {
	if len(d.s.frames) == 0 {
		return nil, os.ErrClosed
	}
	step := d.s.frames[0]
	d.s.frames = d.s.frames[1:]
	return step(), nil
}

// frames are packets as the host hands them over.
func frames(ps [][]byte) (fs []tun.Frame) {
	for _, p := range ps {
		fs = append(fs, tun.Frame{Data: p})
	}
	return fs
}

// wantTrouble checks that n panics were told of, and that packets were counted as lost by them.
func wantTrouble(t *testing.T, r *Router, n int, lost uint64) {
	t.Helper()
	if got := len(r.troubles); got != n {
		t.Errorf("%d panics were told of, want %d", got, n)
	}
	if got := r.drops.Drops[sadb.DropFault].Load(); got != lost {
		t.Errorf("%d packets were counted, want %d", got, lost)
	}
}

// A panic with a packet that came in costs its batch, and the lane goes on as if there had been none.
func TestPanicInbound(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	sealed := func(n int) func([]udp.Message) int {
		a.up.step(1e9, packets(n, 300))
		var list [][]byte
		for i := range n {
			list = append(list, append([]byte(nil), a.wire.kept[i].Data...))
		}
		a.wire.n = 0
		return func(ms []udp.Message) int {
			for i, p := range list {
				ms[i] = udp.Message{Data: p, Remote: a.wire.local}
			}
			return n
		}
	}
	in := b.r.db.Lookup(0x1001)
	whole := in.Opener
	one, bad, two := sealed(2), sealed(3), sealed(4)
	s := &script{cable: b.wire, msgs: []func([]udp.Message) int{
		one,
		func(ms []udp.Message) int { in.Opener = nil; return bad(ms) },
		func(ms []udp.Message) int { in.Opener = whole; return two(ms) },
	}}
	d := newDownlink(b.r, Socket{Conn: s, NATT: true}, 0)
	if err := d.run(); err != nil {
		t.Fatal(err)
	}
	wantTrouble(t, b.r, 1, 3)
	if b.dev.packets != 6 || s.readers != 1 {
		t.Errorf("the device got %d packets and the socket had %d readers, want 6 and 1", b.dev.packets, s.readers)
	}
	if tr := <-b.r.troubles; !strings.Contains(tr.Stack(), "seikan.(*downlink).open") || tr.during != "inbound packets" {
		t.Errorf("got %q, %q", tr.during, tr.Stack())
	}
}

// faultyWriter panics with the first batch.
type faultyWriter struct {
	*sinkDevice
	panicked bool
}

func (w *faultyWriter) NewWriter() tun.Writer { return w }
func (w *faultyWriter) WriteBatch(ps [][]byte) (int, error) {
	if !w.panicked {
		w.panicked = true
		panic("a fault")
	}
	return w.sinkDevice.WriteBatch(ps)
}

// What could not be delivered because of a panic is not delivered later.
func TestPanicInTheDevice(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	b.down.sinks.shared.dev = &faultyWriter{sinkDevice: b.dev}
	take := func(n int) {
		a.up.step(1e9, packets(n, 300))
		for i := range n {
			b.down.msgs[i] = udp.Message{Data: a.wire.kept[i].Data, Remote: a.wire.local}
		}
		a.wire.n = 0
		b.down.batch(b.r, n, func(n int) { b.down.step(1e9, n) }, b.down.abandon)
	}
	take(5)
	take(2)
	wantTrouble(t, b.r, 1, 5)
	if b.dev.packets != 2 {
		t.Errorf("the device got %d packets, want the 2 of the second batch", b.dev.packets)
	}
}

// A panic with a packet that goes out costs its batch. The lanes that wait for their turn behind it go on.
func TestPanicOutbound(t *testing.T) {
	r, sent := newLanes(t, 2)
	s := &script{cable: newCable(netip.AddrPortFrom(outerA, 4500))}
	s.write = func([]udp.Message) { s.write = nil; panic("a fault") }
	dev := scriptDevice{&sinkDevice{}, s}
	s.frames = []func() []tun.Frame{
		func() []tun.Frame { return frames(packets(3, 300)) },
		func() []tun.Frame { return frames(packets(2, 300)) },
	}
	l := newMapLane(r, dev, 0)
	l.outlets[0].writer = s
	done := make(chan error, 1)
	go func() {
		err := l.run()
		newUplink(r, uplinkBatch, 1).step(1e9, packets(1, 300))
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Fatal(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("a lane waits for the turn of what was lost")
	}
	wantTrouble(t, r, 1, 3)
	if s.n != 2 || s.readers != 1 {
		t.Errorf("%d packets were sent and the device had %d readers, want 2 and 1", s.n, s.readers)
	}
	if len(sent.seqs) != 1 || sent.seqs[0] != 6 {
		t.Errorf("the other lane sent %v, want 6", sent.seqs)
	}
}

// A panic before anything was sealed leaves nothing of its packets in the lane.
func TestPanicBeforeSealing(t *testing.T) {
	a, b := newHalves(t)
	join(t, a, b, gcm128, 64, sadb.Lifetime{})
	out := a.r.db.Lookup(0x1002).Child().Out
	whole := out.Sealer
	s := &script{cable: a.wire}
	s.frames = []func() []tun.Frame{
		func() []tun.Frame { return frames(packets(4, 300)) },
		func() []tun.Frame { out.Sealer = nil; return frames(packets(2, 300)) },
		func() []tun.Frame { out.Sealer = whole; return frames(packets(1, 300)) },
	}
	l := newMapLane(a.r, scriptDevice{a.dev, s}, 0)
	if err := l.run(); err != nil {
		t.Fatal(err)
	}
	wantTrouble(t, a.r, 1, 2)
	l.take(1e9, tun.Frame{Data: packet(innerA, innerB, 9, 300)}) // on a run that comes to no end
	l.abandon()
	l.end(1e9)
	if a.wire.n != 5 {
		t.Errorf("%d packets were sent, want 5", a.wire.n)
	}
}

// A panic where a lane reads costs a Reader; another one at the same place within a minute ends the lane, and with it the Router.
func TestPanicWhileReading(t *testing.T) {
	bad := func() []tun.Frame { panic("a fault") }
	badMessages := func([]udp.Message) int { panic("a fault") }
	_, b := newHalves(t)
	s := &script{cable: b.wire, frames: []func() []tun.Frame{bad}}
	if err := newMapLane(b.r, scriptDevice{b.dev, s}, 0).run(); err != nil || s.readers != 2 {
		t.Errorf("got %v and %d readers, want that it goes on with a second one", err, s.readers)
	}
	wantTrouble(t, b.r, 1, 0)
	s.frames = []func() []tun.Frame{bad, bad}
	if err := newMapLane(b.r, scriptDevice{b.dev, s}, 0).run(); err == nil || !strings.Contains(err.Error(), "internal error, again within 1m0s: panic of type string in seikan.TestPanicWhileReading") {
		t.Errorf("got %v, want that it ends", err)
	}
	s.msgs = []func([]udp.Message) int{badMessages, badMessages}
	if err := newDownlink(b.r, Socket{Conn: s, NATT: true}, 0).run(); err == nil || !strings.Contains(err.Error(), "read socket: internal error, again") {
		t.Errorf("got %v, want that it ends", err)
	}
}

func TestFaultsByThemselves(t *testing.T) {
	var f faults
	now := time.Unix(1e9, 0)
	for _, step := range []struct {
		at    string
		after time.Duration
		ends  bool
	}{
		{"one", 0, false},
		{"another", time.Second, false},
		{"one", time.Second, true},
		{"another", time.Hour, false},
		{"another", faultTime, false},
		{"another", faultTime - 1, true},
	} {
		now = now.Add(step.after)
		if err := f.again(now, trouble{Fault: fault.Fault{At: step.at}}); (err != nil) != step.ends {
			t.Errorf("%v after the last: got %v for %q, want an error: %v", step.after, err, step.at, step.ends)
		}
	}
}

// A panic in a message for the log costs that message: the tunnel comes up, and carries packets.
func TestPanicInTheLog(t *testing.T) {
	engine(t, func(a, b *Config) { a.LogIKE, b.LogIKE = true, true }, func(t *testing.T, g *rig) {
		g.b.log.panicAt("%IKEV2-5-SA_UP")
		g.up()
		g.b.wantLog(0, "%IKEV2-5-SA_UP")
		line := g.b.wantLog(1, "%SYS-3-INTERNAL_ERROR: tell of an event: panic of type string in seikan.(*logLines).Write rig_test.go:")[0]
		if stack, _ := line["stack"].(string); !strings.Contains(stack, "seikan.(*eventLog).saUp") {
			t.Errorf("got the stack %q", stack)
		}
	})
}

// What operators ask for may fail; the Router goes on. A panic with a change half made ends it.
func TestPanicInACall(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		faulty := func(time.Time) { panic("a fault") }
		for range 3 {
			if err := g.a.router.call(t.Context(), faulty); !errors.Is(err, errFault) {
				t.Fatalf("got %v, want %v", err, errFault)
			}
		}
		g.a.wantStatus(session.UpActive)
		g.a.wantLog(1, "%SYS-3-INTERNAL_ERROR: answer an operator: panic of type string in seikan.TestPanicInACall")
		if err := g.a.router.ask(t.Context(), &call{work: faulty, whole: true, done: make(chan struct{})}); !errors.Is(err, errFault) {
			t.Fatalf("got %v, want %v", err, errFault)
		}
		if err := <-g.a.done; err == nil || !strings.Contains(err.Error(), "seikan: internal error: panic of type string in seikan.TestPanicInACall") {
			t.Errorf("run: got %v, want the panic", err)
		}
		g.a.done <- nil
		if _, err := g.a.router.Snapshot(t.Context()); !errors.Is(err, ErrStopped) {
			t.Errorf("got %v, want %v", err, ErrStopped)
		}
	})
}

// A panic that IKE has caught is logged, once a minute for each place; one of its own that comes back ends the Router, which deletes its SAs.
func TestPanicInIKE(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		from := sadb.Path{Local: netip.AddrPortFrom(outerA, 500), Remote: netip.AddrPortFrom(outerB, 500)}
		ev := ike.Faulted{Fault: fault.Fault{What: "runtime error", At: "ike.x y.go:1"}, Path: from}
		give := func(ev ike.Event, n int) {
			t.Helper()
			for range n {
				if err := g.a.router.call(t.Context(), func(time.Time) { g.a.router.control.out.Events = append(g.a.router.control.out.Events, ev) }); err != nil {
					t.Fatal(err)
				}
				time.Sleep(time.Millisecond)
			}
		}
		give(ev, 10)
		g.a.wantLog(1, "%SYS-3-INTERNAL_ERROR: IKE: runtime error in ike.x y.go:1, at a message from 192.0.2.2:500")
		time.Sleep(2 * time.Minute)
		g.a.wantLog(1, "%SYS-4-LOGGING_LIMIT: 9 more messages in the last 60 s not logged: SYS-3-INTERNAL_ERROR of ike.x y.go:1")
		ev.Path, ev.Own = sadb.Path{}, true
		give(ev, 1)
		time.Sleep(2 * time.Minute)
		give(ev, 1)
		g.a.wantStatus(session.UpActive)
		time.Sleep(time.Second)
		give(ev, 1)
		if err := <-g.a.done; err == nil || !strings.Contains(err.Error(), "IKE: internal error, again within 1m0s: runtime error in ike.x y.go:1") {
			t.Errorf("run: got %v, want the panic", err)
		}
		g.a.done <- nil
		time.Sleep(time.Second)
		g.b.wantStatus(session.Down)
	})
}
