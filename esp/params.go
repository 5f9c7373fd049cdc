package esp

import "fmt"

// Params are what one direction of an SA is made of. NewSealer and NewOpener read them and keep no reference: the caller
// owns Key and Auth and may clear them afterwards.
type Params struct {
	SPI   SPI    // at least 256
	Suite Suite  // must pass Check
	Key   Secret // KEYMAT of the encryption algorithm with its salt, as long as Suite.KeyLen says
	Auth  Secret // KEYMAT of the integrity algorithm, as long as Suite.KeyLen says: empty with a combined mode one
	ESN   bool   // 64-bit sequence numbers (RFC 4303 §2.2.1)

	// Window is the replay window of an inbound SA in packets, 64 to 8192 and a multiple of 64. 0 means 64.
	// Negative switches anti-replay off (RFC 4303 §3.4.3): then a packet is opened as often as it comes. A Sealer does not
	// look at it.
	Window int

	// FirstSeq is the number of the last packet that was sent or received before: 0 for a new SA, more where one is taken
	// over, at most 2^32-1 without ESN. The Sealer begins after it; to the Opener it, and all before it, are old. With the keys
	// of another Sealer it must be that one's Sent or more: a number that is used twice is an IV that is used twice.
	FirstSeq uint64
}

const (
	minSPI        = 256 // RFC 4303 §2.1
	minWindow     = 64  // RFC 4303 §3.4.3: 32 MUST be supported, 64 is preferred and SHOULD be the default
	maxWindow     = 8192
	maxSeq        = 1<<32 - 1
	maxExtendedSN = 1<<64 - 1
)

// check finds what no SA can be made of, whatever its direction.
func (p Params) check() error {
	if p.SPI < minSPI {
		return fmt.Errorf("SPI %v is reserved", p.SPI)
	}
	if err := p.Suite.Check(); err != nil {
		return err
	}
	if encr, integ := p.Suite.KeyLen(); len(p.Key) != encr || len(p.Auth) != integ {
		return fmt.Errorf("keys of %d and %d octets for %v, want %d and %d", len(p.Key), len(p.Auth), p.Suite, encr, integ)
	}
	if p.FirstSeq > p.lastSeq() {
		return fmt.Errorf("sequence number %d does not fit into 32 bits", p.FirstSeq)
	}
	return nil
}

// lastSeq is the greatest sequence number of the SA.
func (p Params) lastSeq() uint64 {
	if p.ESN {
		return maxExtendedSN
	}
	return maxSeq
}

// window makes the SA's replay window. Without anti-replay it has no bits, and only finds the high half of extended
// numbers: as far back as forward, because nothing is too old then.
func (p Params) window() (Window, error) {
	switch {
	case p.Window < 0:
		return Window{size: 1 << 31, top: p.FirstSeq}, nil
	case p.Window == 0:
		return newWindow(minWindow, p.FirstSeq)
	}
	return newWindow(p.Window, p.FirstSeq)
}
