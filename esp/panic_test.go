package esp

import (
	"testing"
	"time"
)

// faulty is an algorithm that panics with the packet of one sequence number.
type faulty struct {
	algorithm
	seq uint64
}

func (a faulty) seal(sc *Scratch, p []byte, seq uint64) {
	if seq == a.seq {
		panic("a fault")
	}
	a.algorithm.seal(sc, p, seq)
}

func (a faulty) open(sc *Scratch, p []byte, seq uint64) bool {
	if seq == a.seq {
		panic("a fault")
	}
	return a.algorithm.open(sc, p, seq)
}

// faultyEncryption panics within the lock of separate.
type faultyEncryption struct{ encryption }

func (faultyEncryption) crypt(*Scratch, []byte, []byte) { panic("a fault") }

// panics reports whether f does.
func panics(f func()) (yes bool) {
	defer func() { yes = recover() != nil }()
	f()
	return false
}

// sealed are the next n packets of a Sealer.
func sealed(t *testing.T, s *Sealer, n int) []Frame {
	t.Helper()
	frames := make([]Frame, n)
	for i := range frames {
		frames[i] = Frame{Data: make([]byte, 40), Next: nextIPv4}
	}
	s.Seal(new(Scratch), make([]byte, 0, 200*n), frames)
	return frames
}

// A panic while packets are sealed uses up the numbers that were taken, once and for all, and says which.
func TestPanicInSeal(t *testing.T) {
	s := newSealer(t, testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, false))
	sealed(t, s, 10)
	s.alg = faulty{s.alg, 13}
	var sc Scratch
	frames := make([]Frame, 5)
	if !panics(func() { s.Seal(&sc, make([]byte, 0, 1000), frames) }) {
		t.Fatal("no panic")
	}
	if first, n := sc.Taken(); first != 11 || n != 5 || s.Sent() != 15 {
		t.Errorf("%d numbers from %d on were taken, %d sent; want 5 from 11 on, 15", n, first, s.Sent())
	}
	if got := sealed(t, s, 1)[0]; got.Err != nil || got.Seq != 16 {
		t.Errorf("the next packet is %d, %v; want 16", got.Seq, got.Err)
	}
	s.Seal(&sc, nil, []Frame{{}}) // there is no room
	if _, n := sc.Taken(); n != 0 {
		t.Errorf("got %d numbers of a call that has taken none", n)
	}
}

// A panic while packets are opened leaves the window as it was, and no lock behind.
func TestPanicInOpen(t *testing.T) {
	p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, false)
	s, o := newSealer(t, p), newOpener(t, p)
	frames := sealed(t, s, 5)
	whole := o.alg
	o.alg = faulty{whole, 5}
	if !panics(func() { o.Open(new(Scratch), frames) }) {
		t.Fatal("no panic")
	}
	if got := o.Last(); got != 0 {
		t.Errorf("the window has moved to %d", got)
	}
	o.alg = whole
	last := frames[4:]
	if o.Open(new(Scratch), last); last[0].Err != nil || o.Last() != 5 {
		t.Errorf("got %v and a window at %d, want that packet 5 is opened", last[0].Err, o.Last())
	}
}

// Where the algorithms have a lock, others get it after a panic.
func TestPanicLeavesNoLock(t *testing.T) {
	p := testParams(Suite{Encr: ENCR_AES_CBC, KeyBits: 128, Integ: AUTH_HMAC_SHA2_256_128}, false)
	s, o := newSealer(t, p), newOpener(t, p)
	frames := sealed(t, s, 2)
	out, in := s.alg.(*separate), o.alg.(*separate)
	wholeOut, wholeIn := out.encr, in.encr
	out.encr, in.encr = faultyEncryption{wholeOut}, faultyEncryption{wholeIn}
	sealing := panics(func() { s.Seal(new(Scratch), make([]byte, 0, 200), make([]Frame, 1)) })
	if opening := panics(func() { o.Open(new(Scratch), frames[:1]) }); !sealing || !opening {
		t.Fatalf("panics in Seal: %v, in Open: %v", sealing, opening)
	}
	out.encr, in.encr = wholeOut, wholeIn
	done := make(chan struct{})
	go func() {
		defer close(done)
		sealed(t, s, 1)
		o.Open(new(Scratch), frames[1:])
	}()
	select {
	case <-done:
	case <-time.After(10 * time.Second):
		t.Fatal("a lock was left behind")
	}
	if frames[1].Err != nil {
		t.Error(frames[1].Err)
	}
}
