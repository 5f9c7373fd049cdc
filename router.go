package seikan

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/session"
)

// ErrStopped is returned by the methods of a Router whose Run has ended, or is ending.
var ErrStopped = errors.New("seikan: router stopped")

// Router is one VPN router. Make it with New and start it with Run, once. The other methods are safe for concurrent
// use; they are answered by Run and wait for it.
type Router struct {
	cfg     Config
	db      sadb.DB
	drops   sadb.Counters // only the drops are used: those that no SA or policy can be charged with
	control *control

	// Everything that reaches control. Lanes send without waiting and count what finds the queue full.
	initIn   chan datagram // IKE_SA_INIT requests, apart so that a flood of them does not starve the SAs there are
	ikeIn    chan datagram
	notes    chan note
	acquires chan acquire
	early    chan early
	failed   chan error
	troubles chan trouble
	calls    chan *call // not buffered: one that was taken is being answered

	tunnels atomic.Pointer[map[string]*tunnel] // by name; the map is not modified
	numbers atomic.Uint32                      // given to packets that are fragmented against their flag DF: theirs may mean nothing (RFC 6864 §4.1)
	lanes   sync.WaitGroup
	running bool        // control's: lanes are started
	watched atomic.Bool // drops are debugged: lanes tell of more of them
	faults  faults

	ran     atomic.Bool
	stopped chan struct{} // closed when control has ended
}

// Queue lengths. Those for IKE take what a flood of 50,000 messages a second brings in the 20 ms in which control may be off the CPU.
const (
	initQueue    = 1024
	ikeQueue     = 1024
	noteQueue    = 64
	acquireQueue = 64
)

// Stats are the counters that belong to no session, and those of negotiations. They belong to their receiver.
type Stats struct {
	// Drops counts packets that no SA or policy is charged with: of an unknown SPI, malformed, without a policy.
	Drops    [sadb.NumDropReasons]uint64
	IKEDrops [ike.NumDrops]uint64 // messages that were not acted on

	IKE   IKECounts             // of all peers
	Peers map[PeerKey]IKECounts // of each that is configured
}

// New checks cfg and makes a Router of it. The device and the sockets are the Router's from then on, and closed by Run;
// on an error they stay the caller's.
func New(cfg Config) (*Router, error) {
	cfg = cfg.withDefaults()
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("seikan: config: %w", err)
	}
	r := &Router{
		cfg:      cfg,
		initIn:   make(chan datagram, initQueue),
		ikeIn:    make(chan datagram, ikeQueue),
		notes:    make(chan note, noteQueue),
		acquires: make(chan acquire, acquireQueue),
		early:    make(chan early, earlyQueue),
		failed:   make(chan error, 1),
		troubles: make(chan trouble, faultQueue),
		calls:    make(chan *call),
		stopped:  make(chan struct{}),
	}
	r.db.StartClock(time.Now())
	r.tunnels.Store(&map[string]*tunnel{})
	r.setTunnels(cfg.Tunnels)
	r.db.SetPolicies(cfg.Policies)
	ic := cfg.IKE
	ic.Heard, ic.Sent = r.heard, r.sent
	e, err := ike.New(ic)
	if err != nil {
		return nil, fmt.Errorf("seikan: config: %w", err)
	}
	cfg.Session.MTUs = socketMTUs(cfg.Sockets)
	r.control = newControl(r, e, session.New(cfg.Session, &r.db))
	return r, nil
}

// Run is the Router's work. When ctx ends it deletes the SAs at their peers, waits for the answers, at most
// Config.ShutdownTime, closes the device and the sockets, and returns nil once every goroutine has returned. A device or
// a socket that fails ends it in the same way, with that error.
func (r *Router) Run(ctx context.Context) error {
	if r.ran.Swap(true) {
		return errors.New("seikan: run: called before")
	}
	for i := range 1 + len(r.cfg.Queues) {
		r.lanes.Go(func() { r.lane(newMapLane(r, r.queue(i), i).run) })
	}
	for _, t := range *r.tunnels.Load() {
		r.startTunnel(t)
	}
	r.running = true
	for _, s := range r.cfg.Sockets {
		if s.NATT || s.ESP {
			for i := range 1 + len(s.More) {
				r.lanes.Go(func() { r.lane(newDownlink(r, s, i).run) })
			}
		} else {
			r.lanes.Go(func() { r.lane(newIKEReader(r, s).run) })
		}
	}
	err := r.control.run(ctx)
	close(r.stopped)
	err = errors.Join(append(r.closeTunnels(), err, r.cfg.Device.Close())...)
	for _, s := range r.cfg.Sockets {
		for i := range 1 + len(s.More) {
			err = errors.Join(err, s.of(i).Close())
		}
	}
	r.lanes.Wait()
	return err
}

// lane runs a lane. Its error ends the Router; the first one is kept.
func (r *Router) lane(run func() error) {
	if err := run(); err != nil {
		r.fail(err)
	}
}

// fail ends the Router.
func (r *Router) fail(err error) {
	select {
	case r.failed <- err:
	default:
	}
}

// call is work for the control goroutine that somebody waits for.
type call struct {
	work  func(now time.Time)
	whole bool          // a panic leaves half of it, with which control cannot go on
	done  chan struct{} // closed when the work, and what it asked for, is done
	err   error         // why it is not; set before done is closed
}

// errFault is the answer to a call that has panicked.
var errFault = errors.New("seikan: internal error, see the log")

// call has f done by the control goroutine. What f asks for in control.out is carried out by then, too.
func (r *Router) call(ctx context.Context, f func(now time.Time)) error {
	return r.ask(ctx, &call{work: f, done: make(chan struct{})})
}

func (r *Router) ask(ctx context.Context, c *call) error {
	select {
	case r.calls <- c:
		<-c.done
		return c.err
	case <-r.stopped:
		return ErrStopped
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Clear deletes the IKE and IPsec SAs of the sessions that f chooses and tells the peers, and returns how many IKE SAs
// that was. It does not wait for the answers.
func (r *Router) Clear(ctx context.Context, f session.Filter) (n int, err error) {
	err = r.call(ctx, func(now time.Time) { n = r.control.clear(now, f) })
	return n, err
}

// RekeyIKE replaces the IKE SAs of the sessions that f chooses before their time, and returns how many that is. It does not wait for it.
func (r *Router) RekeyIKE(ctx context.Context, f session.Filter) (n int, err error) {
	err = r.call(ctx, func(now time.Time) {
		ids := r.control.tracker.IKESAs(f)
		for _, id := range ids {
			r.control.ike.RekeySA(now, id, &r.control.out)
		}
		n = len(ids)
	})
	return n, err
}

// RekeyIPsec is the same for the Child SAs.
func (r *Router) RekeyIPsec(ctx context.Context, f session.Filter) (n int, err error) {
	err = r.call(ctx, func(now time.Time) {
		spis := r.control.tracker.Children(f)
		for _, in := range spis {
			r.control.ike.RekeyChild(now, in, &r.control.out)
		}
		n = len(spis)
	})
	return n, err
}

// Reachable tells that an address of this host has come, or is gone: SAs leave it for another one of the configuration (RFC 4555).
func (r *Router) Reachable(ctx context.Context, addr sadb.Host, there bool) error {
	return r.call(ctx, func(now time.Time) { r.control.ike.Reachable(now, addr, there, &r.control.out) })
}

// HasVRF reports whether the configuration has a VRF of that name.
func (r *Router) HasVRF(ctx context.Context, name string) (ok bool, err error) {
	err = r.call(ctx, func(time.Time) { ok = r.control.tracker.HasVRF(name) })
	return ok, err
}

// Stats is the counters that belong to no session, and those of negotiations.
func (r *Router) Stats(ctx context.Context) (s Stats, err error) {
	err = r.call(ctx, func(time.Time) {
		s.Drops, s.IKEDrops = r.drops.Load().Drops, r.control.ike.Drops()
		for _, k := range r.cfg.Sockets {
			for i := range 1 + len(k.More) {
				s.Drops[sadb.DropSocketFull] += udp.Overflows(k.of(i))
			}
		}
		s.IKE, s.Peers = r.control.tally.all.clone(), make(map[PeerKey]IKECounts, len(r.control.tally.peers))
		for k, c := range r.control.tally.peers {
			s.Peers[k] = c.clone()
		}
	})
	return s, err
}

// heard is when the last authenticated packet came in on a Child SA, by its inbound SPI.
func (r *Router) heard(in esp.SPI) time.Time {
	sa := r.db.Lookup(in)
	if sa == nil {
		return time.Time{}
	}
	return r.db.Moment(sa.Counters.LastUse.Load())
}

// sent is when the last packet went out on a Child SA, by its inbound SPI.
func (r *Router) sent(in esp.SPI) time.Time {
	sa := r.db.Lookup(in)
	if sa == nil {
		return time.Time{}
	}
	return r.db.Moment(sa.Child().Out.Counters.LastUse.Load())
}
