package ike

import (
	"cmp"
	"net/netip"
	"slices"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
	"seikan/sadb"
)

// state is where an IKE SA stands. It only ever moves down this list.
type state uint8

const (
	connecting  state = iota // IKE_SA_INIT or IKE_AUTH is not complete
	established              // authenticated
	replaced                 // rekeyed: its Child SAs have moved, a Delete is due
	deleting                 // we are deleting it
	dead                     // gone from the Endpoint
)

// sa is one IKE SA.
type sa struct {
	e          *Endpoint
	id         sadb.IKEID
	peer       *peerRef // nil at a responder until IKE_AUTH
	initiator  bool     // we started the exchange that made it: the Initiator flag
	state      state
	path       sadb.Path
	spiI, spiR wire.SPI

	// Kept from IKE_SA_INIT for IKE_AUTH, and dropped then.
	initKey                   initKey // a responder's
	initRequest, initResponse []byte
	ni, nr                    []byte
	candidates                []*peerRef // a responder's, by address

	formerKeys         *keys  // of before the additional key exchange: a resend of that may still come
	intAuthI, intAuthR []byte // what IKE_AUTH signs of it
	addedKE            bool

	algs                algorithms
	keys                *keys
	localID, remoteID   Identity
	natLocal, natRemote bool
	force               bool             // ESP travels in UDP, NAT or not
	fragments           bool             // both ends take fragments
	mobike              bool             // both ends support MOBIKE
	original            bool             // we set up the first of the SAs that rekeys have made this one of: MOBIKE's initiator
	home                netip.AddrPort   // where the peer was when it was authenticated
	elsewhere           []netip.AddrPort // where else it says that it is
	settled             sadb.Path        // what the Child SAs are on while other paths are tried, or one is checked; zero: path
	keepalives          uint             // sent
	mapping             []byte           // where the peer saw us last, as a NAT_DETECTION_DESTINATION_IP hash; of an initiator with MOBIKE behind a NAT
	notFound            int              // answers STATE_NOT_FOUND in a row
	quantum             bool             // the peer does additional key exchanges (RFC 9370)
	childless           bool             // the peer takes IKE_AUTH without a Child SA
	ppk                 bool             // both ends can mix a PPK into the keys; from IKE_AUTH on, they do

	own      ownWindow
	answered peerWindow
	queue    []exchange // of ours, waiting for the one under way

	children map[esp.SPI]*child // by inbound SPI

	started       time.Time // the set-up
	created       time.Time // authenticated; zero before
	expires       time.Time
	authenticated time.Time     // of the first of the SAs that rekeys have made this one of
	reauthIn      time.Duration // how long that counts; 0: for ever
	awaited       *awaited      // by the peer's CREATE_CHILD_SA; nil: nothing
	heir          *sa           // that takes the place of this one; nil: none
	heard         time.Time     // last authenticated message of the peer
	announced     bool          // SAStart was given
	up            bool          // SAUp was given

	reason     Reason // why it is being deleted, or soon will be
	elder      *sa    // that it was made of, while a rekey of our own is under way there
	lowNonce   []byte // of the peer's rekey that made it, until a collision is settled
	rejected   bool   // its failure was reported: we did not believe the responder
	hint       string // an unprotected error that the peer sent during IKE_SA_INIT
	hintReason Reason

	halfOpenEnd, rekeyAt, reauthAt, expireAt, livenessAt, keepaliveAt, pauseEnd, awaitEnd deadline
}

// join makes the SA one of a peer's.
func (s *sa) join(p *peerRef) {
	s.peer = p
	p.sas = append(p.sas, s)
	s.e.saPool.take(&p.count)
}

// leave takes the SA out of the Endpoint's lists.
func (s *sa) leave() {
	e := s.e
	delete(e.sas, s.id)
	delete(e.bySPI, s.ourSPI())
	e.freeID = min(e.freeID, s.id)
	if p := s.peer; p != nil && slices.Contains(p.sas, s) {
		e.saPool.give(&p.count)
		p.sas = slices.DeleteFunc(p.sas, func(o *sa) bool { return o == s })
	}
	s.state = dead
}

// timers are the deadlines but that of the request under way.
func (s *sa) timers() []*deadline {
	return []*deadline{&s.halfOpenEnd, &s.rekeyAt, &s.reauthAt, &s.expireAt, &s.livenessAt, &s.keepaliveAt, &s.pauseEnd, &s.awaitEnd}
}

func (s *sa) setDeadlines() {
	for _, d := range append(s.timers(), &s.own.resend) {
		d.of = s
	}
	s.own.resend.run = s.resend
	s.halfOpenEnd.run = s.timeOut
	s.pauseEnd.run = s.pump
	s.awaitEnd.run = func(now time.Time, out *Output) { s.forsake(now); s.pump(now, out) }
	s.rekeyAt.run = func(now time.Time, out *Output) { s.rekey(now, out) }
	s.reauthAt.run = s.reauthenticate
	s.expireAt.run = func(now time.Time, out *Output) { s.delete(now, cmp.Or(s.reason, ReasonLifetime), out) }
	s.livenessAt.run = s.checkLiveness
	s.keepaliveAt.run = s.sendKeepalive
}

// timeOut ends an SA that the peer should have authenticated, or, once it is replaced, deleted.
func (s *sa) timeOut(now time.Time, out *Output) {
	if s.state == replaced {
		s.kill(now, ReasonRekeyed, "the peer did not delete it", out)
		return
	}
	s.kill(now, ReasonTimeout, "the peer did not complete the set-up", out)
}

// ourSPI and peerSPI are the SPIs by side.
func (s *sa) ourSPI() wire.SPI {
	if s.initiator {
		return s.spiI
	}
	return s.spiR
}

func (s *sa) peerSPI() wire.SPI {
	if s.initiator {
		return s.spiR
	}
	return s.spiI
}

// info is a copy of what others may know.
func (s *sa) info() SAInfo {
	i := SAInfo{
		ID: s.id, Path: s.path, ESP: s.espPath(), SPIi: s.spiI, SPIr: s.spiR, Initiator: s.initiator, Active: s.state == established,
		RemoteID: s.remoteID, LocalID: s.localID, NATLocal: s.natLocal, NATRemote: s.natRemote,
		Created: s.created, Expires: s.expires, Fragments: s.fragments, NextOwn: s.own.next, NextPeer: s.answered.next,
	}
	if a := s.algs; s.keys != nil {
		i.Suite, i.Transforms = a.String(), Transforms{Encr: a.encr, PRF: a.prf, Integ: a.integ, Group: a.group, AddKE: a.addKE}
	}
	if !s.created.IsZero() { // there is no other method
		i.Auth = Auth{Local: wire.AuthSharedKey, Remote: wire.AuthSharedKey}
	}
	if p := s.likelyPeer(); p != nil {
		i.Peer, i.Interface, i.DPD, i.DPDEvery, i.DPDRetry = p.Name, p.Interface, p.DPD.Interval > 0, p.DPD.Interval, p.DPD.Retry
	}
	return i
}

// likelyPeer is the peer, or at a responder that does not know yet the only one it can be.
func (s *sa) likelyPeer() *peerRef {
	if s.peer == nil && len(s.candidates) == 1 {
		return s.candidates[0]
	}
	return s.peer
}

// begin announces the set-up.
func (s *sa) announce(out *Output) {
	s.announced = true
	out.Events = append(out.Events, SAStart{s.info()})
}

// establish makes the SA usable: it is authenticated, or was made by a rekey of one that is.
func (s *sa) establish(now time.Time, replaces sadb.IKEID, out *Output) {
	e := s.e
	s.state = established
	s.created, s.heard, s.up = now, now, true
	if !s.home.IsValid() {
		s.home = s.path.Remote
	}
	if s.authenticated.IsZero() {
		s.authenticated = now
	}
	s.expires = now.Add(s.peer.Lifetime)
	if due := s.authenticated.Add(s.reauthIn); s.reauthIn > 0 {
		s.expires = earlier(s.expires, due)
		e.deadlines.arm(&s.reauthAt, later(now, due.Add(s.rekeyAfter(s.reauthIn)-s.reauthIn)))
	}
	s.candidates, s.initRequest, s.initResponse = nil, nil, nil
	s.formerKeys, s.intAuthI, s.intAuthR = nil, nil, nil
	e.deadlines.disarm(&s.halfOpenEnd)
	e.deadlines.arm(&s.rekeyAt, now.Add(s.rekeyAfter(s.peer.Lifetime)))
	e.deadlines.arm(&s.expireAt, s.expires)
	if s.peer.DPD.Interval > 0 {
		e.deadlines.arm(&s.livenessAt, now.Add(s.peer.DPD.Interval))
	}
	if s.natLocal {
		e.deadlines.arm(&s.keepaliveAt, now.Add(keepaliveInterval))
	}
	s.peer.failures, s.peer.retry = 0, time.Time{}
	out.Events = append(out.Events, SAUp{SA: s.info(), Replaces: replaces})
	if s.probesMapping() {
		s.queue = append(s.queue, &liveness{}) // where the peer sees us first; it is begun with the next that is pumped
	}
}

// rekeyAfter is the share of a lifetime after which this side rekeys. The initiator of the SA goes first, so that in the common
// case the two sides do not rekey at once (RFC 7296 §2.8).
func (s *sa) rekeyAfter(lifetime time.Duration) time.Duration {
	if s.initiator {
		return between(lifetime, 84, 90)
	}
	return between(lifetime, 92, 97)
}
