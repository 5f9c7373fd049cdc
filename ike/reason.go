package ike

// Reason is why an SA went down or could not be set up.
type Reason uint8

// Reasons.
const (
	ReasonNone               Reason = iota
	ReasonOperator                  // cleared by the operator
	ReasonShutdown                  // this router is stopping
	ReasonPeerDeleted               // the peer sent a Delete
	ReasonPeerLost                  // no answer to a request, resends included
	ReasonAuthFailed                // AUTHENTICATION_FAILED, found by us or told by the peer
	ReasonNoProposal                // NO_PROPOSAL_CHOSEN, found by us or told by the peer
	ReasonNoTrafficSelectors        // TS_UNACCEPTABLE, found by us or told by the peer
	ReasonRekeyed                   // replaced
	ReasonLifetime                  // hard lifetime reached
	ReasonReplacedByPeer            // INITIAL_CONTACT or a new IKE SA of the same peer
	ReasonProtocol                  // the peer broke the protocol: INVALID_SYNTAX and the like
	ReasonTimeout                   // set-up by the peer was never completed
	ReasonPeerError                 // the peer answered with another error notify
	ReasonLocal                     // this router could not: no key, no policy, out of room
	ReasonReauthenticated           // another IKE SA has taken its place
	ReasonReconfigured              // the configuration has it otherwise now
	ReasonRemoved                   // the configuration does not have it any more
	ReasonFault                     // a panic of this router (Faulted)
	ReasonTooMany                   // NO_ADDITIONAL_SAS, found by us or told by the peer; or an IKE SA that has made room for others of its peer
	NumReasons
)

var reasonText = [...]string{
	ReasonNone: "none", ReasonOperator: "cleared by operator", ReasonShutdown: "router stopped", ReasonPeerDeleted: "deleted by peer",
	ReasonPeerLost: "peer does not answer", ReasonAuthFailed: "authentication failed", ReasonNoProposal: "no proposal chosen",
	ReasonNoTrafficSelectors: "traffic selectors unacceptable", ReasonRekeyed: "rekeyed", ReasonLifetime: "lifetime expired",
	ReasonReplacedByPeer: "replaced by a new session of the peer", ReasonProtocol: "protocol error", ReasonTimeout: "set-up timed out",
	ReasonPeerError: "refused by peer", ReasonLocal: "local failure", ReasonReauthenticated: "reauthenticated", ReasonReconfigured: "configuration changed",
	ReasonRemoved: "removed from the configuration", ReasonFault: "internal error",
	ReasonTooMany: "too many SAs",
}

func (r Reason) String() string { return reasonText[r] }

// Drop is why a received message was not acted on.
type Drop uint8

// Drop reasons.
const (
	DropMalformed     Drop = iota // does not parse
	DropVersion                   // a major version above 2, or below
	DropUnknownSA                 // names an IKE SA that is not here
	DropMessageID                 // outside the window
	DropICV                       // does not authenticate
	DropUnprotected               // should have been encrypted
	DropState                     // not allowed in this state, exchange or role
	DropSyntax                    // authenticated (or IKE_SA_INIT), but breaks the exchange's schema
	DropNoPeer                    // no configured peer has that address
	DropHalfOpenLimit             // too many IKE SAs being set up
	DropSpoofedError              // an unprotected error that is not believed
	DropRetransmit                // a resend of a request, answered from the cache
	DropFragment                  // a fragment that is there already, breaks a bound, or was not agreed on
	DropCookie                    // an IKE_SA_INIT without the cookie that is asked for
	DropFault                     // a panic of this router while it was handled (Faulted)
	NumDrops
)

var dropText = [...]string{
	DropMalformed: "malformed", DropVersion: "version", DropUnknownSA: "unknown SA", DropMessageID: "message id", DropICV: "integrity check",
	DropUnprotected: "unprotected", DropState: "wrong state", DropSyntax: "syntax", DropNoPeer: "no such peer", DropHalfOpenLimit: "half-open limit",
	DropSpoofedError: "unauthenticated error", DropRetransmit: "retransmission",
	DropFragment: "fragment", DropCookie: "no cookie", DropFault: "internal error",
}

func (d Drop) String() string { return dropText[d] }
