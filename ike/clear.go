package ike

import (
	"time"

	"seikan/esp"
)

// DeleteChild ends a Child SA and tells the peer. Its IKE SA stays.
func (e *Endpoint) DeleteChild(now time.Time, in esp.SPI, why Reason, out *Output) {
	if c := e.children[in]; c != nil {
		c.remove(now, why, out)
	}
}
