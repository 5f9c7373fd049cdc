package esp

import (
	"encoding/binary"
	"fmt"
	"sync/atomic"
)

// Sealer is an outbound SA. It is safe for concurrent use by goroutines that each have their own Scratch.
type Sealer struct {
	spi    SPI
	suite  Suite
	layout layout
	alg    algorithm
	last   uint64        // the greatest sequence number there is
	sent   atomic.Uint64 // the last sequence number used
}

// NewSealer makes an outbound SA. Params.Window is not looked at. The error says what is wrong with p, as that of NewOpener. No
// two Sealers may have the same keys, unless the second goes on where the first has stopped for ever (Params.FirstSeq).
func NewSealer(p Params) (*Sealer, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("esp: new sealer: %w", err)
	}
	alg, err := newAlgorithm(p, outbound)
	if err != nil {
		return nil, fmt.Errorf("esp: new sealer: %w", err)
	}
	s := &Sealer{spi: p.SPI, suite: p.Suite, layout: p.Suite.layout(), alg: alg, last: p.lastSeq()}
	s.sent.Store(p.FirstSeq)
	return s, nil
}

// SPI is the SA's index in the packets: the peer chose it.
func (s *Sealer) SPI() SPI { return s.spi }

// Suite is what the SA's packets are protected with.
func (s *Sealer) Suite() Suite { return s.suite }

// SealedLen is the octets of ESP for an inner packet of n octets.
func (s *Sealer) SealedLen(n int) int { return s.layout.sealedLen(n) }

// HeaderLen is as that of an Opener.
func (s *Sealer) HeaderLen() int { return s.layout.bodyAt() }

// Sent is the last sequence number used: what Params.FirstSeq was, and one more for each packet sealed.
func (s *Sealer) Sent() uint64 { return s.sent.Load() }

// Left is how many sequence numbers are left, 0 when Seal says ErrSeqExhausted of everything.
func (s *Sealer) Left() uint64 { return s.last - s.sent.Load() }

// Seal makes an ESP packet of each frame. The packets are appended to dst back to back in the order of the frames, and
// their sequence numbers ascend in that order without a gap. The result is dst with the packets; dst is never grown beyond its
// capacity. It must not overlap with the inner packets, except that each of them may be where it is sealed: HeaderLen octets behind the
// beginning of its packet, which begins where the SealedLen octets of the one before end. Then nothing is copied.
//
// A sealed frame's Data aliases dst, and its Seq is set. Those of the others are unchanged, and their Err is ErrNoRoom where dst had no room for
// the packet, which takes no sequence number then, or ErrSeqExhausted. The sequence number never cycles (RFC 4303 §3.3.3): after 2^32-1,
// or 2^64-1 with ESN, ErrSeqExhausted is all that comes, for ever.
func (s *Sealer) Seal(sc *Scratch, dst []byte, frames []Frame) []byte {
	sc.taken = 0
	n := s.fit(cap(dst)-len(dst), frames)
	seq, n := s.take(n)
	sc.first, sc.taken = seq, n
	for i := range frames {
		f := &frames[i]
		if f.Err != nil {
			continue
		}
		if n == 0 {
			f.Err = ErrSeqExhausted
			continue
		}
		at, end := len(dst), len(dst)+s.layout.sealedLen(len(f.Data))
		dst = dst[:end]
		p := dst[at:end:end]
		s.write(p, f, seq)
		s.alg.putIV(sc, s.layout.ivOf(p), seq)
		s.alg.seal(sc, p, seq)
		f.Data, f.Seq = p, seq
		seq++
		n--
	}
	return dst
}

// fit sets each frame's Err to whether there is room for it, and counts those that there is.
func (s *Sealer) fit(room int, frames []Frame) (n uint64) {
	for i := range frames {
		f := &frames[i]
		if l := s.layout.sealedLen(len(f.Data)); l > room {
			f.Err = ErrNoRoom
		} else {
			f.Err = nil
			room -= l
			n++
		}
	}
	return n
}

// take uses up to n sequence numbers, beginning with first. There are fewer where the counter ends.
func (s *Sealer) take(n uint64) (first, taken uint64) {
	for {
		sent := s.sent.Load()
		n = min(n, s.last-sent)
		if n == 0 || s.sent.CompareAndSwap(sent, sent+n) {
			return sent + 1, n
		}
	}
}

// write puts the packet of frame f into p, all but IV and ICV, and in the clear.
func (s *Sealer) write(p []byte, f *Frame, seq uint64) {
	binary.BigEndian.PutUint32(p, uint32(s.spi))
	binary.BigEndian.PutUint32(p[seqAt:], uint32(seq))
	body := s.layout.bodyOf(p)
	n := len(f.Data)
	if n > 0 && &body[0] != &f.Data[0] {
		copy(body, f.Data)
	}
	pad := body[n : len(body)-trailerLen]
	for i := range pad { // 1, 2, 3 ... (RFC 4303 §2.4)
		pad[i] = byte(i + 1)
	}
	trailer := body[len(body)-trailerLen:]
	trailer[0], trailer[1] = byte(len(pad)), f.Next
}
