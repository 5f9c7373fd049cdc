package ike

import (
	"net/netip"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
	"seikan/sadb"
)

// Config is everything that an Endpoint works from. It is read once by New and never modified after; the caller
// must not modify what it refers to. The zero value of each field means its documented default.
type Config struct {
	Peers []Peer

	Port     uint16 // our port for bare IKE; default 500
	NATTPort uint16 // our port for IKE with the non-ESP marker, and ESP; default 4500

	Retransmit   Retransmit
	HalfOpenTime time.Duration // a responder forgets an IKE SA that was not authenticated by then; default 30 s
	MaxHalfOpen  int           // IKE SAs being set up by peers; more are refused; default 1000

	// CookieChallenge is the number of half-open IKE SAs from which on a new one must show by a cookie that its address is not
	// forged (RFC 7296 §2.6); default 100 or half of MaxHalfOpen, what is less; negative: always, above MaxHalfOpen: never. A new one from an address that has half of
	// MaxHalfOpenFrom must do so, too.
	CookieChallenge int

	// MaxHalfOpenFrom is how many IKE SAs one address may be setting up; default 50, for the peers behind a NAT.
	MaxHalfOpenFrom int

	FragmentMTU int           // largest IP packet that an IKE message goes out in whole, 576 or more; default 1280, negative: no fragmentation
	RekeyLinger time.Duration // the inbound SA of a rekeyed Child SA is kept this long for packets on their way; default 5 s

	// Heard reports when the data plane last took an authenticated packet on a Child SA, the zero time for never; in is
	// its inbound SPI. It is called from Advance. Nil: only IKE messages count as life.
	Heard func(in esp.SPI) time.Time
	// Sent is the same for the last packet sent. Nil: DPD.OnDemand asks as if there always was traffic.
	Sent func(in esp.SPI) time.Time
}

// Retransmit is the schedule for requests of our own (RFC 7296 §2.4): the first resend after Base, each further one
// after Factor times the last interval, at most Cap apart, Tries resends in all. Each interval is longer or shorter by up to a
// tenth at random, unless Factor is 1.
type Retransmit struct {
	Base   time.Duration // default 2 s
	Factor float64       // default 1.8
	Cap    time.Duration // default 30 s
	Tries  int           // default 5
}

// Peer is one configured peer: an entry of a crypto map with its profile and keyring.
type Peer struct {
	Name       string // as the operator knows it, "CM 10"
	Interface  string // that the crypto map is applied to
	FVRF       string // the front VRF that the two ends are in; "": the global one
	Local      netip.Addr
	Remote     netip.Addr
	Alternates []netip.Addr // our other addresses that an SA with the peer may move to (RFC 4555); at most MaxAlternates
	Port       uint16       // peer's port for bare IKE; default 500
	NATTPort   uint16       // peer's port for IKE with the marker; default 4500
	StartNATT  bool         // begin on the NATTPorts: for peers that do not take bare IKE on other ports than 500 (RFC 7296 §2.23)

	LocalID   Identity   // what we say we are; default: Local as an address
	RemoteIDs []Match    // what the peer may say it is; default: Remote as an address
	LocalKey  esp.Secret // proves us to the peer
	RemoteKey esp.Secret // proves the peer to us
	PPK       PPK        // postquantum preshared key

	Proposals []Proposal    // for the IKE SA, in order of preference
	Lifetime  time.Duration // of the IKE SA; default 24 h; it is rekeyed before
	Reauth    time.Duration // how long an authentication counts; before, a new IKE SA takes the place of this one. Default: for ever
	Unique    Unique        // what becomes of other IKE SAs of the same identity
	Childless Childless     // IKE SAs that are set up without a Child SA
	Encap     Encap         // how ESP travels
	DPD       DPD
	Flows     []Flow
}

// DPD is when an unheard peer is asked for a sign of life. The zero value never asks.
type DPD struct {
	Interval time.Duration // of silence
	Retry    time.Duration // between resends of the liveness request; zero: Config.Retransmit
	OnDemand bool          // ask only when we have sent and not heard
}

// Flow is what one Child SA is to carry: one line of the crypto map's access list, and how to protect it.
type Flow struct {
	ID            sadb.PolicyID
	Local, Remote []sadb.Selector
	Proposals     []Proposal    // for ESP, in order of preference
	Window        int           // replay window; default 64
	Lifetime      time.Duration // default 1 h
	Kilobytes     uint64        // default 4608000; NoLimit: none
	Packets       uint64        // default: no limit
	Transport     bool          // transport mode, where the two ends talk to each other for themselves and the peer agrees; else tunnel mode
	Connect       Connect       // when it is set up; default OnTraffic
}

// NoLimit as Flow.Kilobytes switches the volume limit off.
const NoLimit = ^uint64(0)

// Proposal is one set of algorithms to choose from, for the IKE SA or for ESP (RFC 7296 §3.3).
// For the IKE SA: Encr, PRF, Integ (none with a combined-mode cipher) and Groups. For ESP: Encr, Integ, ESN, and
// Groups for perfect forward secrecy in CREATE_CHILD_SA (none: no key exchange there).
type Proposal struct {
	Encr   []Encr
	PRF    []uint16
	Integ  []uint16
	Groups []wire.GroupID
	ESN    []bool // for ESP; default {false}

	// AddKE are KEMs of which one is used in addition to the first key exchange (RFC 9370), with ESP by CREATE_CHILD_SA only: ML_KEM_768, ML_KEM_1024. Empty:
	// none. A proposal with any is for peers that do so; one without, behind it, lets others in.
	AddKE []wire.GroupID
}

// Encr is an encryption transform with its key length in bits (0 where the algorithm has one length).
type Encr struct {
	ID      uint16
	KeyBits uint16
}

// Identity is an IKE identity (RFC 7296 §3.5): an address, FQDN, user FQDN or key ID.
type Identity struct {
	Kind wire.IDKind
	Data string // the octets of the payload: 4 or 16 for an address, text for a name
}

// Match is a pattern that a peer's identity is held against: `match identity remote ...`.
type Match struct {
	Kind   wire.IDKind
	Prefix netip.Prefix // for the address kinds
	Data   string       // for the others, equal octets (names: ignoring ASCII case)
	Domain bool         // Data is a domain: any FQDN or user FQDN in it
}
