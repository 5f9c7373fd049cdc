package ike

import (
	"testing"
	"time"
)

// x rekeys an SA and y deletes one at the same time (RFC 7296 §2.25).
func TestCollisionRekeyDelete(t *testing.T) {
	for _, tt := range []stepCase{
		{"child rekeyed, child deleted", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.expire(c.y, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {D(c0)} -->")
			c.settled("ike0")
		}},
		{"child rekeyed, child deleted, and the Delete is late", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.expire(c.y, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.drop("           <-- SK {D(c0)}")
			c.wait(3 * time.Second)
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->") // x tried again before
			c.pass("                                   <-- SK {N(CHILD_SA_NOT_FOUND)}")
			c.settled("ike0")
		}},
		{"child rekeyed, child deleted, and the rekey is late", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.expire(c.y, "c0")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(CHILD_SA_NOT_FOUND)}")
			c.settled("ike0")
		}},
		{"child rekeyed, child deleted, and the refusal is late", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.expire(c.y, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.drop("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.wait(3 * time.Second)
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.settled("ike0")
		}},
		{"child rekeyed, IKE SA deleted", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.y.delete()
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {D(c0)} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("")
		}},
		{"child rekeyed, IKE SA deleted, and the rekey is late", nil, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.y.delete()
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->") // y has the IKE SA no more
			c.settled("")
		}},
		{"IKE SA rekeyed, IKE SA deleted", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.y.delete()
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {D(c0)} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("")
		}},
		{"IKE SA rekeyed, IKE SA deleted, and the Delete is late", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.y.delete()
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.drop("           <-- SK {D(c0)}")
			c.await("SK {SA, Ni, KEi} -->") // x tries again
			c.pass("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.await("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.settled("")
		}},
		{"IKE SA rekeyed, IKE SA deleted, and the rekey is late", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.y.delete()
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.pass("SK {SA, Ni, KEi} -->") // y has the IKE SA no more
			c.settled("")
		}},
		{"IKE SA rekeyed, IKE SA deleted, and the refusal is late", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.y.delete()
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.pass("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.settled("")
		}},
		{"IKE SA rekeyed, child deleted", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.expire(c.y, "c0")
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("                 <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {D(c0)} -->")
			c.await("SK {SA, Ni, KEi} -->") // x tries again
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.settled("x2")
		}},
		{"IKE SA rekeyed, child deleted, and the rekey is late", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.expire(c.y, "c0")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.settled("x1")
		}},
		{"IKE SA rekeyed and deleted at one end", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.x.delete() // waits for the rekey
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.release(time.Minute)
			c.leaves("")
		}},
	} {
		tt.play(t)
	}
}

// Deletes alone, and two at once (RFC 7296 §1.4.1).
func TestCollisionDelete(t *testing.T) {
	for _, tt := range []stepCase{
		{"child", nil, nil, func(c *steps, _ int) {
			c.expire(c.x, "c0")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.settled("ike0")
		}},
		{"child, both at once", nil, nil, func(c *steps, _ int) {
			c.expire(c.x, "c0")
			c.expire(c.y, "c0")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("           <-- SK {}")
			c.pass("SK {} -->")
			c.settled("ike0")
		}},
		{"child, both at once, one after the other", nil, nil, func(c *steps, _ int) {
			c.expire(c.x, "c0")
			c.expire(c.y, "c0")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {}")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {} -->")
			c.settled("ike0")
		}},
		{"IKE SA", nil, nil, func(c *steps, _ int) {
			c.x.delete()
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.settled("")
		}},
		{"IKE SA, both at once", nil, nil, func(c *steps, _ int) {
			c.x.delete()
			c.y.delete()
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("           <-- SK {}")
			c.pass("SK {} -->")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("             <-- SK {}")
			c.pass("SK {...} -->")
			c.settled("")
		}},
		{"IKE SA and child", nil, nil, func(c *steps, _ int) {
			c.x.delete()
			c.expire(c.y, "c0")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("           <-- SK {}")
			c.pass("SK {} -->")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.settled("")
		}},
	} {
		tt.play(t)
	}
}
