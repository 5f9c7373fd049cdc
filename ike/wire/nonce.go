package wire

// Nonce is a Nonce payload (RFC 7296 §3.9).
type Nonce struct {
	Data []byte // Ni or Nr; 16 to 256 octets are legal, which is not checked here
}

// Type returns PayloadNonce.
func (*Nonce) Type() PayloadType { return PayloadNonce }

func (p *Nonce) append(b []byte) []byte { return append(b, p.Data...) }
