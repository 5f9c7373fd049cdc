package ike

import (
	"crypto/rand"
	"encoding/binary"
	"fmt"
	"iter"
	"net/netip"
	"slices"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
	"seikan/sadb"
)

// Endpoint is one router's IKE: its IKE SAs, both those it starts and those its peers start, and the Child SAs that belong
// to them. Make one with New. Not safe for concurrent use; one goroutine owns it.
type Endpoint struct {
	cfg       Config
	peers     map[endpoints][]*peerRef // in the order of the configuration
	flows     map[sadb.PolicyID]*flowRef
	sas       map[sadb.IKEID]*sa
	freeID    sadb.IKEID        // all below are taken
	bySPI     map[wire.SPI]*sa  // by our own SPI
	halfOpen  map[initKey]*sa   // set up by peers and not authenticated yet
	openFrom  map[sadb.Host]int // how many of those an address has
	cookies   cookies
	children  map[esp.SPI]*child
	deadlines deadlines
	saPool    pool
	childPool pool
	away      map[sadb.Host]bool // our addresses that are gone
	drops     [NumDrops]uint64
	traces    func(sadb.Host) bool // whose messages are told of; nil: nobody's
	stopping  bool
	torn      []*sa // that the work under way has begun to change
}

// endpoints are the addresses of the two ends, in a front VRF.
type endpoints struct {
	local, remote netip.Addr
	vrf           string
}

// initKey tells a resend of an IKE_SA_INIT request from a new one (RFC 7296 §2.1).
type initKey struct {
	spiI wire.SPI
	from netip.AddrPort
	vrf  string // front VRF
}

// peerRef is a configured peer, and what its last failed attempt leaves behind.
type peerRef struct {
	*Peer
	flows    []*flowRef
	sas      []*sa // with the peer, in the order in which that was known
	count    int   // of those, and children of their Child SAs: as the pools count them
	children int
	failures int       // in a row
	retry    time.Time // no new attempt before
	reason   Reason    // of the last failure
}

// New checks cfg and makes an Endpoint of it.
func New(cfg Config) (*Endpoint, error) {
	cfg = cfg.withDefaults()
	e := &Endpoint{
		cfg:      cfg,
		peers:    map[endpoints][]*peerRef{},
		freeID:   1,
		flows:    map[sadb.PolicyID]*flowRef{},
		sas:      map[sadb.IKEID]*sa{},
		bySPI:    map[wire.SPI]*sa{},
		halfOpen: map[initKey]*sa{},
		openFrom: map[sadb.Host]int{},
		children: map[esp.SPI]*child{},
		away:     map[sadb.Host]bool{},
		saPool:   poolOfSAs, childPool: poolOfChildren,
	}
	if err := cfg.check(); err != nil {
		return nil, fmt.Errorf("ike: %w", err)
	}
	for i := range cfg.Peers {
		e.add(&peerRef{}, &e.cfg.Peers[i])
	}
	return e, nil
}

// add puts a configured peer into the tables. ref is what is kept of it: a fresh one, or one that was there before.
func (e *Endpoint) add(ref *peerRef, p *Peer) {
	before := ref.flows
	ref.Peer, ref.flows = p, nil
	for j := range p.Flows {
		f := &flowRef{sought: p.Flows[j].Connect != OnTraffic}
		f.again = deadline{of: f, run: func(now time.Time, out *Output) { e.seek(now, f, out) }}
		if i := slices.IndexFunc(before, func(o *flowRef) bool { return o.Flow.same(&p.Flows[j]) }); i >= 0 {
			f = before[i]
		}
		f.Flow, f.peer = &p.Flows[j], ref
		e.flows[f.ID] = f
		ref.flows = append(ref.flows, f)
	}
	at := endpoints{p.Local, p.Remote, p.FVRF}
	e.peers[at] = append(e.peers[at], ref)
}

// Handle takes one received datagram.
func (e *Endpoint) Handle(now time.Time, d Datagram, out *Output) {
	e.guard(now, Faulted{Path: d.Path}, nil, out, func() { e.handle(now, d, out) })
}

func (e *Endpoint) handle(now time.Time, d Datagram, out *Output) {
	m, err := wire.ParseHeader(d.Data)
	switch {
	case err != nil && m.Version>>4 > 2:
		e.refuseVersion(d, m, out)
	case err != nil:
		e.drop(d, DropMalformed, out)
	case m.Version>>4 != 2:
		e.drop(d, DropVersion, out)
	case int(m.Length) != len(d.Data):
		e.drop(d, DropMalformed, out)
	case m.Exchange == wire.IKE_SA_INIT && m.Flags&wire.FlagResponse == 0:
		e.handleInit(now, d, m, out)
	default:
		e.handleSA(now, d, m, out)
	}
}

// handleSA takes a message that belongs to an IKE SA which is here already.
func (e *Endpoint) handleSA(now time.Time, d Datagram, h wire.Header, out *Output) {
	ours, theirs := h.SPIi, h.SPIr
	fromInitiator := h.Flags&wire.FlagInitiator != 0
	if fromInitiator {
		ours, theirs = h.SPIr, h.SPIi
	}
	s := e.bySPI[ours]
	if ours == 0 || s == nil || s.initiator == fromInitiator || s.path.VRF != d.Path.VRF {
		e.drop(d, DropUnknownSA, out)
		return
	}
	if h.Exchange == wire.IKE_SA_INIT {
		s.handleInitResponse(now, d, out)
		return
	}
	if theirs != s.peerSPI() || theirs == 0 {
		e.drop(d, DropUnknownSA, out)
		return
	}
	s.handle(now, d, h, out)
}

func (e *Endpoint) drop(d Datagram, why Drop, out *Output) {
	e.drops[why]++
	out.Events = append(out.Events, Dropped{From: d.Path.Remote, VRF: d.Path.VRF, Reason: why})
}

// refuseVersion answers a request of a later major version than ours, unprotected (RFC 7296 §2.5).
func (e *Endpoint) refuseVersion(d Datagram, h wire.Header, out *Output) {
	e.drop(d, DropVersion, out)
	if h.Flags&wire.FlagResponse != 0 {
		return
	}
	e.sent(0, Sent, Datagram{Path: d.Path, Data: clearAnswer(h, &wire.Notify{Kind: wire.INVALID_MAJOR_VERSION})}, out)
}

// clearAnswer is an unprotected answer to the request h.
func clearAnswer(h wire.Header, ps ...wire.Payload) []byte {
	h.Version, h.Flags = version, (h.Flags&wire.FlagInitiator^wire.FlagInitiator)|wire.FlagResponse
	m := wire.Message{Header: h, Payloads: ps}
	return m.Append(nil)
}

// RekeyChild replaces a Child SA before its volume is used up. An SPI that is not here is ignored.
func (e *Endpoint) RekeyChild(now time.Time, in esp.SPI, out *Output) {
	if c := e.children[in]; c != nil {
		e.request(now, c, out, c.rekey)
	}
}

// RekeySA replaces an IKE SA before its time. An ID that is not here is ignored.
func (e *Endpoint) RekeySA(now time.Time, id sadb.IKEID, out *Output) {
	if s := e.sas[id]; s != nil {
		e.request(now, s, out, s.rekey)
	}
}

// ExpireChild deletes a Child SA whose volume is used up.
func (e *Endpoint) ExpireChild(now time.Time, in esp.SPI, out *Output) {
	if c := e.children[in]; c != nil {
		e.request(now, c, out, c.expire)
	}
}

// Used tells that an authenticated packet arrived on the Child SA: the peer has it, so what stands by may be used.
func (e *Endpoint) Used(now time.Time, in esp.SPI, out *Output) {
	if c := e.children[in]; c != nil {
		e.request(now, c, out, func(_ time.Time, out *Output) { c.activate(out) })
	}
}

// Delete ends an IKE SA and its Child SAs. The Child SAs are down at once; the peer is told of them first and of the IKE SA
// then, and SADown follows its answer, or the last resend.
func (e *Endpoint) Delete(now time.Time, id sadb.IKEID, why Reason, out *Output) {
	if s := e.sas[id]; s != nil {
		e.request(now, s, out, func(now time.Time, out *Output) { s.delete(now, why, out) })
	}
}

// request does what the caller asks for, of h.
func (e *Endpoint) request(now time.Time, h holder, out *Output, f func(now time.Time, out *Output)) {
	e.guard(now, Faulted{}, h, out, func() { f(now, out) })
}

// Shutdown deletes all IKE SAs. Nothing is set up any more; Len is 0 when every peer has answered or been given up.
func (e *Endpoint) Shutdown(now time.Time, out *Output) {
	e.stopping = true
	for _, s := range e.sorted() {
		s.delete(now, ReasonShutdown, out)
	}
}

// Len is the number of IKE SAs, those being set up included.
func (e *Endpoint) Len() int { return len(e.sas) }

// SAs lists the IKE SAs by ID.
func (e *Endpoint) SAs() iter.Seq[SAInfo] {
	return func(yield func(SAInfo) bool) {
		for _, s := range e.sorted() {
			if !yield(s.info()) {
				return
			}
		}
	}
}

// Drops counts the messages that were not acted on, by Drop.
func (e *Endpoint) Drops() [NumDrops]uint64 { return e.drops }

func (e *Endpoint) sorted() []*sa {
	all := make([]*sa, 0, len(e.sas))
	for _, s := range e.sas {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *sa) int { return int(a.id) - int(b.id) })
	return all
}

// newSA makes an IKE SA with an SPI and the lowest free ID.
func (e *Endpoint) newSA(now time.Time, p *peerRef, path sadb.Path, initiator bool) *sa {
	for e.sas[e.freeID] != nil {
		e.freeID++
	}
	s := &sa{e: e, id: e.freeID, path: path, initiator: initiator, started: now, children: map[esp.SPI]*child{}}
	if p != nil {
		s.join(p)
	}
	spi := e.newSPI()
	if initiator {
		s.spiI = spi
	} else {
		s.spiR = spi
	}
	e.changing(s)
	e.sas[s.id] = s
	e.bySPI[spi] = s
	s.setDeadlines()
	return s
}

func (e *Endpoint) newSPI() wire.SPI {
	for {
		var b [8]byte
		rand.Read(b[:])
		if spi := wire.SPI(binary.BigEndian.Uint64(b[:])); spi != 0 && e.bySPI[spi] == nil {
			return spi
		}
	}
}

func (e *Endpoint) newChildSPI() esp.SPI {
	for {
		var b [4]byte
		rand.Read(b[:])
		if spi := esp.SPI(binary.BigEndian.Uint32(b[:])); spi > 255 && e.children[spi] == nil {
			return spi
		}
	}
}

// candidates are the peers that may be behind a path, in the order of the configuration.
func (e *Endpoint) candidates(p sadb.Path) []*peerRef {
	return e.peers[endpoints{p.Local.Addr(), p.Remote.Addr(), p.VRF}]
}
