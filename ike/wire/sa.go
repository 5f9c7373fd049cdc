package wire

import (
	"encoding/binary"
	"strings"

	"golang.org/x/crypto/cryptobyte"
)

// Limits on what one SA payload may carry. They are limits of this package: real peers offer a tenth.
const (
	MaxProposals  = 64
	MaxTransforms = 256 // of all proposals together
)

// Values of Last Substruc.
const (
	lastSubstruc   = 0
	moreProposals  = 2
	moreTransforms = 3
)

// substrucLen is the length of what proposals and transforms begin with, in octets.
const substrucLen = 4

// SA is a Security Association payload (RFC 7296 §3.3): an offer of one or more proposals, or the one that was chosen.
type SA struct {
	Proposals []Proposal
}

// Proposal is a proposal substructure (RFC 7296 §3.3.1).
type Proposal struct {
	Num        uint8 // Proposal Num; the choice carries the number of the offer that it chose
	Protocol   ProtocolID
	SPI        []byte // the sender's; empty for the IKE SA of IKE_SA_INIT. Its length is not checked
	Transforms []Transform
}

// Type returns PayloadSA.
func (*SA) Type() PayloadType { return PayloadSA }

func parseSA(s cryptobyte.String) (*SA, error) {
	p := &SA{}
	for room := MaxTransforms; ; {
		if len(p.Proposals) == MaxProposals {
			return nil, malformed("SA", "too many proposals")
		}
		prop, more, err := readProposal(&s, room)
		if err != nil {
			return nil, err
		}
		p.Proposals = append(p.Proposals, prop)
		room -= len(prop.Transforms)
		if !more {
			break
		}
	}
	if !s.Empty() {
		return nil, malformed("SA", "octets after the last proposal")
	}
	return p, nil
}

// readProposal reads one proposal, of at most room transforms. more: another one follows.
func readProposal(s *cryptobyte.String, room int) (p Proposal, more bool, err error) {
	more, body, ok := readSubstruc(s, moreProposals)
	var spiLen, count uint8
	if !ok || !body.ReadUint8(&p.Num) || !body.ReadUint8((*uint8)(&p.Protocol)) ||
		!body.ReadUint8(&spiLen) || !body.ReadUint8(&count) ||
		!body.ReadBytes(&p.SPI, int(spiLen)) {
		return p, false, malformed("SA", "proposal substructure")
	}
	switch {
	case count == 0:
		return p, false, malformed("SA", "proposal without transforms")
	case int(count) > room:
		return p, false, malformed("SA", "too many transforms")
	}
	for n := int(count); n > 0; n-- {
		t, more, ok := readTransform(&body)
		if !ok || more != (n > 1) {
			return p, false, malformed("SA", "transform substructure")
		}
		p.Transforms = append(p.Transforms, t)
	}
	if !body.Empty() {
		return p, false, malformed("SA", "octets after the last transform")
	}
	return p, more, nil
}

// readSubstruc reads what proposals and transforms begin with: Last Substruc, a reserved octet, and a length that counts
// these octets too. It returns what follows them. moreValue is the Last Substruc of one that is not the last.
func readSubstruc(s *cryptobyte.String, moreValue uint8) (more bool, body cryptobyte.String, ok bool) {
	var last uint8
	var length uint16
	if !s.ReadUint8(&last) || !s.Skip(1) || !s.ReadUint16(&length) ||
		!s.ReadBytes((*[]byte)(&body), int(length)-substrucLen) {
		return false, nil, false
	}
	return last == moreValue, body, last == moreValue || last == lastSubstruc
}

func (p *SA) append(b []byte) []byte {
	for i, prop := range p.Proposals {
		last := byte(lastSubstruc)
		if i < len(p.Proposals)-1 {
			last = moreProposals
		}
		b = prop.append(b, last)
	}
	return b
}

func (p Proposal) append(b []byte, last byte) []byte {
	start := len(b)
	b = append(b, last, 0, 0, 0, p.Num, byte(p.Protocol), byte(len(p.SPI)), byte(len(p.Transforms)))
	b = append(b, p.SPI...)
	for i, t := range p.Transforms {
		last := byte(lastSubstruc)
		if i < len(p.Transforms)-1 {
			last = moreTransforms
		}
		b = t.append(b, last)
	}
	binary.BigEndian.PutUint16(b[start+2:], uint16(len(b)-start))
	return b
}

// String is the proposal for a log: "IKE: ENCR_AES_GCM_16/128 PRF_HMAC_SHA2_256 CURVE25519".
func (p Proposal) String() string {
	var b strings.Builder
	b.WriteString(p.Protocol.String() + ":")
	for _, t := range p.Transforms {
		b.WriteString(" " + t.String())
	}
	return b.String()
}
