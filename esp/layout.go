package esp

const (
	seqAt      = 4 // the sequence number in the header
	headerLen  = 8 // SPI and sequence number
	trailerLen = 2 // pad length and next header
)

// layout is where the parts of an SA's packets are, in octets.
type layout struct {
	iv    int
	block int // payload, padding and trailer are a multiple of this, at least 4 (RFC 4303 §2.4)
	icv   int
}

// layout of a suite that passes Check.
func (s Suite) layout() layout {
	l := layout{block: 4}
	switch s.Encr {
	case ENCR_AES_CBC:
		l.iv, l.block = 16, 16
	case ENCR_AES_CTR:
		l.iv = 8
	case ENCR_AES_GCM_16, ENCR_CHACHA20_POLY1305:
		l.iv, l.icv = 8, 16
	}
	switch s.Integ { // half of the hash (RFC 4868 §2.3), or 96 bits (RFC 2404)
	case AUTH_HMAC_SHA1_96:
		l.icv = 12
	case AUTH_HMAC_SHA2_256_128:
		l.icv = 16
	case AUTH_HMAC_SHA2_384_192:
		l.icv = 24
	case AUTH_HMAC_SHA2_512_256:
		l.icv = 32
	}
	return l
}

func (l layout) sealedLen(n int) int {
	blocks := (n + trailerLen + l.block - 1) / l.block
	return headerLen + l.iv + blocks*l.block + l.icv
}

func (l layout) maxInner(n int) int {
	blocks := (n - headerLen - l.iv - l.icv) / l.block
	return max(0, blocks*l.block-trailerLen)
}

// whole reports whether a packet of n octets has at least one block, and no part of one.
func (l layout) whole(n int) bool {
	n -= headerLen + l.iv + l.icv
	return n >= l.block && n%l.block == 0
}

// ivOf is the IV of packet p.
func (l layout) ivOf(p []byte) []byte { return p[headerLen : headerLen+l.iv] }

// bodyAt is where the body begins in a packet.
func (l layout) bodyAt() int { return headerLen + l.iv }

// bodyOf is what the encryption covers of packet p: payload, padding and trailer.
func (l layout) bodyOf(p []byte) []byte { return p[l.bodyAt() : len(p)-l.icv] }

// icvOf is the ICV of packet p.
func (l layout) icvOf(p []byte) []byte { return p[len(p)-l.icv:] }
