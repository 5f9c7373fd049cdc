package ike

import (
	"testing"
	"time"

	"seikan/ike/wire"
)

// otherGroups lets the two ends of a Child SA ask for different groups first, so that a rekey needs a second try.
func otherGroups(x, y *Config) {
	x.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{wire.ECP_256, wire.CURVE25519}
	y.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{wire.CURVE25519, wire.ECP_256}
}

// x rekeys the Child SA, y does not; what else can happen to it meanwhile (RFC 7296 §2.8).
func TestCollisionChildRekey(t *testing.T) {
	for _, tt := range []stepCase{
		{"regular", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.settled("ike0", "x1")
		}},
		{"key exchange invalid", otherGroups, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr} -->")
			c.pass("                                        <-- SK {N(INVALID_KE_PAYLOAD)}")
			c.pass("SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr} -->")
			c.pass("                                        <-- SK {SA, Nr, KEr, TSi, TSr}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.settled("ike0", "x2")
		}},
		{"the responder ignores a soft limit", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.rekeyChild(c.y, "c0")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.rekeyChild(c.y, "c0")
			c.pass("SK {D(c0)} -->")
			c.rekeyChild(c.y, "c0")
			c.pass("           <-- SK {D(c0)}")
			c.settled("ike0", "x1")
		}},
		{"the responder handles a hard limit", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.expire(c.y, "c0")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("           <-- SK {}") // both delete: neither names it in the answer (RFC 7296 §1.4.1)
			c.pass("SK {} -->")
			c.settled("ike0", "x1")
		}},
		{"the responder has lost the SA", nil, nil, func(c *steps, _ int) {
			in := c.child(c.y, "c0")
			c.lost[in] = true
			c.y.do(func(now time.Time, out *Output) { c.y.e.children[in].down(now, ReasonLocal, out) })
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(CHILD_SA_NOT_FOUND)}")
			c.quiet()
			c.x.acquire("f0") // the next packet
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.pass("                      <-- SK {SA, Nr, TSi, TSr}")
			c.settled("ike0", "x2")
		}},
		{"the responder deletes the old one by mistake", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.expire(c.y, "c0")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {} -->")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {}")
			c.settled("ike0", "x1")
		}},
		{"the responder deletes the old one by mistake, and its answer is late", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.expire(c.y, "c0")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.settled("ike0", "x1")
		}},
		{"the initiator never deletes the old one", nil, nil, func(c *steps, _ int) {
			c.wait(30 * time.Minute) // so that the old one runs out long before the new one
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.forget(c.x, c.x.sole(), "SK {D(c0)} -->")
			c.lost[c.child(c.x, "c0")] = true      // at the hard limit, which y may reach a moment later
			c.wait(30*time.Minute - time.Second/2) // in which it was made
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {} -->")
			c.settled("ike0", "x1")
		}},
		{"the Delete of the old one gets lost", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.drop("SK {D(c0)} -->")
			c.wait(3 * time.Second)
			c.pass("SK {D(c0)} -->")
			c.drop("           <-- SK {D(c0)}")
			c.wait(4 * time.Second)
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.settled("ike0", "x1")
		}},
	} {
		tt.play(t)
	}
}

// giveUp makes a side forget the rekey of a Child SA that it waits for the answer of, which RFC 7296 §2.1 forbids.
func (c *steps) giveUp(s *side) {
	x := s.sole()
	x.own.x.(*rekeyChild).old.rekeying = nil
	x.own.x, x.own.msg = nil, nil
	s.e.deadlines.disarm(&x.own.resend)
	clear(c.waiting)
}

// forget makes a side forget a request that it has just sent, as if it had never meant to.
func (c *steps) forget(s *side, x *sa, text string) {
	c.t.Helper()
	c.drop(text)
	x.own.x, x.own.msg = nil, nil
	x.own.next--
	s.e.deadlines.disarm(&x.own.resend)
	clear(c.waiting)
}
