package seikan

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"net/netip"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"seikan/esp"
	"seikan/sadb"
)

// greHeader is a GRE header of flags and the protocol, with the words that follow it.
func greHeader(flags, kind uint16, words ...uint32) []byte {
	b := binary.BigEndian.AppendUint16(nil, flags)
	b = binary.BigEndian.AppendUint16(b, kind)
	for _, w := range words {
		b = binary.BigEndian.AppendUint32(b, w)
	}
	return b
}

// inIPv4 is an IPv4 packet of protocol 47 with parts one after the other.
func inIPv4(parts ...[]byte) []byte {
	body := bytes.Join(parts, nil)
	p := make([]byte, ipv4Header)
	putIPv4(p, outerA, outerB, 0, protoGRE, greTTL, ipv4Header+len(body))
	return append(p, body...)
}

// What put writes gopacket understands, and inner takes off again.
func TestGREHeader(t *testing.T) {
	v6 := make([]byte, 60)
	v6[0], v6[1], v6[6] = 0x6b, 0x80, 59 // traffic class 0xb8
	binary.BigEndian.PutUint16(v6[4:], 20)
	v4 := packet(innerA, innerB, 7, 100)
	v4[1] = 0xb8
	for _, g := range []*GRE{{Local: outerA, Remote: outerB}, {Local: outerA, Remote: outerB, Keyed: true, Key: 4711, TTL: 7}} {
		ttl := cmp.Or(g.TTL, 255)
		for _, in := range [][]byte{v4, v6} {
			n := g.headLen()
			p := append(make([]byte, n), in...)
			g.put(p[:n], in, len(in))
			d := gopacket.NewPacket(p, layers.LayerTypeIPv4, gopacket.Default)
			ip, _ := d.Layer(layers.LayerTypeIPv4).(*layers.IPv4)
			gre, _ := d.Layer(layers.LayerTypeGRE).(*layers.GRE)
			if ip == nil || gre == nil || d.ErrorLayer() != nil {
				t.Fatalf("%v: %v", d, d.ErrorLayer())
			}
			if !ip.SrcIP.Equal(outerA.AsSlice()) || !ip.DstIP.Equal(outerB.AsSlice()) || int(ip.Length) != len(p) || ip.TOS != 0xb8 || ip.TTL != ttl ||
				ip.Flags != layers.IPv4DontFragment || internetSum(p[:ipv4Header]) != 0xffff {
				t.Errorf("IPv4: %+v", ip)
			}
			if gre.KeyPresent != g.Keyed || gre.Key != g.Key || gre.ChecksumPresent || gre.SeqPresent || gre.Version != 0 || !bytes.Equal(gre.Payload, in) {
				t.Errorf("GRE: %+v", gre)
			}
			if got, err := g.inner(p); err != nil || !bytes.Equal(got, in) {
				t.Errorf("inner: %x, %v", got, err)
			}
		}
	}
}

func TestGREInner(t *testing.T) {
	plain, keyed := &GRE{Local: outerA, Remote: outerB}, &GRE{Local: outerA, Remote: outerB, Keyed: true, Key: 5}
	in := packet(innerA, innerB, 7, 100)
	summed := append(greHeader(greChecksum, etherIPv4, 0), in...)
	binary.BigEndian.PutUint16(summed[4:], ^internetSum(summed))
	wrong := bytes.Clone(summed)
	wrong[5]++
	for _, tt := range []struct {
		name string
		g    *GRE
		p    []byte
		ok   bool
	}{
		{"plain", plain, inIPv4(greHeader(0, etherIPv4), in), true},
		{"sequence number", plain, inIPv4(greHeader(greSequence, etherIPv4, 9), in), true},
		{"checksum", plain, inIPv4(summed), true},
		{"wrong checksum", plain, inIPv4(wrong), false},
		{"key", keyed, inIPv4(greHeader(greKey, etherIPv4, 5), in), true},
		{"key and sequence number", keyed, inIPv4(greHeader(greKey|greSequence, etherIPv4, 5, 1), in), true},
		{"another key", keyed, inIPv4(greHeader(greKey, etherIPv4, 6), in), false},
		{"no key", keyed, inIPv4(greHeader(0, etherIPv4), in), false},
		{"a key too many", plain, inIPv4(greHeader(greKey, etherIPv4, 5), in), false},
		{"routing", plain, inIPv4(greHeader(0x4000, etherIPv4), in), false},
		{"version 1", plain, inIPv4(greHeader(1, etherIPv4), in), false},
		{"another protocol", plain, inIPv4(greHeader(0, 0x6558), in), false},
		{"keepalive", plain, inIPv4(greHeader(0, 0)), false},
		{"IPv6 that is IPv4", plain, inIPv4(greHeader(0, etherIPv6), in), false},
		{"half a header", plain, inIPv4([]byte{0, 0, 8}), false},
		{"half a key", keyed, inIPv4(greHeader(greKey, etherIPv4), []byte{0, 0}), false},
	} {
		got, err := tt.g.inner(tt.p)
		if (err == nil) != tt.ok || tt.ok && !bytes.Equal(got, in) {
			t.Errorf("%s: got %x, %v; want it taken: %v", tt.name, got, err, tt.ok)
		}
	}
}

// What is behind the IPv4 header of a fragment is no GRE header, whatever it looks like. Fragments are not put together, and have a reason of
// their own.
func TestGREFragment(t *testing.T) {
	in := packet(innerA, innerB, 7, 100)
	g := &GRE{Local: outerA, Remote: outerB}
	for name, place := range map[string]uint16{"whole": 0, "whole with DF": dontSplit, "first": 0x2000, "middle": 0x2001, "last": 0x0008} {
		for _, shared := range []bool{false, true} {
			dev := &sinkDevice{}
			all := newSinks(dev)
			s := all.sink(dev)
			if s.gre = g; shared {
				s = &sink{sharing: map[greMark]*sink{g.mark(): s}}
			}
			p := inIPv4(greHeader(0, etherIPv4), in)
			binary.BigEndian.PutUint16(p[6:], place)
			why, ok := s.put(p, 0)
			if whole := place&^dontSplit == 0; ok != whole || !ok && why != sadb.DropGREFragment {
				t.Errorf("%s, shared %v: got %v, %v", name, shared, ok, why)
			}
		}
	}
}

// What inner takes is a part of the packet that begins like IP; gopacket agrees on where.
func FuzzGREInner(f *testing.F) {
	f.Add(greHeader(0, etherIPv4), false, uint32(0))
	f.Add(greHeader(greKey|greSequence, etherIPv6, 5, 1), true, uint32(5))
	f.Add(append(greHeader(0, etherIPv4), packet(innerA, innerB, 7, 60)...), false, uint32(0))
	f.Fuzz(func(t *testing.T, body []byte, keyed bool, key uint32) {
		if len(body) > 1<<15 {
			return
		}
		g := &GRE{Local: outerA, Remote: outerB, Keyed: keyed, Key: key}
		got, err := g.inner(inIPv4(body))
		if err != nil {
			return
		}
		var want layers.GRE
		if err := want.DecodeFromBytes(body, gopacket.NilDecodeFeedback); err != nil {
			t.Fatalf("gopacket: %v", err)
		}
		if want.AckPresent {
			return // of version 1 (RFC 2637); in version 0 the bit is one of those to be ignored
		}
		if want.KeyPresent != keyed || keyed && want.Key != key || !bytes.Equal(got, want.Payload) {
			t.Errorf("got %x of %x, gopacket %+v", got, body, want)
		}
	})
}

// A packet that travels by transport mode is the same at the other end, but for what its IP header said beside addresses, protocol and class
// of service.
func TestTransportRebuild(t *testing.T) {
	for _, tt := range []struct {
		name     string
		src, dst netip.Addr
	}{{"IPv4", outerA, outerB}, {"IPv6", netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("2001:db8::2")}} {
		spec := &sadb.ChildSpec{Local: selector(tt.dst), Remote: selector(tt.src)}
		data := []byte{0x13, 0x88, 0x13, 0x89, 0, 12, 0, 0, 1, 2, 3, 4}
		f := esp.Frame{Data: data, Next: 17}
		room := rebuild(make([]byte, 3, 10), spec, &f, 0xb9)
		flow, err := sadb.ParseFlow(f.Data)
		want := sadb.Flow{Src: tt.src, Dst: tt.dst, Proto: 17, SrcPort: 5000, DstPort: 5001, Ports: true}
		if err != nil || flow != want || f.Next != nextHeader(flow) || len(room) != 3+len(f.Data) || classOf(f.Data) != 0xb9 {
			t.Errorf("%s: got %+v, %v", tt.name, flow, err)
		}
		at, next, ok := bare(f.Data)
		if !ok || next != 17 || !bytes.Equal(f.Data[at:], data) {
			t.Errorf("%s: %x of protocol %d is left, %v", tt.name, f.Data[at:], next, ok)
		}
	}
	fragment := packet(outerA, outerB, 1, 100)
	fragment[6] = 0x20
	options := packet(outerA, outerB, 1, 100)
	options[0] = 0x46
	hop := make([]byte, 60)
	hop[0] = 0x60
	for name, p := range map[string][]byte{"a fragment": fragment, "options": options, "hop by hop options": hop} {
		if _, _, ok := bare(p); ok {
			t.Errorf("%s can travel by transport mode", name)
		}
	}
}
