package wire

import "golang.org/x/crypto/cryptobyte"

// IDKind is the ID Type of an identity (RFC 7296 §3.5).
type IDKind uint8

// ID types, by their IANA names.
const (
	ID_IPV4_ADDR   IDKind = 1
	ID_FQDN        IDKind = 2
	ID_RFC822_ADDR IDKind = 3
	ID_IPV6_ADDR   IDKind = 5
	ID_DER_ASN1_DN IDKind = 9
	ID_DER_ASN1_GN IDKind = 10
	ID_KEY_ID      IDKind = 11
	ID_NULL        IDKind = 13 // RFC 7619; its Data is empty
)

// ID is an Identification payload (RFC 7296 §3.5): IDi if Initiator is set, else IDr.
type ID struct {
	Initiator bool
	Kind      IDKind
	Data      []byte // as Kind says; not checked
}

// Type returns PayloadIDi or PayloadIDr.
func (p *ID) Type() PayloadType {
	if p.Initiator {
		return PayloadIDi
	}
	return PayloadIDr
}

func parseID(kind PayloadType, s cryptobyte.String) (*ID, error) {
	p := &ID{Initiator: kind == PayloadIDi}
	if !s.ReadUint8((*uint8)(&p.Kind)) || !s.Skip(3) {
		return nil, malformed(kind.String(), "truncated")
	}
	p.Data = s
	return p, nil
}

func (p *ID) append(b []byte) []byte {
	return append(append(b, byte(p.Kind), 0, 0, 0), p.Data...)
}
