package sadb

import (
	"bytes"
	"testing"
)

// udp4 and udp6 are packets with UDP in them and n octets behind its header.
func udp4(n int) []byte {
	p := make([]byte, 28+n)
	copy(p, []byte{0x45, 0, 0, byte(28 + n), 0, 1, 0x40, 0, 64, protoUDP, 0, 0, 10, 0, 0, 1, 10, 0, 0, 2, 1, 2, 3, 4})
	return p
}

func udp6(n int) []byte {
	p := make([]byte, 48+n)
	copy(p, []byte{0x60, 0, 0, 0, 0, byte(8 + n), protoUDP, 64})
	p[8], p[23], p[24], p[39] = 0xfd, 1, 0xfd, 2
	copy(p[40:], []byte{1, 2, 3, 4})
	return p
}

func TestSameFlow(t *testing.T) {
	for _, tt := range []struct {
		name string
		a    []byte
		b    []byte
		at   int // this octet of b is changed
		want bool
	}{
		{"IPv4, other length and identification", udp4(0), udp4(40), 5, true},
		{"IPv4, other class", udp4(0), udp4(0), 1, true},
		{"IPv4, length that is not its own", udp4(0), udp4(0), 3, false},
		{"IPv4, options", udp4(0), udp4(20), 0, false},
		{"IPv4, fragment", udp4(0), udp4(0), 7, false},
		{"IPv4, protocol", udp4(0), udp4(0), 9, false},
		{"IPv4, source", udp4(0), udp4(0), 12, false},
		{"IPv4, destination", udp4(0), udp4(0), 19, false},
		{"IPv4, port", udp4(0), udp4(0), 23, false},
		{"IPv4 after IPv6", udp6(0), udp4(20), 5, false},
		{"IPv6, other length and flow label", udp6(0), udp6(40), 3, true},
		{"IPv6, length that is not its own", udp6(0), udp6(0), 5, false},
		{"IPv6, protocol", udp6(0), udp6(0), 6, false},
		{"IPv6, source", udp6(0), udp6(0), 8, false},
		{"IPv6, destination", udp6(0), udp6(0), 39, false},
		{"IPv6, port", udp6(0), udp6(0), 43, false},
		{"short", udp4(0), udp4(0)[:23], 5, false},
	} {
		tt.b[tt.at]++
		if got := SameFlow(tt.a, tt.b); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// FuzzSameFlow: whatever is said to be of the same flow is.
func FuzzSameFlow(f *testing.F) {
	for _, p := range [][]byte{udp4(4), udp6(4)} {
		f.Add(p, p, byte(6), byte(0x20))
		f.Add(p, p[:len(p)-4], byte(3), byte(4))
		f.Add(p[:24], p, byte(9), byte(1))
	}
	f.Add(udp4(0), udp4(9), byte(1), byte(1))
	f.Add(udp6(0), udp6(9), byte(3), byte(1))
	f.Fuzz(func(t *testing.T, a, b []byte, at, change byte) {
		want, err := ParseFlow(a)
		if err != nil || len(b) == 0 {
			return
		}
		near := bytes.Clone(a)
		near[int(at)%len(near)] ^= change
		b = bytes.Clone(b)
		copy(b, a[:min(len(a), int(at)%64)]) // begins alike
		b[int(at)%len(b)] ^= change
		for _, p := range [][]byte{near, b} {
			if got, err := ParseFlow(p); SameFlow(a, p) && (err != nil || got != want) {
				t.Errorf("of the same flow as %x is %x, got %+v, %v, want %+v", a, p, got, err, want)
			}
		}
	})
}
