package ike

import (
	"testing"
	"time"
)

// gone takes the first Child SA away, so that the next packet asks for one.
func (c *steps) gone() {
	c.t.Helper()
	c.expire(c.x, "c0")
	c.pass("SK {D(c0)} -->")
	c.pass("           <-- SK {D(c0)}")
	c.quiet()
}

// A Child SA is set up while something else is under way (RFC 7296 §2.25).
func TestCollisionChildCreate(t *testing.T) {
	for _, tt := range []stepCase{
		{"alone", nil, nil, func(c *steps, _ int) {
			c.gone()
			c.x.acquire("f0")
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.pass("                      <-- SK {SA, Nr, TSi, TSr}")
			c.settled("ike0", "x1")
		}},
		{"both at once", nil, nil, func(c *steps, _ int) { // RFC 7296 knows no redundant one here: both stay
			c.gone()
			c.x.acquire("f0")
			c.y.acquire("f0")
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.pass("                      <-- SK {SA, Ni, TSi, TSr}")
			c.pass("                      <-- SK {SA, Nr, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			c.settled("ike0", "x1", "y1")
		}},
		{"both, and the answer of one comes before the request of the other", nil, nil, func(c *steps, _ int) {
			c.gone()
			c.x.acquire("f0")
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.y.acquireIfNone() // what x asked for is there
			c.pass("                      <-- SK {SA, Nr, TSi, TSr}")
			c.settled("ike0", "x1")
		}},
		{"the request comes twice", nil, nil, func(c *steps, _ int) {
			c.gone()
			c.x.acquire("f0")
			c.wait(3 * time.Second)
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.pass("                      <-- SK {SA, Nr, TSi, TSr}")
			c.pass("                      <-- SK {SA, Nr, TSi, TSr}")
			c.settled("ike0", "x1")
		}},
		{"against a rekey of the IKE SA", nil, nil, func(c *steps, _ int) {
			c.gone()
			c.x.acquire("f0")
			c.y.rekeySA()
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("                      <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {N(TEMPORARY_FAILURE)} -->")
			c.quiet()
			c.release(time.Minute) // both try again, at random times
			c.leaves("new", "new")
		}},
		{"against a rekey of the IKE SA, whose request is late", nil, nil, func(c *steps, _ int) {
			c.gone()
			c.x.acquire("f0")
			c.y.rekeySA()
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.pass("                      <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.await("SK {SA, Ni, TSi, TSr} -->") // x tries again, on the new one
			c.pass("                      <-- SK {SA, Nr, TSi, TSr}")
			c.settled("y1", "x2")
		}},
		{"against a rekey of the IKE SA, whose refusal is late", nil, nil, func(c *steps, _ int) {
			c.gone()
			c.x.acquire("f0")
			c.y.rekeySA()
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.pass("                      <-- SK {N(TEMPORARY_FAILURE)}")
			c.wait(4 * time.Second)
			c.release(time.Minute)
			c.leaves("new", "new")
		}},
		{"against a Delete of the IKE SA", nil, nil, func(c *steps, _ int) {
			c.gone()
			c.x.acquire("f0")
			c.y.delete()
			c.pass("SK {SA, Ni, TSi, TSr} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("                      <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {} -->")
			c.settled("")
			if f := find[Failed](c.x); len(f) != 1 || f[0].Policies[0] != "f0" {
				c.fail("x: got Failed %+v, want one for the packet that waits", f)
			}
		}},
	} {
		tt.play(t)
	}
}

// The Child SA is rekeyed at x and the IKE SA at y at the same time (RFC 7296 §2.25.2).
func TestCollisionChildRekeyIKERekey(t *testing.T) {
	for _, tt := range []stepCase{
		{"both at once", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.y.rekeySA()
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {N(TEMPORARY_FAILURE)} -->")
			c.quiet()
			c.release(time.Minute) // both try again, at random times
			c.leaves("new", "new")
		}},
		{"the rekey of the IKE SA is late", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.y.rekeySA()
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.await("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->") // x tries again, on the new one
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.settled("y1", "x2")
		}},
		{"the rekey of the Child SA is late", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.y.rekeySA()
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {N(TEMPORARY_FAILURE)} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.await("                 <-- SK {SA, Ni, KEi}") // y tries again
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("y2", "x1")
		}},
		{"one after the other at one end", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.x.rekeySA() // waits
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.release(time.Minute)
			c.leaves("new", "new")
		}},
		{"while the Delete of the old Child SA is on its way", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.use(c.y, "x1")
			c.y.rekeySA()
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {N(TEMPORARY_FAILURE)} -->")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.await("                 <-- SK {SA, Ni, KEi}") // y tries again
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("y2", "x1")
		}},
		{"while the answer to the rekey of a Child SA may not have arrived", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.drop("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.y.rekeySA() // waits: x might take it, and forget its own
			c.quiet()
			c.await("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.await("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("y1", "x1")
		}},
		{"and x gives its rekey of a Child SA up", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.drop("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.giveUp(c.x)
			c.wait(c.y.e.cfg.HalfOpenTime)
			c.y.rekeySA()
			c.pass("                 <-- SK {SA, Ni, KEi}")
			c.pass("SK {SA, Nr, KEr} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.await("           <-- SK {D(x1)}") // that x does not have
			c.pass("SK {} -->")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.settled("y1", "y2")
		}},
	} {
		tt.play(t)
	}
}
