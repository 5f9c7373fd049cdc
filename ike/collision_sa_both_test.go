package ike

import (
	"testing"
	"time"

	"seikan/ike/wire"
)

// crossSA begins a rekey of the IKE SA at both ends and lets the requests pass each other:
//
//	SK {SA, Ni, KEi} -->
//	                 <-- SK {SA, Ni, KEi}
func (c *steps) crossSA(low int) {
	c.t.Helper()
	c.low(low)
	c.x.rekeySA()
	c.y.rekeySA()
	c.pass("SK {SA, Ni, KEi} -->")
	c.pass("                 <-- SK {SA, Ni, KEi}")
}

// finishSA is the end of two rekeys at once: each end deletes what it has to, and the Deletes cross.
func (c *steps) finishSA(low int, x, y string) {
	c.t.Helper()
	kept, ofX, ofY := x, "ike0", y
	if xLoses(low) {
		kept, ofX, ofY = y, x, "ike0"
	}
	c.pass("SK {D(" + ofX + ")} -->")
	c.pass("<-- SK {D(" + ofY + ")}")
	c.pass("SK {} -->")
	c.pass("<-- SK {}")
	c.settled(kept, "c0")
}

// Both ends rekey the IKE SA at once (RFC 7296 §2.8.2).
func TestCollisionIKERekeyBoth(t *testing.T) {
	for _, tt := range []stepCase{
		{"both at once", nil, anyNonce, func(c *steps, low int) {
			c.crossSA(low)
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.finishSA(low, "x1", "y1")
		}},
		{"the answer to x is late", nil, anyNonce, func(c *steps, low int) {
			c.crossSA(low)
			c.pass("SK {SA, Nr, KEr} -->")
			if xLoses(low) {
				c.pass("             <-- SK {D(ike0)}")
				c.pass("SK {} -->")
				c.pass("                 <-- SK {SA, Nr, KEr}")
				c.settled("y1", "c0")
				return
			}
			c.pass("             <-- SK {D(y1)}")
			c.pass("SK {} -->")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.settled("x1", "c0")
		}},
		{"the request of x is lost", nil, threeNonces, func(c *steps, low int) {
			c.low(low)
			c.x.rekeySA()
			c.y.rekeySA()
			c.drop("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("y1", "c0")
		}},
		{"the request of x is late", nil, threeNonces, func(c *steps, low int) {
			c.lateRequestSA(low)
			c.pass("             <-- SK {D(ike0)}")
			c.pass("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {} -->")
			c.settled("y1", "c0")
		}},
		{"the request of x is late, and refused before the Delete", nil, threeNonces, func(c *steps, low int) {
			c.lateRequestSA(low)
			c.pass("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("y1", "c0")
		}},
		{"the request of x is late, and so is the Delete", nil, threeNonces, func(c *steps, low int) {
			c.lateRequestSA(low)
			c.drop("             <-- SK {D(ike0)}")
			c.drop("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.wait(3 * time.Second)
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("y1", "c0")
		}},
		{"the request of x comes after the end of y's rekey", nil, threeNonces, func(c *steps, low int) {
			c.low(low)
			c.x.rekeySA()
			c.y.rekeySA()
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.pass("SK {SA, Ni, KEi} -->")
			c.settled("y1", "c0")
		}},
		{"key exchange invalid at both", twoGroups, anyNonce, func(c *steps, low int) {
			c.refuseBoth()
			c.low(low)
			c.pass("                 <-- SK {N(INVALID_KE_PAYLOAD)}")
			c.pass("SK {N(INVALID_KE_PAYLOAD)} -->")
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.finishSA(low, "x2", "y2")
		}},
		{"key exchange invalid at both, and the second try of x is late", twoGroups, threeNonces, func(c *steps, low int) {
			c.refuseBoth()
			c.low(low)
			c.pass("                 <-- SK {N(INVALID_KE_PAYLOAD)}")
			c.pass("SK {N(INVALID_KE_PAYLOAD)} -->")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {} -->")
			c.settled("y2", "c0")
		}},
		{"both at once, and y deletes the old one by mistake", nil, anyNonce, func(c *steps, low int) {
			old := c.y.sole()
			c.crossSA(low)
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.y.do(func(now time.Time, out *Output) { c.y.e.Delete(now, old.id, ReasonOperator, out) })
			c.pass("SK {SA, Nr, KEr} -->")
			c.release(time.Hour)
			c.leaves("")
		}},
	} {
		tt.play(t)
	}
}

// lateRequestSA is two rekeys at once of which y's passes first:
//
//	                 <-- SK {SA, Ni, KEi}
//	SK {SA, Nr, KEr} -->
//	SK {SA, Ni, KEi} -->
func (c *steps) lateRequestSA(low int) {
	c.t.Helper()
	c.low(low)
	c.x.rekeySA()
	c.y.rekeySA()
	c.pass("                 <-- SK {SA, Ni, KEi}")
	c.pass("SK {SA, Nr, KEr} -->")
	c.pass("SK {SA, Ni, KEi} -->")
}

// refuseBoth is two rekeys at once in a group that neither end likes:
//
//	SK {SA, Ni, KEi} -->
//	                 <-- SK {SA, Ni, KEi}
func (c *steps) refuseBoth() {
	c.t.Helper()
	c.rekeyIn(c.x, wire.CURVE25519)
	c.rekeyIn(c.y, wire.CURVE25519)
	c.pass("SK {SA, Ni, KEi} -->")
	c.pass("                 <-- SK {SA, Ni, KEi}")
}
