package sadb

import "encoding/binary"

// SameFlow reports whether ParseFlow has the same result for two packets, the first of which it has taken. It looks at no more than it takes
// to see that of packets in a row, so that false means nothing.
func SameFlow(a, b []byte) bool {
	switch {
	case len(a) < 24 || len(b) < 24 || a[0]>>4 != b[0]>>4:
		return false
	case b[0]>>4 == 6:
		return len(a) >= 44 && len(b) >= 44 && same6((*[44]byte)(a), (*[44]byte)(b), len(b))
	}
	return same4((*[24]byte)(a), (*[24]byte)(b), len(b))
}

// same4 compares IPv4 headers without options, of packets that are not fragments, and what may be ports behind them.
func same4(a, b *[24]byte, n int) bool {
	const fragment = 0x3fff // MF and the offset
	le := binary.LittleEndian
	return a[0] == 0x45 && b[0] == 0x45 && int(binary.BigEndian.Uint16(b[2:])) == n && a[9] == b[9] &&
		(binary.BigEndian.Uint16(a[6:])|binary.BigEndian.Uint16(b[6:]))&fragment == 0 &&
		le.Uint64(a[12:]) == le.Uint64(b[12:]) && le.Uint32(a[20:]) == le.Uint32(b[20:])
}

// same6 compares IPv6 headers without extension headers, and what may be ports behind them.
func same6(a, b *[44]byte, n int) bool {
	return int(binary.BigEndian.Uint16(b[4:])) == n-40 && a[6] == b[6] && !isExtension(b[6]) && [36]byte(a[8:]) == [36]byte(b[8:])
}
