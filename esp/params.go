package esp

import "fmt"

// Params are what one direction of an SA is made of. NewSealer and NewOpener read them and keep no reference: the caller
// owns Key and Auth and may clear them afterwards.
type Params struct {
	SPI   SPI
	Suite Suite
	Key   Secret // KEYMAT of the encryption algorithm with its salt, as long as Suite.KeyLen says
	Auth  Secret // of the integrity algorithm
	ESN   bool   // 64-bit sequence numbers (RFC 4303 §2.2.1)

	// Window is the replay window of an inbound SA in packets, 64 to 8192 and a multiple of 64. 0 means 64.
	// Negative switches anti-replay off (RFC 4303 §3.4.3).
	Window int

	// FirstSeq is the number of the last packet that was sent or received before: 0 for a new SA, more where one is taken
	// over. The Sealer begins after it; to the Opener it, and all before it, are old.
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

// window makes the SA's replay window.
func (p Params) window() (Window, error) {
	size := p.Window
	if size <= 0 { // without anti-replay it still finds the high half of extended numbers
		size = minWindow
	}
	return newWindow(size, p.FirstSeq)
}
