package ike

import (
	"fmt"
	"testing"
	"time"

	"seikan/ike/wire"
)

// Cases that were found wrong once, beyond the tables.
func TestCollisionMore(t *testing.T) {
	for _, tt := range []stepCase{
		{"both at once, and y deletes the old one by mistake", nil, ofY, mistakenDelete},
		{"both at once, and the answer to x is lost until the old one is gone", nil, ofX, lostAnswer},
		{"both at once, the answer to x is late, and y deletes what is left", nil, ofY, lateAnswerAndDelete},
		{"child rekeyed, the responder deletes the new one", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.expire(c.y, "x1")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("           <-- SK {D(x1)}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(x1)} -->")
			c.settled("ike0")
		}},
		{"child rekeyed, the responder deletes the new one, and its answer is late", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.expire(c.y, "x1")
			c.pass("           <-- SK {D(x1)}")
			c.pass("SK {} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.release(time.Minute)
			c.agree()
		}},
		{"child rekeyed, the responder rekeys the new one, and its answer is late", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.rekeyChild(c.y, "x1")
			if c.index("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}") >= 0 {
				c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
				c.pass("SK {N(CHILD_SA_NOT_FOUND)} -->")
			}
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.release(time.Minute)
			c.agree()
		}},
		{"both rekey the IKE SA, the request of x is lost, and y deletes a child on the new one", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.y, "c0")
			c.y.rekeySA() // waits for the one before
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->") // the Delete of c0 waits for the rekey of the IKE SA
			c.use(c.x, "y1")
			c.x.rekeySA()
			c.drop("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("           <-- SK {D(c0)}") // on the new one
			c.pass("SK {D(c0)} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("y2", "y1")
		}},
		{"both rekey the IKE SA, the request of x is lost, and y rekeys a child on the new one", nil, nil, func(c *steps, _ int) {
			c.y.rekeySA()
			c.rekeyChild(c.y, "c0") // waits for the one before
			c.x.rekeySA()
			c.drop("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}") // on the new one
			c.release(time.Minute)
			c.leaves("new", "new")
		}},
		{"child rekeyed while y deletes it", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.expire(c.y, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}") // RFC 7296 §2.25.1
		}},
		{"child rekeyed while y deletes it after its own rekey", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}") // RFC 7296 §2.25.1
		}},
		{"the answer that makes an IKE SA goes before the first request on it", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.y.rekeySA()
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			for i, d := range c.x.out.Datagrams {
				if h, err := wire.ParseHeader(d.Data); err != nil || (h.Flags&wire.FlagResponse != 0) != (i == 0) {
					c.fail("x sends %q in this order", c.texts())
				}
			}
		}},
	} {
		tt.play(t)
	}
}

// Noisy networks in which an end sends what the other one does not take, for the reasons above.
func TestCollisionNoise(t *testing.T) {
	for _, seed := range []uint64{4, 47, 70, 449, 1249} {
		t.Run(fmt.Sprintf("seed=%d", seed), func(t *testing.T) { noise(t, seed, false) })
	}
}
