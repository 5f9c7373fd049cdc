package ike

import (
	"testing"
	"time"

	"seikan/ike/wire"
)

// twoGroups lets both ends take two groups for the IKE SA, and prefer the first.
func twoGroups(x, y *Config) {
	for _, c := range []*Config{x, y} {
		c.Peers[0].Proposals[0].Groups = []wire.GroupID{wire.ECP_256, wire.CURVE25519}
	}
}

// x rekeys the IKE SA, y does not; what else can happen to it meanwhile (RFC 7296 §2.8, §2.18).
func TestCollisionIKERekey(t *testing.T) {
	for _, tt := range []stepCase{
		{"regular", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.settled("x1", "c0")
		}},
		{"key exchange invalid", twoGroups, nil, func(c *steps, _ int) {
			c.rekeyIn(c.x, wire.CURVE25519)
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {N(INVALID_KE_PAYLOAD)}")
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.settled("x2", "c0")
		}},
		{"the responder ignores a soft limit", nil, nil, func(c *steps, _ int) {
			old := c.y.sole()
			c.x.rekeySA()
			c.pass("SK {SA, Ni, KEi} -->")
			c.y.do(old.rekey)
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.y.do(old.rekey)
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.settled("x1", "c0")
		}},
		{"the responder deletes the old one by mistake", nil, nil, func(c *steps, _ int) {
			old := c.y.sole()
			c.x.rekeySA()
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.y.do(func(now time.Time, out *Output) { c.y.e.Delete(now, old.id, ReasonLifetime, out) })
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {D(ike0)}")
			c.pass("             <-- SK {}")
			c.pass("SK {...} -->") // y has it no more
			c.settled("x1", "c0")
		}},
		{"the responder deletes the old one by mistake, and its answer is late", func(_, y *Config) {
			y.Peers[0].DPD = DPD{Interval: time.Minute}
		}, nil, func(c *steps, _ int) {
			old := c.y.sole()
			c.lossy = true // until y notices that x is not there
			c.x.rekeySA()
			c.pass("SK {SA, Ni, KEi} -->")
			c.y.do(func(now time.Time, out *Output) { c.y.e.Delete(now, old.id, ReasonLifetime, out) })
			c.pass("             <-- SK {D(ike0)}")
			c.pass("SK {} -->")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.release(time.Hour)
			c.leaves("")
		}},
		{"the responder deletes the new one", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.pass("SK {SA, Ni, KEi} -->")
			c.y.delete()
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(x1)}")
			c.pass("SK {} -->")
			c.settled("")
		}},
		{"the responder deletes the new one, and its answer is late", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.pass("SK {SA, Ni, KEi} -->")
			c.y.delete()
			c.pass("           <-- SK {...}") // x does not know that SA yet
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.pass("SK {D(ike0)} -->")
			c.pass("             <-- SK {}")
			c.wait(3 * time.Second)
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(x1)}")
			c.pass("SK {} -->")
			c.settled("")
		}},
		{"the responder has lost the SA", nil, nil, func(c *steps, _ int) {
			c.lossy = true
			old := c.y.sole()
			c.y.do(func(now time.Time, out *Output) { old.kill(now, ReasonLocal, "", out) })
			c.x.rekeySA()
			c.pass("SK {...} -->")
			c.quiet()
			c.release(5 * time.Minute)
			c.x.wantDown(ReasonPeerLost)
			c.leaves("")
		}},
		{"the initiator never deletes the old one", nil, nil, func(c *steps, _ int) {
			old := c.x.sole()
			c.x.rekeySA()
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.forget(c.x, old, "SK {D(ike0)} -->")
			c.x.do(func(now time.Time, out *Output) { old.kill(now, ReasonRekeyed, "", out) })
			c.wait(c.y.e.cfg.HalfOpenTime + time.Second)
			c.settled("x1", "c0")
		}},
		{"the Delete of the old one gets lost", nil, nil, func(c *steps, _ int) {
			c.x.rekeySA()
			c.pass("SK {SA, Ni, KEi} -->")
			c.pass("                 <-- SK {SA, Nr, KEr}")
			c.drop("SK {D(ike0)} -->")
			c.wait(3 * time.Second)
			c.pass("SK {D(ike0)} -->")
			c.drop("             <-- SK {}")
			c.wait(time.Minute) // the old one is gone at y, which does not answer any more
			c.way = nil
			c.settled("x1", "c0")
		}},
	} {
		tt.play(t)
	}
}
