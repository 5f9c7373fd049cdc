package gso

import (
	"bytes"
	"encoding/binary"
	"testing"

	"seikan/internal/gso/gsotest"
)

// FuzzSegment cuts any frame with any offload. What is cut has lengths and checksums that are right, and together the payload of the frame.
func FuzzSegment(f *testing.F) {
	for _, s := range []gsotest.Spec{{Flags: flagACK}, {UDP: true}, {IPv6: true, Flags: flagACK | flagPSH}, {IPv6: true, UDP: true}} {
		o := offload(s, 100)
		f.Add(super(gsotest.Stream(s, 3, 100, 20), o).Data, byte(o.Kind), 100, true, o.Start, o.Field)
		f.Add(super(gsotest.Stream(s, 9, 7, 1), o).Data, byte(o.Kind), 7, true, o.Start, o.Field)
		f.Add(super(gsotest.Stream(s, 1, 100, 0), o).Data, byte(None), 0, true, o.Start, o.Field)
	}
	f.Fuzz(func(t *testing.T, data []byte, kind byte, size int, partial bool, start, field int) {
		if len(data) > 70000 {
			return
		}
		in := bytes.Clone(data)
		fr := Frame{in, Offload{Kind(kind % 3), size, partial, start, field}}
		var s Segmenter
		if s.Begin(fr) != nil {
			return
		}
		if fr.Kind == None {
			room := make([]byte, len(data))
			if n := s.Put(room, 0); s.Len() != 1 || n != len(data) {
				t.Fatalf("got %d packets, the first of %d octets; want the only one as long as it was", s.Len(), n)
			}
			return
		}
		if !bytes.Equal(in, data) {
			t.Fatal("the frame was changed")
		}
		var all []byte
		for i := range s.Len() {
			p := make([]byte, s.NextLen())
			if n := s.Put(p, 0); n != len(p) {
				t.Fatalf("packet %d: got %d octets, announced %d", i, n, len(p))
			}
			payload := p[s.head:]
			if len(payload) > size || i < s.Len()-1 && len(payload) != size {
				t.Fatalf("packet %d of %d has %d octets of payload, want %d", i, s.Len(), len(payload), size)
			}
			all = append(all, payload...)
			checkCut(t, p, s.l4, fr.Kind)
		}
		if !bytes.Equal(all, data[s.head:]) {
			t.Fatal("the payload is not that of the frame")
		}
	})
}

// checkCut holds a packet against what its header says.
func checkCut(t *testing.T, p []byte, l4 int, kind Kind) {
	t.Helper()
	n := 40 + int(binary.BigEndian.Uint16(p[4:]))
	if p[0]>>4 == 4 {
		n = int(binary.BigEndian.Uint16(p[2:]))
		if gsotest.Sum(p[:l4]...) != 0xffff {
			t.Fatalf("header checksum of % x", p)
		}
	}
	if n != len(p) {
		t.Fatalf("got %d octets, the header says %d", len(p), n)
	}
	proto := byte(protoTCP)
	if kind == UDP {
		proto = protoUDP
		if int(binary.BigEndian.Uint16(p[l4+udpLenAt:])) != n-l4 || p[l4+udpSumAt]|p[l4+udpSumAt+1] == 0 {
			t.Fatalf("UDP header % x of a packet of %d octets", p[l4:l4+8], n)
		}
	}
	if s := gsotest.Sum(append(gsotest.Pseudo(p, l4, proto), p[l4:]...)...); s != 0xffff {
		t.Fatalf("checksum of % x: sum %#x", p, s)
	}
}

// FuzzCoalesce joins packets that a script makes, most of them nearly alike, and takes them apart again: the packets come out as they were, in
// the order of their flow, whole or broken.
func FuzzCoalesce(f *testing.F) {
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0}, uint16(100))
	f.Add([]byte{0, 0, 16, 0, 16, 1, 17, 1, 18, 2, 18, 2, 19, 3, 19, 3}, uint16(1386))
	f.Add([]byte{0, 0, 0, 0x20, 0, 0x40, 0, 0x60, 0, 0x80, 0, 0xa0, 0, 0xc0, 0, 0xe0, 0, 0, 0, 0}, uint16(7))
	f.Fuzz(func(t *testing.T, script []byte, size uint16) {
		if len(script) > 400 {
			return
		}
		ps := scripted(script, int(size)%1500)
		var c Coalescer
		for range 2 { // the second time with what the first has left
			fs := coalesced(&c, ps)
			for _, fr := range fs {
				if fr.Kind != None {
					wantWhole(t, fr)
				}
			}
			wantRoundTrip(t, fs, ps)
		}
	})
}

// scripted makes a packet of each two octets: which of eight flows it is of, and how it differs from what would come next.
func scripted(script []byte, size int) (ps [][]byte) {
	var flows [8]gsotest.Spec
	for i := range flows {
		flows[i] = gsotest.Spec{IPv6: i&1 != 0, UDP: i&2 != 0, Port: uint16(i >> 2), TTL: 64, Flags: flagACK, Seq: 1<<32 - 2000, ID: 65530, Frag: df}
	}
	for i := 0; i+1 < len(script); i += 2 {
		how := script[i+1]
		s := &flows[script[i]&7]
		s.Payload = gsotest.Octets(size)
		if script[i]&0x10 != 0 {
			s.Payload = gsotest.Octets(size / 2)
		}
		once := *s
		switch how >> 5 {
		case 1:
			once.Flags |= 1 << (how & 7)
		case 2:
			once.TOS = how & 3
		case 3:
			s.Window += uint16(how & 1)
			once.Window = s.Window
		case 4:
			once.Options = make([]byte, int(how&3)*4)
		case 5:
			once.Frag = []uint16{0, 0x2000, 1, 0x8000}[how&3]
		}
		p := once.Packet()
		switch how >> 5 {
		case 6:
			p[int(how&0x1f)%len(p)] ^= 1 // and the checksums stay
		case 7:
			p = p[:len(p)-int(how&0x1f)%len(p)]
		}
		ps = append(ps, p)
		s.Seq += uint32(len(s.Payload))
		s.ID++
	}
	return ps
}

// wantWhole fails unless a frame is what a host takes.
func wantWhole(t *testing.T, f Frame) {
	t.Helper()
	n := 40 + int(binary.BigEndian.Uint16(f.Data[4:]))
	if f.Data[0]>>4 == 4 {
		n = int(binary.BigEndian.Uint16(f.Data[2:]))
	}
	if n != len(f.Data) || !f.Partial || f.Size <= 0 || f.Start+f.Field+2 > len(f.Data) {
		t.Fatalf("frame of %d octets, says %d: %+v", len(f.Data), n, f.Offload)
	}
	proto := byte(protoTCP)
	if f.Kind == UDP {
		proto = protoUDP
	}
	if got, want := binary.BigEndian.Uint16(f.Data[f.Start+f.Field:]), gsotest.Sum(gsotest.Pseudo(f.Data, f.Start, proto)...); got != want {
		t.Fatalf("checksum field %#x, want that of the pseudo header, %#x", got, want)
	}
}
