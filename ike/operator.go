package ike

import (
	"time"

	"seikan/esp"
	"seikan/sadb"
)

// SA describes an IKE SA as it is now. It reports whether there is one with that ID.
func (e *Endpoint) SA(id sadb.IKEID) (SAInfo, bool) {
	s := e.sas[id]
	if s == nil {
		return SAInfo{}, false
	}
	return s.info(), true
}

// DeleteChild ends a Child SA and tells the peer. Its IKE SA stays.
func (e *Endpoint) DeleteChild(now time.Time, in esp.SPI, why Reason, out *Output) {
	if c := e.children[in]; c != nil {
		e.request(now, c, out, func(now time.Time, out *Output) { c.remove(now, why, out) })
	}
}
