package wire

import (
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

// KE is a Key Exchange payload (RFC 7296 §3.4).
type KE struct {
	Group GroupID
	Data  []byte // the sender's public value; parsed, it is not empty
}

// Type returns PayloadKE.
func (*KE) Type() PayloadType { return PayloadKE }

func parseKE(s cryptobyte.String) (*KE, error) {
	p := &KE{}
	if !s.ReadUint16((*uint16)(&p.Group)) || !s.Skip(2) || s.Empty() {
		return nil, malformed("KE", "truncated")
	}
	p.Data = s
	return p, nil
}

func (p *KE) append(b []byte) []byte {
	b = binary.BigEndian.AppendUint16(b, uint16(p.Group))
	return append(append(b, 0, 0), p.Data...)
}
