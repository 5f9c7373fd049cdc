package ike

import (
	"net/netip"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
	"seikan/sadb"
)

// Datagram is one UDP datagram, received or to be sent. Path.Local tells the socket. Data is the bare IKE message: the
// socket's owner takes the non-ESP marker away and puts it on, for sockets of the NAT-T port (RFC 3948 §2.2).
type Datagram struct {
	Path      sadb.Path
	Data      []byte // received: borrowed for the call; to be sent: immutable
	Keepalive bool   // to be sent: a NAT keepalive (RFC 3948 §2.3), Data is the one octet, without a marker
}

// Output is the complete effect of a call: apply Events in order, then send Datagrams in order, so that an SA is
// installed before the message that lets the peer use it. Reset between calls to reuse its memory.
type Output struct {
	Events    []Event
	Datagrams []Datagram
}

// Reset empties o and keeps its memory.
func (o *Output) Reset() {
	clear(o.Events)
	clear(o.Datagrams)
	o.Events, o.Datagrams = o.Events[:0], o.Datagrams[:0]
}

// Event is something that happened to an SA. The concrete types are the ones below.
type Event interface{ event() }

// SAInfo describes an IKE SA at one moment; it is a copy.
type SAInfo struct {
	ID         sadb.IKEID
	Peer       string // Peer.Name; "" for a responder's SA whose peer is not known yet
	Interface  string
	Path       sadb.Path
	ESP        sadb.Path // that its Child SAs take: Path, or where ESP travels bare the same addresses with port 0
	SPIi, SPIr wire.SPI
	Initiator  bool     // of the exchange that created it
	Active     bool     // authenticated and usable; false while being set up, and once replaced or being deleted
	RemoteID   Identity // zero until authenticated
	LocalID    Identity
	NATLocal   bool // a NAT is in front of us
	NATRemote  bool // a NAT is in front of the peer, or the peer says so to force encapsulation
	DPD        bool
	DPDEvery   time.Duration // of silence, before the peer is asked for a sign of life; 0: never
	DPDRetry   time.Duration // between resends of that; 0: as for every request
	Fragments  bool          // both ends take IKE fragments (RFC 7383)
	Created    time.Time     // zero until authenticated
	Expires    time.Time
	Suite      string     // as negotiated, in IANA names
	Transforms Transforms // the same for programs; zero until negotiated
	Auth       Auth       // zero until authenticated

	// The message IDs of the next request, ours and the peer's (RFC 7296 §2.2). Both windows are of one message.
	NextOwn, NextPeer uint32
}

// Transforms is what an IKE SA uses, by the transform IDs of IANA.
type Transforms struct {
	Encr         Encr
	PRF, Integ   uint16
	Group, AddKE wire.GroupID // AddKE is NONE without an additional key exchange (RFC 9370)
}

// Auth is how the two ends proved who they are.
type Auth struct{ Local, Remote wire.AuthMethod }

// SAStart: an IKE SA is being set up, by us or by the peer (after its IKE_SA_INIT was answered).
type SAStart struct{ SA SAInfo }

// SAUp: an IKE SA was authenticated. Also given when a rekey creates one, with Replaces naming the old one.
type SAUp struct {
	SA       SAInfo
	Replaces sadb.IKEID // 0: a new one; else its Child SAs belong to SA.ID from now on
}

// SAEnding: an IKE SA that was up is being deleted by us. Its Child SAs are down, and it is of no more use; SADown follows when the
// peer has answered or was given up.
type SAEnding struct {
	SA     SAInfo
	Reason Reason
}

// SADown: an IKE SA is gone, with everything of it; each of its Child SAs had its ChildDown before.
// Every SAStart and every SAUp of an ID has exactly one SADown (one for both).
type SADown struct {
	SA     SAInfo
	Reason Reason
	Detail string // in plain words, for the log and the operator; never a secret
}

// ChildOffered: the peer is being offered a Child SA with this inbound SPI. It may send by it before its answer is here and ChildUp is
// given, which need not follow.
type ChildOffered struct{ In esp.SPI }

// ChildUp: install this pair of ESP SAs.
type ChildUp struct {
	Spec     sadb.ChildSpec
	Replaces esp.SPI      // inbound SPI of the Child SA that it rekeys; 0: a new one
	Group    wire.GroupID // of its own key exchange, for perfect forward secrecy; NONE without one, as always in IKE_AUTH
	AddKE    wire.GroupID // of the additional one; NONE without
}

// ChildActive: the peer is known to receive on the standby outbound SA; use it.
type ChildActive struct{ In esp.SPI }

// ChildRetired: the peer has dropped, or is dropping, its inbound side: send nothing more; keep receiving until ChildDown.
type ChildRetired struct{ In esp.SPI }

// ChildDown: remove the pair.
type ChildDown struct {
	In     esp.SPI
	IKE    sadb.IKEID
	Reason Reason
}

// PathMoved: the IKE SA and its Child SAs travel on another path from now on.
type PathMoved struct {
	SA   SAInfo
	From sadb.Path
}

// Failed: an attempt to set up an IKE SA or a Child SA came to nothing. Flows waiting on Policies are to be given up.
type Failed struct {
	Peer     string
	SA       sadb.IKEID // 0: none came to be
	Path     sadb.Path
	Policies []sadb.PolicyID
	Reason   Reason
	Detail   string
	Repeat   bool // nothing was tried: the last attempt failed a moment ago, or the router is stopping
}

// Dropped: a message was not acted on. Counted; logged at most sampled.
type Dropped struct {
	From   netip.AddrPort
	VRF    string // the front VRF that it came from
	Reason Drop
}

func (SAStart) event()      {}
func (SAUp) event()         {}
func (SAEnding) event()     {}
func (SADown) event()       {}
func (ChildOffered) event() {}
func (ChildUp) event()      {}
func (ChildActive) event()  {}
func (ChildRetired) event() {}
func (ChildDown) event()    {}
func (PathMoved) event()    {}
func (Failed) event()       {}
func (Dropped) event()      {}
