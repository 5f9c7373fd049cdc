package sadb

// DropReason is why a packet went no further.
type DropReason uint8

// Reasons for drops.
const (
	// Of inbound SAs.
	DropReplay      DropReason = iota // the sequence number was seen before (RFC 4303 §3.4.3)
	DropStale                         // the sequence number is left of the replay window
	DropICV                           // the packet did not authenticate
	DropPadding                       // the padding is not what ESP says it is
	DropNextHeader                    // the next header contradicts the packet, or is of no tunnel
	DropIdentity                      // the inner packet is outside of the SA's selectors (RFC 4301 §5.2)
	DropMartian                       // the inner packet has an address that no router passes on (RFC 1812 §5.3.7)
	DropGRE                           // the GRE header is not that of the tunnel (RFC 2784, RFC 2890)
	DropGREFragment                   // it is a fragment of a packet with GRE, which is not put together
	DropECN                           // congestion was marked, and the inner packet cannot carry the mark (RFC 6040 §4.2)

	// Of outbound SAs and policies.
	DropDiscard      // the policy says so
	DropBypass       // the policy says that it leaves in the clear, which from the device it cannot
	DropNoSA         // there is no SA for it, and none came up
	DropQueueFull    // too many packets wait for an SA already
	DropSeqExhausted // the SA has no sequence numbers left
	DropTooBig       // it does not fit into a datagram, or through the path
	DropSendBuffer   // the system had no room for it
	DropUnreachable  // the system has no way to the peer
	DropForbidden    // a filter of the system did not let it out
	DropSendError    // the socket did not take it, for another reason

	// Of both.
	DropMalformed // no whole IP packet, or no whole ESP packet
	DropVolume    // the SA has carried all that it may
	DropFragment  // a fragment without ports that no selectors for any port take (RFC 4301 §7.1)

	// Of the router.
	DropNoPolicy     // no policy matches
	DropUnknownSPI   // ESP for an SA that is not here
	DropNonESPShort  // a datagram that is too short to be anything
	DropTunWrite     // the device did not take it
	DropIKEQueueFull // too many IKE messages wait already
	DropSocketFull   // the router did not get to the socket's queue in time
	DropFault        // a panic of this router, which has ended the batch that it was in

	NumDropReasons = iota // how many there are
)

var dropWords = [NumDropReasons]string{
	DropReplay:       "replay",
	DropStale:        "left of the replay window",
	DropICV:          "bad ICV",
	DropPadding:      "bad padding",
	DropNextHeader:   "bad next header",
	DropIdentity:     "outside the selectors",
	DropMartian:      "martian",
	DropGRE:          "bad GRE header",
	DropGREFragment:  "fragment of GRE",
	DropECN:          "congestion mark",
	DropDiscard:      "policy",
	DropBypass:       "policy: in the clear",
	DropNoSA:         "no SA",
	DropQueueFull:    "hold queue full",
	DropSeqExhausted: "sequence numbers exhausted",
	DropTooBig:       "too big",
	DropSendBuffer:   "send buffer full",
	DropUnreachable:  "peer unreachable",
	DropForbidden:    "forbidden by a filter",
	DropSendError:    "send error",
	DropMalformed:    "malformed",
	DropVolume:       "volume limit",
	DropFragment:     "fragment outside the selectors",
	DropNoPolicy:     "no policy",
	DropUnknownSPI:   "unknown SPI",
	DropNonESPShort:  "short datagram",
	DropTunWrite:     "device write error",
	DropIKEQueueFull: "IKE queue full",
	DropSocketFull:   "socket queue full",
	DropFault:        "internal error",
}

// String is a few words, the same in every release: operators and their tools look for them.
func (r DropReason) String() string {
	if r < NumDropReasons {
		return dropWords[r]
	}
	return "unknown"
}
