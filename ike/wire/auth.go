package wire

import "golang.org/x/crypto/cryptobyte"

// AuthMethod says how Authentication Data was made (RFC 7296 §3.8).
type AuthMethod uint8

// Authentication methods.
const (
	AuthRSA              AuthMethod = 1 // RSA Digital Signature
	AuthSharedKey        AuthMethod = 2 // Shared Key Message Integrity Code
	AuthDSS              AuthMethod = 3
	AuthECDSA256         AuthMethod = 9 // RFC 4754
	AuthECDSA384         AuthMethod = 10
	AuthECDSA521         AuthMethod = 11
	AuthNULL             AuthMethod = 13 // RFC 7619
	AuthDigitalSignature AuthMethod = 14 // RFC 7427
)

// Auth is an Authentication payload (RFC 7296 §3.8).
type Auth struct {
	Method AuthMethod
	Data   []byte // Authentication Data; parsed, it is not empty
}

// Type returns PayloadAUTH.
func (*Auth) Type() PayloadType { return PayloadAUTH }

func parseAuth(s cryptobyte.String) (*Auth, error) {
	p := &Auth{}
	if !s.ReadUint8((*uint8)(&p.Method)) || !s.Skip(3) || s.Empty() {
		return nil, malformed("AUTH", "truncated")
	}
	p.Data = s
	return p, nil
}

func (p *Auth) append(b []byte) []byte {
	return append(append(b, byte(p.Method), 0, 0, 0), p.Data...)
}
