package seikan

import (
	"errors"
	"slices"
	"syscall"

	"seikan/esp"
	"seikan/internal/gso"
	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/tun"
)

// arenaLen is room for a run, from the inner packets to the sealed ones: a whole batch of the usual size and the largest datagram.
const arenaLen = 256 << 10

// Next headers of tunnel mode, and of a dummy packet (RFC 4303 §2.6).
const (
	nextIPv4 = 4
	nextIPv6 = 41
	nextNone = 59
)

// nextHeader is what ESP calls the packet of a flow.
func nextHeader(f sadb.Flow) uint8 {
	if f.Dst.Is4() {
		return nextIPv4
	}
	return nextIPv6
}

// uplink takes inner packets to the peers: policy, seal, send. It belongs to one goroutine; its slices are scratch that is
// made once.
type uplink struct {
	r       *Router
	outlets outlets
	inOrder bool   // others seal for the same SAs: packets leave in their turn
	prompt  bool   // does not wait for its turn
	via     string // the tunnel interface that the packets come from; "": the device for all

	// noSA takes a packet that is to be protected and meets no SA; pkt is borrowed for the call.
	noSA func(e *sadb.Entry, f sadb.Flow, pkt []byte)

	// What is known of the last frame of the batch whose policy was asked.
	asked   []byte // its octets; nil: there is none
	flow    sadb.Flow
	to      sadb.Routed
	gre     *GRE
	carried *sadb.FlowCounters // of the tunnel; nil: none

	// The run: packets in a row that one SA carries for one policy.
	out    *sadb.Outbound
	entry  *sadb.Entry
	frames []esp.Frame // in the arena, where they are sealed
	inner  []inner
	need   int // octets that the run takes in the arena, sealed

	cutter  gso.Segmenter
	whole   []byte // a packet of the frame
	pieces  []byte // its fragments
	notice  []byte // an ICMP message
	told    toldSenders
	scratch esp.Scratch
	arena   []byte
	msgs    []udp.Message
	sealed  *sadb.Outbound // whose sequence numbers scratch.Taken are, until their turn has ended; nil: it has
}

// inner is what is remembered of a packet on the run.
type inner struct {
	size  int   // octets
	class uint8 // of service
	may   bool  // be fragmented on the way
}

// newUplink makes an uplink that seals up to n packets at once, for a lane.
func newUplink(r *Router, n, lane int) *uplink {
	return &uplink{
		r:       r,
		outlets: newOutlets(r.cfg.Sockets, lane),
		inOrder: len(r.cfg.Queues) > 0,
		noSA:    func(e *sadb.Entry, _ sadb.Flow, _ []byte) { e.Counters.Out.Drop(sadb.DropNoSA, 1) },
		frames:  make([]esp.Frame, 0, n),
		inner:   make([]inner, 0, n),
		arena:   make([]byte, 0, arenaLen),
		notice:  make([]byte, 0, minIPv6MTU),
		msgs:    make([]udp.Message, 0, n),
	}
}

// step sends a batch of inner packets, which are borrowed for the call. now is a Stamp.
func (u *uplink) step(now int64, pkts [][]byte) {
	for _, p := range pkts {
		u.take(now, tun.Frame{Data: p})
	}
	u.end(now)
}

// take sends a frame, or puts it on the run; it is borrowed until end. The policy is asked once: the packets that the frame stands for
// differ in nothing that it looks at, and nor do frames of one flow in a row.
func (u *uplink) take(now int64, fr tun.Frame) {
	err := u.cutter.Begin(fr) // first: it may change the frame, and the policy is asked about what is sent
	if err == nil {
		err = u.ask(fr.Data)
	}
	if err != nil {
		u.r.drops.Drop(sadb.DropMalformed, 1)
		return
	}
	f, to, w := u.flow, u.to, wrapping{gre: u.gre, first: fr.Data}
	switch {
	case to.Policy == nil:
		u.r.drops.Drop(outside(f, sadb.DropNoPolicy), uint64(u.cutter.Len()))
	case to.Action == sadb.Bypass: // the host was to send it another way (tun.Line), and from here there is none
		to.Policy.Counters.Out.Drop(sadb.DropBypass, uint64(u.cutter.Len()))
	case to.Action != sadb.Protect:
		to.Policy.Counters.Out.Drop(sadb.DropDiscard, uint64(u.cutter.Len()))
	case to.Out == nil:
		for range u.cutter.Len() {
			u.noSA(to.Policy, f, u.nextWhole())
		}
	default:
		if to.Policy.MSS > 0 && f.Proto == protoTCP && u.cutter.Len() == 1 && clampMSS(fr.Data, to.Policy.MSS) && fr.Kind != gso.None {
			_ = u.cutter.Begin(fr) // it has summed up the options
		}
		w.class, w.may = classOf(fr.Data), w.mayFragment(to.Policy.DF, fr.Data)
		if !w.fit(to.Out, f, fr.Data) {
			charge(&to.Out.Counters, &to.Policy.Counters.Out, sadb.DropMalformed, u.cutter.Len())
			return
		}
		if n := to.Out.Fits(); n > 0 && w.put+u.cutter.NextLen() > n {
			u.addLarge(now, to, &w, f, fr.Data, n)
			return
		}
		u.addAll(now, to, &w)
	}
}

// addAll puts the packets of the frame on the run as they are.
func (u *uplink) addAll(now int64, to sadb.Routed, w *wrapping) {
	for range u.cutter.Len() {
		u.add(now, to, w)
	}
}

// nextWhole is the next packet of the frame, until the next call.
func (u *uplink) nextWhole() []byte {
	n := u.cutter.NextLen()
	u.whole = slices.Grow(u.whole[:0], n)[:n]
	u.cutter.Put(u.whole, 0)
	return u.whole
}

// ask finds the flow of a frame, its policy, the SA to take and how the packets are wrapped.
func (u *uplink) ask(frame []byte) (err error) {
	if sadb.SameFlow(u.asked, frame) {
		return nil
	}
	u.asked = nil
	if u.flow, err = sadb.ParseFlow(frame); err != nil {
		return err
	}
	u.asked = frame
	u.to, u.gre, u.carried = u.route(u.flow)
	return nil
}

// route finds the policy of a flow and the SA to take, the tunnel's way to wrap its packets and the tunnel's counters.
func (u *uplink) route(f sadb.Flow) (sadb.Routed, *GRE, *sadb.FlowCounters) {
	if u.via == "" {
		return u.r.db.Route(f), nil, nil
	}
	t := (*u.r.tunnels.Load())[u.via]
	switch {
	case t == nil:
		return sadb.Routed{}, nil, nil
	case t.GRE == nil:
		return u.r.db.RouteVia(t.Name, f), nil, t.carried
	}
	return u.r.db.RouteVia(t.policy(), sadb.Flow{Src: t.GRE.Local, Dst: t.GRE.Remote, Proto: protoGRE}), t.GRE, t.carried
}

// wrapping is what becomes of a packet before it is sealed.
type wrapping struct {
	gre   *GRE   // nil: none
	first []byte // the inner packet, or the frame that it is cut from
	put   int    // octets that go before the packet
	cut   int    // octets that are taken off the beginning then, for transport mode
	next  uint8  // what ESP calls the rest
	class uint8  // of service
	may   bool   // be fragmented on the way
}

// fit completes w for an SA. False: the packet cannot go by transport mode.
func (w *wrapping) fit(out *sadb.Outbound, f sadb.Flow, packet []byte) (ok bool) {
	transport := out.Child().Spec.Transport
	switch {
	case w.gre != nil && transport:
		w.put, w.cut, w.next = w.gre.headLen(), ipv4Header, protoGRE
	case w.gre != nil:
		w.put, w.next = w.gre.headLen(), nextIPv4
	case transport:
		w.cut, w.next, ok = bare(packet)
		return ok
	default:
		w.next = nextHeader(f)
	}
	return true
}

// end sends what is on the run.
func (u *uplink) end(now int64) {
	u.flush(now)
	u.out, u.entry, u.asked = nil, nil, nil
}

// add puts the next packet of the frame on the run of its SA and policy. A run of another one is sent before.
func (u *uplink) add(now int64, to sadb.Routed, w *wrapping) {
	size := u.cutter.NextLen() + w.put
	n := to.Out.SealedLen(size - w.cut)
	if u.need+n > cap(u.arena) || len(u.frames) == cap(u.frames) || to.Out != u.out || to.Policy != u.entry {
		u.flush(now)
		u.out, u.entry = to.Out, to.Policy
	}
	if n > maxDatagram {
		u.cutter.Skip()
		charge(&to.Out.Counters, &to.Policy.Counters.Out, sadb.DropTooBig, 1)
		return
	}
	at := u.need + to.Out.HeaderLen()
	packet := u.arena[at : at+size-w.cut]
	if w.gre != nil {
		var head [greMost]byte
		w.gre.put(head[:w.put], w.first, size-w.put)
		u.cutter.Put(packet[copy(packet, head[w.cut:w.put]):], 0)
	} else {
		u.cutter.Put(packet, w.cut)
	}
	u.frames = append(u.frames, esp.Frame{Data: packet, Next: w.next})
	u.inner = append(u.inner, inner{size, w.class, w.may})
	u.need += n
}

// flush seals the run and sends it. A packet that was sealed and could not be sent counts as both.
func (u *uplink) flush(now int64) {
	frames, inner, out, entry := u.frames, u.inner, u.out, u.entry
	u.frames, u.inner, u.need = frames[:0], inner[:0], 0
	if len(frames) == 0 {
		return
	}
	if out.Spent() {
		charge(&out.Counters, &entry.Counters.Out, sadb.DropVolume, len(frames))
		u.r.tell(note{kind: noteHard, in: out.Child().In.SPI()})
		return
	}
	path := out.Path()
	u.sealed = out
	out.Seal(&u.scratch, u.arena, frames)
	u.msgs = u.msgs[:0]
	octets := 0
	for i := range frames {
		if err := frames[i].Err; err != nil {
			charge(&out.Counters, &entry.Counters.Out, sealReason(err), 1)
			continue
		}
		u.msgs = append(u.msgs, udp.Message{Data: frames[i].Data, Remote: path.Remote, TOS: inner[i].class, MayFragment: inner[i].may})
		octets += inner[i].size
	}
	if len(u.msgs) == 0 { // out of sequence numbers
		u.r.tell(note{kind: noteHard, in: out.Child().In.SPI()})
		return
	}
	tally(&out.Counters, &entry.Counters.Out, len(u.msgs), octets, now)
	if u.carried != nil {
		u.carried.Out.Packets.Add(uint64(len(u.msgs)))
		u.carried.Out.Bytes.Add(uint64(octets))
	}
	if u.inOrder && !u.prompt {
		first, _ := u.scratch.Taken()
		out.WaitTurn(first)
	}
	all := u.send(&path)
	u.endTurn()
	if !all {
		for i := range u.msgs {
			if err := u.msgs[i].Err; err != nil {
				charge(&out.Counters, &entry.Counters.Out, sendReason(err), 1)
			}
		}
	}
	u.r.checkSoft(out.Child())
}

// endTurn tells the lanes that wait for what was sealed here that it was sent, or never will be.
func (u *uplink) endTurn() {
	out := u.sealed
	if u.sealed = nil; out == nil || !u.inOrder {
		return
	}
	if first, n := u.scratch.Taken(); n > 0 {
		out.EndTurn(first, n)
	}
}

// abandon forgets the batch, after a panic.
func (u *uplink) abandon() {
	u.frames, u.inner, u.need, u.msgs = u.frames[:0], u.inner[:0], 0, u.msgs[:0]
	u.out, u.entry, u.asked = nil, nil, nil
	u.endTurn()
}

// errNoSocket: the SA's path is of a socket that is not there.
var errNoSocket = errors.New("no socket")

// send writes msgs to the socket of a path. False: those that it did not take have an error.
func (u *uplink) send(p *sadb.Path) (all bool) {
	o := u.outlets.find(p)
	if o == nil {
		for i := range u.msgs {
			u.msgs[i].Err = errNoSocket
		}
		return false
	}
	sent, _ := o.writer.WriteBatch(u.msgs)
	return sent == len(u.msgs)
}

// sendReason is how an error of a socket is counted.
func sendReason(err error) sadb.DropReason {
	var errno syscall.Errno
	if !errors.As(err, &errno) {
		return sadb.DropSendError
	}
	switch errno {
	case syscall.EMSGSIZE:
		return sadb.DropTooBig
	case syscall.ENOBUFS, syscall.ENOMEM, syscall.EAGAIN:
		return sadb.DropSendBuffer
	case syscall.ENETUNREACH, syscall.EHOSTUNREACH, syscall.ENETDOWN, syscall.EADDRNOTAVAIL, syscall.ENODEV:
		return sadb.DropUnreachable
	case syscall.EPERM, syscall.EACCES:
		return sadb.DropForbidden
	}
	return sadb.DropSendError
}

// sealReason is how an error of Seal is counted.
func sealReason(err error) sadb.DropReason {
	if errors.Is(err, esp.ErrSeqExhausted) {
		return sadb.DropSeqExhausted
	}
	return sadb.DropTooBig
}

// tally counts a run at its SA and its policy.
func tally(sa, policy *sadb.Counters, packets, octets int, now int64) {
	for _, c := range [...]*sadb.Counters{sa, policy} {
		c.Packets.Add(uint64(packets))
		c.Bytes.Add(uint64(octets))
		c.LastUse.Store(now)
	}
}

// charge counts drops at an SA and a policy.
func charge(sa, policy *sadb.Counters, why sadb.DropReason, n int) {
	sa.Drop(why, uint64(n))
	policy.Drop(why, uint64(n))
}
