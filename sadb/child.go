package sadb

import (
	"fmt"
	"sync/atomic"
	"time"

	"seikan/esp"
)

// State is what a Child SA is there for.
type State uint8

// States of a Child SA.
const (
	Active  State = iota // carries traffic
	Standby              // open to the peer's packets; ours take it only where no active one permits them
	Retired              // open to the peer's packets that are still on their way; ours never take it
)

// Child is a Child SA: two SAs, one in each direction, that came of one negotiation. All methods are safe for concurrent
// use.
type Child struct {
	Spec      ChildSpec // as installed, without the keys; not modified
	Installed time.Time
	In        *Inbound
	Out       *Outbound

	rank       uint64 // by installation, or by activation where that was later; the writer's, as the next
	owner      IKEID
	prev, next *Child
	state      atomic.Uint32
	charged    atomic.Pointer[Entry]   // the policy that is charged with drops that name no flow
	serves     atomic.Pointer[ruleset] // what inbound packets are held against

	octets, packets limit  // of either direction
	softSeq         uint64 // outbound sequence number at which the soft limit is
	softTold        atomic.Bool
}

// Inbound is the SA for what the peer sends.
type Inbound struct {
	*esp.Opener
	Counters Counters
	child    *Child
	spi      esp.SPI // of the Opener, near at hand
	told     atomic.Pointer[toldDrops]
}

// Outbound is the SA for what we send.
type Outbound struct {
	*esp.Sealer
	Counters Counters
	child    *Child
	path     atomic.Pointer[Path]
	fits     atomic.Int32
	turns    turns
}

// newChild makes a Child SA of its specification.
func newChild(now time.Time, s ChildSpec) (*Child, error) {
	opener, err := esp.NewOpener(s.In)
	if err != nil {
		return nil, fmt.Errorf("inbound: %w", err)
	}
	sealer, err := esp.NewSealer(s.Out)
	if err != nil {
		return nil, fmt.Errorf("outbound: %w", err)
	}
	c := &Child{Spec: s.withoutKeys(), Installed: now}
	c.Spec.Local, c.Spec.Remote = together(s.Local, s.Remote)
	c.In = &Inbound{Opener: opener, child: c, spi: s.In.SPI}
	c.Out = &Outbound{Sealer: sealer, child: c}
	c.Out.turns.begin(sealer.Sent() + 1)
	path := s.Path
	c.Out.path.Store(&path)
	if s.Standby {
		c.state.Store(uint32(Standby))
	}
	c.limit(s.Life)
	return c, nil
}

// withoutKeys is s, in so far as it may be kept.
func (s ChildSpec) withoutKeys() ChildSpec {
	s.In.Key, s.In.Auth, s.Out.Key, s.Out.Auth = nil, nil, nil, nil
	return s
}

const (
	kilobyte           = 1024
	maxKilobytes       = 1 << 53 // so that octets, and percents of them, are counted in 64 bits
	defaultSoftPercent = 90
)

// limit is how much of something a direction may carry; zero: no limit.
type limit struct{ soft, hard uint64 }

// newLimit makes a limit whose soft part is a share of the hard one.
func newLimit(hard, percent uint64) limit {
	if hard == 0 {
		return limit{}
	}
	return limit{soft: max(1, hard/100*percent+hard%100*percent/100), hard: hard}
}

func (l limit) near(n uint64) bool  { return l.soft > 0 && n >= l.soft }
func (l limit) spent(n uint64) bool { return l.hard > 0 && n >= l.hard }

// limit sets the limits of a fresh Child SA.
func (c *Child) limit(l Lifetime) {
	percent := uint64(l.SoftPercent)
	if percent == 0 || percent > 100 {
		percent = defaultSoftPercent
	}
	c.octets = newLimit(min(l.Kilobytes, maxKilobytes)*kilobyte, percent)
	c.packets = newLimit(l.Packets, percent)
	left := c.Out.Left()
	c.softSeq = c.Out.Sent() + left/100*percent + left%100*percent/100
}

// State is what the Child SA is there for now.
func (c *Child) State() State { return State(c.state.Load()) }

// Soft reports, once, that the Child SA has used up its soft share of the octets or packets of either direction, or of the sequence
// numbers that it may send: it is time for a rekey.
func (c *Child) Soft() bool {
	crossed := c.Out.Sent() >= c.softSeq || c.near(&c.In.Counters) || c.near(&c.Out.Counters)
	return crossed && !c.softTold.Load() && c.softTold.CompareAndSwap(false, true)
}

// SoftAgain takes the last word of Soft back: nobody could be told.
func (c *Child) SoftAgain() { c.softTold.Store(false) }

// KilobytesLeft is the whole units of 1024 octets that each direction may still carry. Both are 0 where there is no limit.
func (c *Child) KilobytesLeft() (in, out uint64) {
	return c.left(&c.In.Counters), c.left(&c.Out.Counters)
}

func (c *Child) left(counters *Counters) uint64 {
	return (c.octets.hard - min(c.octets.hard, counters.Bytes.Load())) / kilobyte
}

// spent reports whether a direction has carried all that it may.
func (c *Child) spent(counters *Counters) bool {
	return c.octets.spent(counters.Bytes.Load()) || c.packets.spent(counters.Packets.Load())
}

// near reports whether a direction has come to its soft limit.
func (c *Child) near(counters *Counters) bool {
	return c.octets.near(counters.Bytes.Load()) || c.packets.near(counters.Packets.Load())
}

// Child is the Child SA that the SA is part of.
func (in *Inbound) Child() *Child { return in.child }

// Spent reports whether the SA has carried all that it may.
func (in *Inbound) Spent() bool { return in.child.spent(&in.Counters) }

// Standby reports whether the Child SA waits to be activated.
func (in *Inbound) Standby() bool { return in.child.State() == Standby }

// Entry is the policy that is charged with drops that name no flow. It is never nil.
func (in *Inbound) Entry() *Entry { return in.child.charged.Load() }

// Permit finds the policy that a packet belongs to which came in on the SA; f is its flow as received, from the peer's side to
// ours. Nil: the packet is outside of the SA's selectors or of every policy that the SA serves, and must be discarded
// (RFC 4301 §5.2 step 4).
func (in *Inbound) Permit(f Flow) *Entry {
	f = f.Reverse()
	if !selects(in.child.Spec.Local, in.child.Spec.Remote, &f) {
		return nil
	}
	if e := in.child.serves.Load().first(&f); e != nil && e.Action == Protect {
		return e
	}
	return nil
}

// Child is the Child SA that the SA is part of.
func (o *Outbound) Child() *Child { return o.child }

// Spent reports whether the SA has carried all that it may.
func (o *Outbound) Spent() bool { return o.child.spent(&o.Counters) }

// Path is where the SA's packets go.
func (o *Outbound) Path() Path { return *o.path.Load() }

// Fits is the largest inner packet whose outer one fits the path, where larger ones may come and whoever seals has to look. 0: he has not.
func (o *Outbound) Fits() int { return int(o.fits.Load()) }

// SetFits sets what Fits is. Only the writer calls it.
func (o *Outbound) SetFits(n int) { o.fits.Store(int32(n)) }

// Permits reports whether the SA's selectors allow an outbound flow.
func (o *Outbound) Permits(f Flow) bool { return selects(o.child.Spec.Local, o.child.Spec.Remote, &f) }
