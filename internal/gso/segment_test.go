package gso

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"testing"

	"seikan/internal/gso/gsotest"
)

// super is the frame that stands for packets of one run, made without the code under test.
func super(ps [][]byte, o Offload) Frame {
	head := o.Start + udpHeader
	if o.Kind == TCP {
		head = o.Start + int(ps[0][o.Start+tcpWordAt]>>4)*4
	}
	f := bytes.Clone(ps[0])
	for _, p := range ps[1:] {
		f = append(f, p[head:]...)
	}
	if o.Kind == TCP {
		f[o.Start+tcpFlagsAt] |= ps[len(ps)-1][o.Start+tcpFlagsAt]
	} else {
		binary.BigEndian.PutUint16(f[o.Start+udpLenAt:], uint16(len(f)-o.Start))
	}
	if f[0]>>4 == 4 {
		binary.BigEndian.PutUint16(f[2:], uint16(len(f)))
		f[10], f[11] = 0, 0
		binary.BigEndian.PutUint16(f[10:], ^gsotest.Sum(f[:20]...))
	} else {
		binary.BigEndian.PutUint16(f[4:], uint16(len(f)-40))
	}
	proto := byte(protoTCP)
	if o.Kind == UDP {
		proto = protoUDP
	}
	binary.BigEndian.PutUint16(f[o.Start+o.Field:], gsotest.Sum(gsotest.Pseudo(f, o.Start, proto)...))
	o.Partial = true
	return Frame{f, o}
}

func offload(s gsotest.Spec, size int) Offload {
	o := Offload{Kind: TCP, Size: size, Partial: true, Start: 20, Field: tcpSumAt}
	if s.UDP {
		o.Kind, o.Field = UDP, udpSumAt
	}
	if s.IPv6 {
		o.Start = 40
	}
	return o
}

func TestSegments(t *testing.T) {
	timestamps := []byte{1, 1, 8, 10, 1, 2, 3, 4, 5, 6, 7, 8}
	for _, six := range []bool{false, true} {
		for _, tt := range []struct {
			name          string
			spec          gsotest.Spec
			n, size, tail int
			last, first   byte // flags that only these have
		}{
			{name: "full segments", spec: gsotest.Spec{Flags: flagACK, Options: timestamps}, n: 5, size: 1000},
			{name: "short last one", spec: gsotest.Spec{Flags: flagACK, Options: timestamps}, n: 44, size: 1386, tail: 7},
			{name: "odd size", spec: gsotest.Spec{Flags: flagACK}, n: 3, size: 333, tail: 1},
			{name: "smaller than the header", spec: gsotest.Spec{Flags: flagACK, Options: timestamps}, n: 40, size: 3, tail: 2},
			{name: "PSH and FIN", spec: gsotest.Spec{Flags: flagACK}, n: 3, size: 100, last: flagPSH | flagFIN},
			{name: "CWR", spec: gsotest.Spec{Flags: flagACK | flagECE}, n: 3, size: 100, first: flagCWR},
			{name: "numbers wrap", spec: gsotest.Spec{Flags: flagACK, Seq: 1<<32 - 150, ID: 65535}, n: 3, size: 100},
			{name: "one segment", spec: gsotest.Spec{Flags: flagACK | flagPSH}, n: 1, size: 100},
			{name: "datagrams", spec: gsotest.Spec{UDP: true}, n: 20, size: 1200, tail: 900},
			{name: "datagrams of an octet", spec: gsotest.Spec{UDP: true}, n: 5, size: 1},
		} {
			t.Run(fmt.Sprintf("%s/IPv6=%v", tt.name, six), func(t *testing.T) {
				tt.spec.IPv6, tt.spec.TTL, tt.spec.Ack, tt.spec.Window = six, 64, 77, 500
				want := gsotest.Stream(tt.spec, tt.n, tt.size, tt.tail)
				o := offload(tt.spec, tt.size)
				if !tt.spec.UDP {
					want[0][o.Start+tcpFlagsAt] |= tt.first
					want[len(want)-1][o.Start+tcpFlagsAt] |= tt.last
					gsotest.SetSums(want[0])
					gsotest.SetSums(want[len(want)-1])
				}
				got := cut(t, super(want, o))
				if len(got) != len(want) {
					t.Fatalf("got %d packets, want %d", len(got), len(want))
				}
				for i := range got {
					if !bytes.Equal(got[i], want[i]) {
						t.Fatalf("packet %d: got % x\nwant % x", i, got[i], want[i])
					}
				}
			})
		}
	}
}

// What carries extension headers, or does not say where TCP begins, is cut as well.
func TestSegmentsBehindOtherHeaders(t *testing.T) {
	s := gsotest.Spec{IPv6: true, Flags: flagACK, TTL: 64}
	want := gsotest.Stream(s, 3, 100, 50)
	f := super(want, offload(s, 100))
	f.Partial = false
	for i, p := range cut(t, f) {
		if !bytes.Equal(p, want[i]) {
			t.Errorf("packet %d: got % x, want % x", i, p, want[i])
		}
	}
	f = super(want, offload(s, 100))
	f.Data = append(append(bytes.Clone(f.Data[:40]), protoTCP, 0, 1, 4, 0, 0, 0, 0), f.Data[40:]...) // destination options
	f.Data[6], f.Start = 60, 48
	for i, p := range cut(t, f) {
		if n := int(binary.BigEndian.Uint16(p[4:])) + 40; n != len(p) || p[6] != 60 || gsotest.Sum(append(gsotest.Pseudo(p, 48, protoTCP), p[48:]...)...) != 0xffff {
			t.Errorf("packet %d: got % x, want it whole", i, p)
		}
	}
}

func TestCompletesChecksum(t *testing.T) {
	for _, s := range []gsotest.Spec{{Flags: flagACK}, {UDP: true}, {IPv6: true, Flags: flagACK}, {IPv6: true, UDP: true}} {
		s.Payload = gsotest.Octets(333)
		want := s.Packet()
		o := offload(s, 0)
		f := bytes.Clone(want)
		proto := byte(protoTCP)
		if s.UDP {
			proto = protoUDP
		}
		binary.BigEndian.PutUint16(f[o.Start+o.Field:], gsotest.Sum(gsotest.Pseudo(f, o.Start, proto)...))
		o.Kind = None
		if got := cut(t, Frame{f, o}); len(got) != 1 || !bytes.Equal(got[0], want) {
			t.Errorf("%+v: got % x, want % x", s, got, want)
		}
	}
}

// A computed checksum of zero is sent as all ones: zero says that there is none (RFC 768).
func TestZeroChecksum(t *testing.T) {
	s := gsotest.Spec{UDP: true, TTL: 64, Payload: make([]byte, 4)}
	p := s.Packet()
	binary.BigEndian.PutUint16(p[28:], binary.BigEndian.Uint16(p[26:])) // the payload cancels the sum
	gsotest.SetSums(p)
	if p[26] != 0xff || p[27] != 0xff {
		t.Fatalf("the example has checksum % x", p[26:28])
	}
	two := [][]byte{p, bytes.Clone(p)}
	two[1][5]++
	gsotest.SetSums(two[1])
	for i, got := range cut(t, super(two, offload(s, 4))) {
		if !bytes.Equal(got, two[i]) {
			t.Errorf("packet %d: got % x, want % x", i, got, two[i])
		}
	}
	f := bytes.Clone(p)
	binary.BigEndian.PutUint16(f[26:], gsotest.Sum(gsotest.Pseudo(f, 20, protoUDP)...))
	if got := cut(t, Frame{f, Offload{Partial: true, Start: 20, Field: udpSumAt}}); !bytes.Equal(got[0], p) {
		t.Errorf("alone: got % x, want % x", got[0], p)
	}
}

func TestMalformedFrames(t *testing.T) {
	tcp := super(gsotest.Stream(gsotest.Spec{Flags: flagACK}, 3, 100, 0), offload(gsotest.Spec{}, 100))
	udp := super(gsotest.Stream(gsotest.Spec{UDP: true}, 3, 100, 0), offload(gsotest.Spec{UDP: true}, 100))
	six := super(gsotest.Stream(gsotest.Spec{IPv6: true, Flags: flagACK}, 3, 100, 0), offload(gsotest.Spec{IPv6: true}, 100))
	for _, tt := range []struct {
		name   string
		f      Frame
		change func(f *Frame)
	}{
		{"empty", tcp, func(f *Frame) { f.Data = nil }},
		{"no IP", tcp, func(f *Frame) { f.Data[0] = 0x55 }},
		{"IPv4 header too short", tcp, func(f *Frame) { f.Data[0], f.Start = 0x44, 16 }},
		{"TCP begins elsewhere", tcp, func(f *Frame) { f.Start = 24 }},
		{"TCP begins in the IPv6 header", six, func(f *Frame) { f.Start = 39 }},
		{"TCP header cut", tcp, func(f *Frame) { f.Data = f.Data[:39] }},
		{"TCP header says too little", tcp, func(f *Frame) { f.Data[32] = 0x40 }},
		{"TCP header says too much", tcp, func(f *Frame) { f.Data, f.Data[32] = f.Data[:60], 0xf0 }},
		{"UDP header cut", udp, func(f *Frame) { f.Data = f.Data[:27] }},
		{"no size", tcp, func(f *Frame) { f.Size = 0 }},
		{"negative size", tcp, func(f *Frame) { f.Size = -1 }},
		{"a packet of more than 64 KB", tcp, func(f *Frame) { f.Data, f.Size = append(f.Data, make([]byte, 65535)...), 65530 }},
		{"TCP begins far behind", six, func(f *Frame) { f.Start = 1 << 16 }},
		{"checksum behind the end", tcp, func(f *Frame) { f.Kind, f.Start = None, len(f.Data)-17 }},
		{"checksum before the beginning", tcp, func(f *Frame) { f.Kind, f.Start = None, -20 }},
	} {
		t.Run(tt.name, func(t *testing.T) {
			f := Frame{bytes.Clone(tt.f.Data), tt.f.Offload}
			tt.change(&f)
			var s Segmenter
			if err := s.Begin(f); !errors.Is(err, ErrFrame) {
				t.Errorf("got %v, want %v", err, ErrFrame)
			}
		})
	}
}
