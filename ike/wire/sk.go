package wire

import "encoding/binary"

// fragmentLen is the length of Fragment Number and Total Fragments, in octets.
const fragmentLen = 4

// Encrypted is an Encrypted payload, SK (RFC 7296 §3.14), or an Encrypted Fragment payload, SKF (RFC 7383 §2.5). It is the
// last of its message.
type Encrypted struct {
	Fragment   bool        // SKF
	Num, Total uint16      // of an SKF: Fragment Number and Total Fragments; parsed, 1 <= Num <= Total. 0 of an SK
	Next       PayloadType // type of the first payload inside; PayloadNone in a fragment that is not the first

	// Body is the IV up to the Integrity Checksum Data, not empty. All of the message in front of it is authenticated with it.
	Body []byte
}

// Type returns PayloadSK or PayloadSKF.
func (p *Encrypted) Type() PayloadType {
	if p.Fragment {
		return PayloadSKF
	}
	return PayloadSK
}

func parseEncrypted(g generic) (*Encrypted, error) {
	p := &Encrypted{Fragment: g.kind == PayloadSKF, Next: g.next}
	s := g.body
	if p.Fragment && (!s.ReadUint16(&p.Num) || !s.ReadUint16(&p.Total) || p.Num == 0 || p.Num > p.Total) {
		return nil, malformed("SKF", "fragment number")
	}
	if s.Empty() {
		return nil, malformed(g.kind.String(), "empty")
	}
	p.Body = s
	return p, nil
}

func (p *Encrypted) append(b []byte) []byte {
	if p.Fragment {
		b = appendFragment(b, p.Num, p.Total)
	}
	return append(b, p.Body...)
}

func appendFragment(b []byte, num, total uint16) []byte {
	b = binary.BigEndian.AppendUint16(b, num)
	return binary.BigEndian.AppendUint16(b, total)
}

// AppendEncryptedHeader appends what comes in front of the Body of an SK payload that is the only one of its message: the
// IKE header h, with its Next and Length set, and the generic payload header. These are the octets that are authenticated
// along with the body. first is the type of the first payload inside, bodyLen the length of the body in octets, at most
// 65,531.
func AppendEncryptedHeader(b []byte, h Header, first PayloadType, bodyLen int) []byte {
	return appendEncryptedHeader(b, h, PayloadSK, first, genericLen+bodyLen)
}

// AppendFragmentHeader is AppendEncryptedHeader for an SKF payload, fragment num of total; bodyLen is at most 65,527.
// first is PayloadNone but in fragment 1 (RFC 7383 §2.5).
func AppendFragmentHeader(b []byte, h Header, first PayloadType, num, total uint16, bodyLen int) []byte {
	b = appendEncryptedHeader(b, h, PayloadSKF, first, genericLen+fragmentLen+bodyLen)
	return appendFragment(b, num, total)
}

// appendEncryptedHeader appends the IKE header of a message of one payload, of kind and length, and its generic header.
func appendEncryptedHeader(b []byte, h Header, kind, first PayloadType, length int) []byte {
	h.Next, h.Length = kind, uint32(HeaderLen+length)
	b = append(h.append(b), byte(first), 0)
	return binary.BigEndian.AppendUint16(b, uint16(length))
}
