package esp

import (
	"encoding/binary"
	"fmt"
	"sync"

	"golang.org/x/crypto/cryptobyte"
)

// Opener is an inbound SA. It is safe for concurrent use by goroutines that each have their own Scratch.
type Opener struct {
	spi        SPI
	suite      Suite
	layout     layout
	alg        algorithm
	esn        bool
	antiReplay bool

	mu     sync.Mutex
	window Window // guarded by mu
}

// NewOpener makes an inbound SA. The error says what is wrong with p: a reserved SPI, a suite that Check refuses, keys or a
// window that have not the right length, a FirstSeq that is too great. It names no octet of a key.
func NewOpener(p Params) (*Opener, error) {
	if err := p.check(); err != nil {
		return nil, fmt.Errorf("esp: new opener: %w", err)
	}
	window, err := p.window()
	if err != nil {
		return nil, fmt.Errorf("esp: new opener: %w", err)
	}
	alg, err := newAlgorithm(p, inbound)
	if err != nil {
		return nil, fmt.Errorf("esp: new opener: %w", err)
	}
	return &Opener{
		spi: p.SPI, suite: p.Suite, layout: p.Suite.layout(), alg: alg,
		esn: p.ESN, antiReplay: p.Window >= 0, window: window,
	}, nil
}

// SPI is the SA's index in the packets: we chose it.
func (o *Opener) SPI() SPI { return o.spi }

// Suite is what the SA's packets are protected with.
func (o *Opener) Suite() Suite { return o.suite }

// HeaderLen is where the inner packet begins in the ESP packet, in octets: the length of SPI, sequence number and IV.
func (o *Opener) HeaderLen() int { return o.layout.bodyAt() }

// Last is the greatest sequence number received; 0: none was.
func (o *Opener) Last() uint64 {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.window.top
}

// Open takes each frame's Data, an ESP packet from its SPI on, back to the inner packet, in place. An opened frame's Data
// begins HeaderLen octets after it did, without padding of either kind (RFC 4303 §2.4, §2.7), Next says what it is, Seq is its sequence number, and Err is nil. A
// dummy packet, Next 59, is an opened frame like others. The Data of a frame with an Err stays where it was; what it holds
// then is not specified.
//
// The steps are those of RFC 4303 §3.4: the sequence number is checked against the window, the packet authenticated, and
// only then decrypted and the window moved. Of several packets with one number, in one batch or in several goroutines at
// once, one is opened and the others are ErrReplay.
//
// Err is ErrShort, ErrSPI, ErrReplay, ErrStale, ErrICV or ErrPadding, and never wrapped. A packet that is ErrPadding is authentic,
// and has moved the window. With ESN one that comes when it is left of the window is ErrICV, not ErrStale: its number is taken
// for one of the next 2^32 (RFC 4303 appendix A2.2).
func (o *Opener) Open(sc *Scratch, frames []Frame) {
	for len(frames) > 0 {
		n := min(len(frames), openRun)
		o.open(sc, frames[:n])
		frames = frames[n:]
	}
}

func (o *Opener) open(sc *Scratch, frames []Frame) {
	for i := range frames {
		frames[i].Seq, frames[i].Err = o.parse(frames[i].Data)
	}
	o.check(frames)
	for i := range frames {
		if f := &frames[i]; f.Err == nil && !o.alg.open(sc, f.Data, f.Seq) {
			f.Err = ErrICV
		}
	}
	o.commit(frames)
	for i := range frames {
		if f := &frames[i]; f.Err == nil {
			f.strip(o.layout)
		}
	}
}

// parse is a packet's sequence number, as far as the packet carries it.
func (o *Opener) parse(p []byte) (uint64, error) {
	var spi, low uint32
	s := cryptobyte.String(p)
	switch {
	case !o.layout.whole(len(p)) || !s.ReadUint32(&spi) || !s.ReadUint32(&low):
		return 0, ErrShort
	case SPI(spi) != o.spi:
		return 0, ErrSPI
	}
	return uint64(low), nil
}

// check holds the packets against the window, and extends their numbers.
func (o *Opener) check(frames []Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range frames {
		if frames[i].Err != nil {
			continue
		}
		if o.esn {
			frames[i].Seq = o.window.Extend(uint32(frames[i].Seq))
		}
		if o.antiReplay {
			frames[i].Err = o.window.Check(frames[i].Seq)
		}
	}
}

// commit moves the window on to the packets that have authenticated. One of them may have been a duplicate of another.
func (o *Opener) commit(frames []Frame) {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range frames {
		switch {
		case frames[i].Err != nil:
		case o.antiReplay:
			frames[i].Err = o.window.Commit(frames[i].Seq)
		default:
			o.window.top = max(o.window.top, frames[i].Seq) // for Extend
		}
	}
}

// strip reduces a decrypted packet to the inner packet.
func (f *Frame) strip(l layout) {
	body := l.bodyOf(f.Data)
	inner, trailer := body[:len(body)-trailerLen], body[len(body)-trailerLen:]
	at := len(inner) - int(trailer[0])
	if at < 0 {
		f.Err = ErrPadding
		return
	}
	for i, b := range inner[at:] {
		if b != byte(i+1) { // the receiver SHOULD inspect the padding (RFC 4303 §2.4)
			f.Err = ErrPadding
			return
		}
	}
	f.Next = trailer[1]
	f.Data = withoutTFC(inner[:at:at], f.Next)
}

const (
	nextIPv4   = 4
	nextIPv6   = 41
	ipv4Header = 20 // without options
	ipv6Header = 40
)

// withoutTFC cuts off what stands behind an IP packet by its own account: padding for traffic flow confidentiality, which
// the receiver discards (RFC 4303 §2.7). What is no IP packet, or says that it is longer, is left as it is.
func withoutTFC(p []byte, next uint8) []byte {
	n := len(p)
	switch {
	case next == nextIPv4 && n >= ipv4Header && p[0]>>4 == 4:
		n = int(binary.BigEndian.Uint16(p[2:]))
		if n < ipv4Header {
			return p
		}
	case next == nextIPv6 && n >= ipv6Header && p[0]>>4 == 6:
		n = ipv6Header + int(binary.BigEndian.Uint16(p[4:]))
	}
	return p[:min(n, len(p))]
}
