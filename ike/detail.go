package ike

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"seikan/ike/wire"
	"seikan/sadb"
)

// What the operator reads beside a Reason is in plain words and of bounded length, whatever the peer has sent: it is kept in histories.
const (
	maxDetail = 700 // octets of it
	maxListed = 300 // octets of each list of proposals or traffic selectors in it
)

// plain is a detail as the operator reads it: without the package that an error names first.
func plain(detail string) string { return shortened(strings.TrimPrefix(detail, "ike: "), maxDetail) }

// shortened is at most n octets of s, and the sign that there is more.
func shortened(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n] + "..."
}

// listed is a list of proposals or selectors.
func listed[T fmt.Stringer](list []T) string {
	var b strings.Builder
	for i, v := range list {
		if b.Len() > maxListed {
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		b.WriteString(v.String())
	}
	if b.Len() == 0 {
		return "none"
	}
	return shortened(b.String(), maxListed)
}

func selectorsText(local, remote []sadb.Selector) string {
	return listed(local) + " === " + listed(remote)
}

// noneInCommon refuses an offer of which nothing is among ours.
func noneInCommon(offered *wire.SA, ours []Proposal, protocol wire.ProtocolID, groups bool) *NotifyError {
	return refuse(wire.NO_PROPOSAL_CHOSEN, "ike: the peer offers %s; ours are %s", listed(offered.Proposals), listed(offer(ours, protocol, nil, groups).Proposals))
}

// ourOffer is the proposals of the peers that an initiator can be.
func ourOffer(peers []*peerRef) (list []Proposal) {
	for _, p := range peers {
		list = append(list, p.Proposals...)
	}
	return list
}

// refusal is what a peer's error notify says of our proposals, for the IKE SA or a Child SA.
func refusal(n *wire.Notify, ours []Proposal, protocol wire.ProtocolID, groups bool, otherwise string) string {
	switch n.Kind {
	case wire.NO_PROPOSAL_CHOSEN, wire.INVALID_KE_PAYLOAD:
		return fmt.Sprintf("the peer takes none of ours (%v): %s", n.Kind, listed(offer(ours, protocol, nil, groups).Proposals))
	}
	return otherwise + " with " + n.Kind.String()
}

// refusedAuth is what a peer's error notify says that answers IKE_AUTH.
func (s *sa) refusedAuth(n *wire.Notify) string {
	if n.Kind == wire.AUTHENTICATION_FAILED {
		return fmt.Sprintf("the peer does not accept %q with our key (%v)", s.localID, n.Kind)
	}
	return "the peer answered IKE_AUTH with " + n.Kind.String()
}

// refusal is what a peer's error notify says of the Child SA; what, how the message is called that it answers. With groups false it is IKE_AUTH.
func (x *newChild) refusal(n *wire.Notify, groups bool, what string) string {
	if n.Kind == wire.TS_UNACCEPTABLE {
		return fmt.Sprintf("the peer takes none of our traffic selectors (%v): %s", n.Kind, selectorsText(x.local, x.remote))
	}
	return refusal(n, x.proposals(), wire.ProtocolESP, groups, what)
}

// unanswered is what an exchange is called that got no answer.
func unanswered(x exchange, typ wire.ExchangeType) string {
	if _, ok := x.(*liveness); ok {
		return "no answer to a liveness check"
	}
	return "no answer to " + typ.String()
}

// flowsText is the traffic selectors of the flows with the peer.
func (s *sa) flowsText() string {
	texts := ""
	for i, f := range s.peer.flows {
		if len(texts) > maxListed {
			break
		}
		if i > 0 {
			texts += "; "
		}
		texts += selectorsText(f.Local, f.Remote)
	}
	return shortened(texts, maxListed)
}
