package ike

import (
	"testing"
	"time"

	"seikan/ike/wire"
)

// The four nonces of two rekeys at once, in the order in which they are drawn. The exchange that has the lowest is one too many
// (RFC 7296 §2.8.1).
const (
	nonceX  = iota // Ni of x
	nonceY         // Ni of y
	nonceYr        // Nr of y, for x's rekey
	nonceXr        // Nr of x, for y's rekey
)

var (
	anyNonce    = []int{nonceX, nonceY, nonceYr, nonceXr}
	threeNonces = []int{nonceX, nonceY, 2} // one of the ends makes no answer
	ofX         = []int{nonceX, nonceYr}
	ofY         = []int{nonceY, nonceXr}
)

// xLoses reports whether x's rekey is the redundant one.
func xLoses(low int) bool { return low == nonceX || low == nonceYr }

// cross begins a rekey of the Child SA at both ends and lets the requests pass each other:
//
//	SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->
//	                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}
func (c *steps) cross(low int) {
	c.t.Helper()
	c.low(low)
	c.rekeyChild(c.x, "c0")
	c.rekeyChild(c.y, "c0")
	c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
	c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
}

// finish is the end of two rekeys at once: each end deletes what it has to, and the Deletes cross.
func (c *steps) finish(low int, x, y string) {
	c.t.Helper()
	kept, redundant, of := x, y, c.y
	if xLoses(low) {
		kept, redundant, of = y, x, c.x
	}
	ofX, ofY := "c0", redundant
	if of == c.x {
		ofX, ofY = redundant, "c0"
	}
	c.pass("SK {D(" + ofX + ")} -->")
	c.pass("<-- SK {D(" + ofY + ")}")
	c.pass("SK {D(" + ofY + ")} -->")
	c.pass("<-- SK {D(" + ofX + ")}")
	c.settled("ike0", kept)
}

// mixedGroups lets x ask for a key exchange that y does not need, and y for none where x needs one.
func mixedGroups(x, y *Config) {
	x.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{wire.ECP_256, wire.NONE}
	y.Peers[0].Flows[0].Proposals[0].Groups = []wire.GroupID{wire.NONE, wire.ECP_256}
}

// Both ends rekey the Child SA at once (RFC 7296 §2.8.1).
func TestCollisionChildRekeyBoth(t *testing.T) {
	for _, tt := range []stepCase{
		{"both at once", nil, anyNonce, func(c *steps, low int) {
			c.cross(low)
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			c.finish(low, "x1", "y1")
		}},
		{"mixed: x with a key exchange, y without, and y need not try again", mixedGroups, nil, func(c *steps, _ int) {
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {N(INVALID_KE_PAYLOAD)} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.settled("ike0", "x1")
		}},
		{"mixed: x with a key exchange, y without and then with one", mixedGroups, anyNonce, func(c *steps, low int) {
			// The first nonce of y and that of the refusal do not count.
			c.low([]int{nonceX: 0, nonceY: 3, nonceYr: 4, nonceXr: 5}[low])
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {N(INVALID_KE_PAYLOAD)} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr} -->")
			c.pass("                                        <-- SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr}")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("SK {SA, Nr, KEr, TSi, TSr} -->")
			c.finish(low, "x1", "y2")
		}},
		{"the answer to x is late", nil, anyNonce, func(c *steps, low int) {
			c.cross(low)
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			if xLoses(low) {
				c.pass("           <-- SK {D(c0)}")
				c.pass("SK {D(c0)} -->")
				c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
				c.pass("SK {D(x1)} -->")
				c.pass("           <-- SK {D(x1)}")
				c.settled("ike0", "y1")
				return
			}
			c.pass("           <-- SK {D(y1)}")
			c.pass("SK {D(y1)} -->")
			c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
			c.pass("SK {D(c0)} -->")
			c.pass("           <-- SK {D(c0)}")
			c.settled("ike0", "x1")
		}},
		{"the request of x is late", nil, threeNonces, func(c *steps, low int) {
			c.low(low)
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {D(c0)} -->")
			c.settled("ike0", "y1")
		}},
		{"the request of x is late, and refused before the Delete", nil, threeNonces, func(c *steps, low int) {
			c.low(low)
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.settled("ike0", "y1")
		}},
		{"the request of x comes after the end of y's rekey", nil, threeNonces, func(c *steps, low int) {
			c.low(low)
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(CHILD_SA_NOT_FOUND)}")
			c.settled("ike0", "y1")
		}},
		{"the request of x comes after the old one has lingered", nil, threeNonces, func(c *steps, low int) {
			c.low(low)
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.drop("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.wait(3 * time.Second)
			c.drop("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.wait(4 * time.Second)
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(CHILD_SA_NOT_FOUND)}")
			c.settled("ike0", "y1")
		}},
		{"the request of x comes after the end of y's rekey and a Delete", nil, threeNonces, func(c *steps, low int) {
			c.low(low)
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("                                   <-- SK {N(REKEY_SA), SA, Ni, TSi, TSr}")
			c.pass("SK {SA, Nr, TSi, TSr} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("SK {D(c0)} -->")
			c.expire(c.y, "y1")
			c.pass("           <-- SK {D(y1)}")
			c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
			c.pass("                                   <-- SK {N(CHILD_SA_NOT_FOUND)}")
			c.pass("SK {D(y1)} -->")
			c.settled("ike0")
		}},
		{"key exchange invalid at both", otherGroups, anyNonce, func(c *steps, low int) {
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr} -->")
			c.pass("                                        <-- SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr}")
			c.low(low)
			c.pass("                                        <-- SK {N(INVALID_KE_PAYLOAD)}")
			c.pass("SK {N(INVALID_KE_PAYLOAD)} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr} -->")
			c.pass("                                        <-- SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr}")
			c.pass("                                        <-- SK {SA, Nr, KEr, TSi, TSr}")
			c.pass("SK {SA, Nr, KEr, TSi, TSr} -->")
			c.finish(low, "x2", "y2")
		}},
		{"key exchange invalid at both, and the second try of x is late", otherGroups, threeNonces, func(c *steps, low int) {
			c.rekeyChild(c.x, "c0")
			c.rekeyChild(c.y, "c0")
			c.pass("SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr} -->")
			c.pass("                                        <-- SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr}")
			c.low(low)
			c.pass("                                        <-- SK {N(INVALID_KE_PAYLOAD)}")
			c.pass("SK {N(INVALID_KE_PAYLOAD)} -->")
			c.pass("                                        <-- SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr}")
			c.pass("SK {SA, Nr, KEr, TSi, TSr} -->")
			c.pass("SK {N(REKEY_SA), SA, Ni, KEi, TSi, TSr} -->")
			c.pass("           <-- SK {D(c0)}")
			c.pass("                                        <-- SK {N(TEMPORARY_FAILURE)}")
			c.pass("SK {D(c0)} -->")
			c.settled("ike0", "y2")
		}},
		{"both at once, and y deletes the old one by mistake", nil, ofX, mistakenDelete},
		{"the answer to x is lost until the old one is gone", nil, ofY, lostAnswer},
		{"the answer to x is late, and y deletes what is left", nil, ofX, lateAnswerAndDelete},
	} {
		tt.play(t)
	}
}

func mistakenDelete(c *steps, low int) {
	c.cross(low)
	c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
	c.expire(c.y, "c0")
	c.pass("SK {SA, Nr, TSi, TSr} -->")
	if xLoses(low) {
		c.pass("SK {D(x1)} -->")
		c.pass("           <-- SK {D(c0)}")
		c.pass("SK {D(c0)} -->")
		c.pass("           <-- SK {D(x1)}")
		c.settled("ike0", "y1")
		return
	}
	c.pass("SK {D(c0)} -->")
	c.pass("           <-- SK {D(c0)}")
	c.pass("           <-- SK {}")
	c.pass("SK {} -->")
	c.pass("           <-- SK {D(y1)}")
	c.pass("SK {D(y1)} -->")
	c.settled("ike0", "x1")
}

func lostAnswer(c *steps, low int) {
	c.cross(low)
	c.pass("SK {SA, Nr, TSi, TSr} -->")
	c.drop("                                   <-- SK {SA, Nr, TSi, TSr}")
	if xLoses(low) {
		c.pass("           <-- SK {D(c0)}")
		c.pass("SK {D(c0)} -->")
	} else {
		c.pass("           <-- SK {D(y1)}")
		c.pass("SK {D(y1)} -->")
	}
	c.wait(3 * time.Second)
	c.drop("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
	c.wait(4 * time.Second)
	c.pass("SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->")
	c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
	if xLoses(low) {
		c.pass("SK {D(x1)} -->")
		c.pass("           <-- SK {D(x1)}")
		c.settled("ike0", "y1")
		return
	}
	c.pass("SK {D(c0)} -->")
	c.pass("           <-- SK {D(c0)}")
	c.settled("ike0", "x1")
}

func lateAnswerAndDelete(c *steps, low int) {
	c.cross(low)
	c.pass("SK {SA, Nr, TSi, TSr} -->")
	if !xLoses(low) {
		c.pass("           <-- SK {D(y1)}")
		c.pass("SK {D(y1)} -->")
		c.expire(c.y, "c0")
		c.pass("           <-- SK {D(c0)}")
		c.pass("SK {D(c0)} -->")
		c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
		c.settled("ike0", "x1")
		return
	}
	c.pass("           <-- SK {D(c0)}")
	c.pass("SK {D(c0)} -->")
	c.expire(c.y, "y1")
	c.pass("           <-- SK {D(y1)}")
	c.pass("SK {D(y1)} -->")
	c.pass("                                   <-- SK {SA, Nr, TSi, TSr}")
	c.pass("SK {D(x1)} -->") // the redundant one all the same
	c.pass("           <-- SK {D(x1)}")
	c.settled("ike0")
}
