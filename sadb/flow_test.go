package sadb

import (
	"encoding/binary"
	"errors"
	"net/netip"
	"testing"
)

// ipv4 is a packet with a payload; options are a multiple of 4 octets, offset and more are the fragment's.
func ipv4(proto uint8, options []byte, offset uint16, more bool, payload ...byte) []byte {
	p := make([]byte, 20, 20+len(options)+len(payload))
	p[0] = 0x40 | uint8(5+len(options)/4)
	binary.BigEndian.PutUint16(p[2:], uint16(cap(p)))
	if more {
		offset |= 0x2000
	}
	binary.BigEndian.PutUint16(p[6:], offset)
	p[8], p[9] = 64, proto
	copy(p[12:], []byte{10, 1, 0, 1})
	copy(p[16:], []byte{10, 2, 0, 2})
	return append(append(p, options...), payload...)
}

// ipv6 is a packet whose next header is next.
func ipv6(next uint8, payload ...byte) []byte {
	p := make([]byte, 40, 40+len(payload))
	p[0] = 0x60
	binary.BigEndian.PutUint16(p[4:], uint16(len(payload)))
	p[6], p[7] = next, 64
	p[8], p[23] = 0xfd, 1
	p[24], p[39] = 0xfd, 2
	return append(p, payload...)
}

func join(parts ...[]byte) (all []byte) {
	for _, p := range parts {
		all = append(all, p...)
	}
	return all
}

func TestParseFlow(t *testing.T) {
	ports := []byte{0x03, 0xe8, 0x07, 0xd0} // 1000, 2000
	hop := func(next uint8) []byte { return []byte{next, 0, 0, 0, 0, 0, 0, 0} }
	frag := func(next uint8, offset uint16, more uint8) []byte {
		return []byte{next, 0, byte(offset >> 5), byte(offset<<3) | more, 0, 0, 0, 1}
	}
	long := append([]byte{17, 1}, make([]byte, 14)...)
	for _, tt := range []struct {
		name     string
		pkt      []byte
		proto    uint8
		src, dst uint16
		ports    bool
		fragment bool // without ports
	}{
		{"UDP", ipv4(17, nil, 0, false, ports...), 17, 1000, 2000, true, false},
		{"TCP behind options", ipv4(6, make([]byte, 8), 0, false, ports...), 6, 1000, 2000, true, false},
		{"SCTP", ipv4(132, nil, 0, false, ports...), 132, 1000, 2000, true, false},
		{"ICMP", ipv4(1, nil, 0, false, 8, 3, 0, 0), 1, 0x0803, 0x0803, true, false},
		{"GRE", ipv4(47, nil, 0, false, ports...), 47, 0, 0, false, false},
		{"ICMPv6 has no meaning in IPv4 but its number", ipv4(58, nil, 0, false, 8, 3, 0, 0), 58, 0x0803, 0x0803, true, false},
		{"first fragment", ipv4(17, nil, 0, true, ports...), 17, 1000, 2000, true, false},
		{"later fragment", ipv4(17, nil, 8, true, ports...), 17, 0, 0, false, true},
		{"last fragment", ipv4(17, nil, 8, false, ports...), 17, 0, 0, false, true},
		{"too short for ports", ipv4(17, nil, 0, false, 1, 2, 3), 17, 0, 0, false, false},
		{"first fragment too short for ports", ipv4(17, nil, 0, true, 1, 2, 3), 17, 0, 0, false, true},
		{"first fragment without payload", ipv4(6, make([]byte, 8), 0, true), 6, 0, 0, false, true},
		{"fragment over the first one's ports", ipv4(6, nil, 1, true, ports...), 6, 0, 0, false, true},
		{"fragment of a protocol without ports", ipv4(47, nil, 0, true, ports...), 47, 0, 0, false, true},
		{"IPv6 UDP", ipv6(17, ports...), 17, 1000, 2000, true, false},
		{"IPv6 ICMP", ipv6(58, 128, 0, 0, 0), 58, 0x8000, 0x8000, true, false},
		{"IPv6 without payload", ipv6(59), 59, 0, 0, false, false},
		{"IPv6 hop by hop", ipv6(0, join(hop(17), ports)...), 17, 1000, 2000, true, false},
		{"IPv6 chain", ipv6(0, join(hop(60), hop(43), hop(44), frag(60, 0, 0), hop(6), ports)...), 6, 1000, 2000, true, false},
		{"IPv6 long extension", ipv6(60, join(long, ports)...), 17, 1000, 2000, true, false},
		{"IPv6 atomic fragment", ipv6(44, join(frag(17, 0, 0), ports)...), 17, 1000, 2000, true, false},
		{"IPv6 later fragment", ipv6(44, join(frag(17, 1, 0), ports)...), 17, 0, 0, false, true},
		{"IPv6 first fragment", ipv6(44, join(frag(17, 0, 1), ports)...), 17, 1000, 2000, true, false},
		{"IPv6 first fragment too short for ports", ipv6(44, join(frag(17, 0, 1), ports[:3])...), 17, 0, 0, false, true},
		{"IPv6 first fragment behind and before others", ipv6(0, join(hop(44), frag(60, 0, 1), hop(17), ports)...), 17, 1000, 2000, true, false},
		{"IPv6 later fragment behind others", ipv6(0, join(hop(43), hop(44), frag(17, 1, 0), ports)...), 17, 0, 0, false, true},
		{"IPv6 later fragment in the middle of an extension", ipv6(44, join(frag(60, 1, 0), ports)...), 60, 0, 0, false, true},
		{"IPv6 last fragment", ipv6(44, join(frag(6, 185, 0), ports[:1])...), 6, 0, 0, false, true},
		{"IPv6 fragment in a fragment", ipv6(44, join(frag(44, 0, 1), frag(17, 1, 0), ports)...), 17, 0, 0, false, true},
		{"IPv6 ESP", ipv6(50, ports...), 50, 0, 0, false, false},
	} {
		f, err := ParseFlow(tt.pkt)
		if err != nil || f.Proto != tt.proto || f.SrcPort != tt.src || f.DstPort != tt.dst || f.Ports != tt.ports || f.Fragment != tt.fragment {
			t.Errorf("%s: got %+v, %v", tt.name, f, err)
		}
		want := [2]string{"10.1.0.1", "10.2.0.2"}
		if tt.pkt[0]>>4 == 6 {
			want = [2]string{"fd00::1", "fd00::2"}
		}
		if f.Src.String() != want[0] || f.Dst.String() != want[1] {
			t.Errorf("%s: got %v to %v", tt.name, f.Src, f.Dst)
		}
		r := f.Reverse()
		if r.Src != f.Dst || r.SrcPort != f.DstPort || r.Proto != f.Proto || r.Reverse() != f {
			t.Errorf("%s: reverse is %+v", tt.name, r)
		}
		for n := range tt.pkt {
			if _, err := ParseFlow(tt.pkt[:n]); !errors.Is(err, ErrMalformed) {
				t.Errorf("%s, cut to %d octets: got %v", tt.name, n, err)
			}
		}
		if _, err := ParseFlow(append(tt.pkt[:len(tt.pkt):len(tt.pkt)], 0)); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s, an octet too long: got %v", tt.name, err)
		}
	}
}

func TestParseFlowMalformed(t *testing.T) {
	hop := make([]byte, 8)
	for _, tt := range []struct {
		name string
		pkt  []byte
	}{
		{"version 5", append([]byte{0x55}, make([]byte, 59)...)},
		{"header of 4 words", func() []byte { p := ipv4(17, nil, 0, false, 0, 0, 0, 0); p[0] = 0x44; return p }()},
		{"header longer than the packet", func() []byte { p := ipv4(17, nil, 0, false); p[0] = 0x4f; return p }()},
		{"total length below the header", func() []byte { p := ipv4(17, nil, 0, false); p[3] = 19; return p }()},
		{"extension longer than the packet", ipv6(0, 17, 1, 0, 0, 0, 0, 0, 0)},
		{"half an extension", ipv6(0, 17, 0, 0, 0)},
		{"extensions without end", ipv6(0, join(hop, hop, hop, hop, hop, hop, hop, hop, hop)...)},
	} {
		if f, err := ParseFlow(tt.pkt); !errors.Is(err, ErrMalformed) {
			t.Errorf("%s: got %+v, %v", tt.name, f, err)
		}
	}
}

func FuzzParseFlow(f *testing.F) {
	f.Add(ipv4(17, nil, 0, false, 1, 2, 3, 4))
	f.Add(ipv4(1, make([]byte, 40), 8, true))
	f.Add(ipv6(0, make([]byte, 80)...))
	f.Add(ipv6(44, 17, 0, 0, 1, 0, 0, 0, 0))
	f.Fuzz(func(t *testing.T, pkt []byte) {
		flow, err := ParseFlow(pkt)
		if err != nil {
			if flow != (Flow{}) {
				t.Errorf("got %+v with an error", flow)
			}
			return
		}
		if flow.Src.BitLen() != flow.Dst.BitLen() || flow.Src.Is4() != (pkt[0]>>4 == 4) {
			t.Errorf("got %+v", flow)
		}
		var src netip.Addr
		if flow.Src.Is4() {
			src, _ = netip.AddrFromSlice(pkt[12:16])
		} else {
			src, _ = netip.AddrFromSlice(pkt[8:24])
		}
		if src != flow.Src {
			t.Errorf("source: got %v, want %v", flow.Src, src)
		}
	})
}
