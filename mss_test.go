package seikan

import (
	"bytes"
	"encoding/binary"
	"testing"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"

	"seikan/sadb"
)

// syn is a TCP segment with SYN and options, with the right checksum.
func syn(t testing.TB, v6 bool, flags byte, options []byte) []byte {
	t.Helper()
	var ip gopacket.NetworkLayer
	var first gopacket.SerializableLayer
	if v6 {
		l := &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: layers.IPProtocolTCP, SrcIP: make([]byte, 16), DstIP: bytes.Repeat([]byte{1}, 16)}
		ip, first = l, l
	} else {
		l := &layers.IPv4{Version: 4, TTL: 64, Protocol: layers.IPProtocolTCP, SrcIP: []byte{10, 1, 0, 1}, DstIP: []byte{10, 2, 0, 1}}
		ip, first = l, l
	}
	tcp := &layers.TCP{SrcPort: 1000, DstPort: 80, Seq: 7, SYN: flags&flagSYN != 0, ACK: flags&0x10 != 0, Window: 65000}
	if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	for len(options) > 0 {
		o := layers.TCPOption{OptionType: layers.TCPOptionKind(options[0])}
		n := 1
		if options[0] > optionNOP {
			n = int(options[1])
			o.OptionLength, o.OptionData = options[1], options[2:n]
		}
		tcp.Options = append(tcp.Options, o)
		options = options[n:]
	}
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, first, tcp); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// decoded is the MSS of a segment, 0 for none, and whether its checksum is right.
func decoded(t testing.TB, p []byte) (mss uint16, good bool) {
	t.Helper()
	first := layers.LayerTypeIPv4
	if p[0]>>4 == 6 {
		first = layers.LayerTypeIPv6
	}
	pkt := gopacket.NewPacket(p, first, gopacket.Default)
	tcp, ok := pkt.Layer(layers.LayerTypeTCP).(*layers.TCP)
	if !ok {
		t.Fatalf("no TCP in % x", p)
	}
	for _, o := range tcp.Options {
		if o.OptionType == layers.TCPOptionKindMSS {
			mss = binary.BigEndian.Uint16(o.OptionData)
		}
	}
	was := tcp.Checksum
	buf := gopacket.NewSerializeBuffer()
	if err := tcp.SetNetworkLayerForChecksum(pkt.NetworkLayer()); err != nil {
		t.Fatal(err)
	}
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{ComputeChecksums: true}, tcp); err != nil {
		t.Fatal(err)
	}
	return mss, tcp.Checksum == was
}

func TestClampMSS(t *testing.T) {
	mss := func(n uint16) []byte { return []byte{optionMSS, mssOctets, byte(n >> 8), byte(n)} }
	for _, tt := range []struct {
		name    string
		flags   byte
		options []byte
		want    uint16
	}{
		{"more", flagSYN, mss(1460), 1360},
		{"the answer", flagSYN | 0x10, mss(8960), 1360},
		{"as much", flagSYN, mss(1360), 1360},
		{"less", flagSYN, mss(536), 536},
		{"behind others", flagSYN, append([]byte{1, 1, 4, 2, 3, 3, 7, 8, 10, 0, 0, 0, 0, 0, 0, 0, 0}, mss(1460)...), 1360},
		{"at an odd octet", flagSYN, append([]byte{1}, mss(1460)...), 1360},
		{"none", flagSYN, []byte{1, 1, 4, 2}, 0},
		{"behind the end", flagSYN, append([]byte{0}, mss(1460)...), 0},
		{"no SYN", 0x10, mss(1460), 1460},
	} {
		for _, v6 := range []bool{false, true} {
			p := syn(t, v6, tt.flags, tt.options)
			was := bytes.Clone(p)
			changed := clampMSS(p, 1360)
			got, good := decoded(t, p)
			if got != tt.want || !good || changed == bytes.Equal(p, was) {
				t.Errorf("%s, IPv6 %v: got an MSS of %d, a good checksum %v, changed %v; want %d", tt.name, v6, got, good, changed, tt.want)
			}
		}
	}
}

func TestClampMSSLeavesAlone(t *testing.T) {
	fragment := syn(t, false, flagSYN, []byte{2, 4, 5, 180})
	fragment[7] = 1
	udp := syn(t, false, flagSYN, []byte{2, 4, 5, 180})
	udp[9] = 17
	short := syn(t, false, flagSYN, []byte{2, 4, 5, 180})
	for name, p := range map[string][]byte{"a later fragment": fragment, "another protocol": udp, "a cut header": short[:41], "nothing": nil} {
		was := bytes.Clone(p)
		if clampMSS(p, 500) || !bytes.Equal(p, was) {
			t.Errorf("%s was changed", name)
		}
	}
}

// Whatever comes, nothing outside of the two octets of the option and the checksum changes, and nothing panics.
func FuzzClampMSS(f *testing.F) {
	f.Add(syn(f, false, flagSYN, []byte{1, 2, 4, 5, 180}), uint16(500))
	f.Add(syn(f, true, flagSYN, []byte{2, 4, 5, 180}), uint16(1200))
	f.Fuzz(func(t *testing.T, p []byte, mss uint16) {
		was := bytes.Clone(p)
		changed := clampMSS(p, mss)
		n := 0
		for i := range p {
			if p[i] != was[i] {
				n++
			}
		}
		if n > 4 || changed != (n > 0) && n > 0 {
			t.Errorf("%d octets changed of % x", n, was)
		}
	})
}

// The SYN segments of a policy's traffic are clamped on their way out and on their way in.
func TestStepsClampMSS(t *testing.T) {
	for _, out := range []bool{true, false} {
		a, b := newHalves(t)
		at := a
		if !out {
			at = b
		}
		at.r.db.SetPolicies([]sadb.Policy{{ID: "P", Action: sadb.Protect, Local: at.r.cfg.Policies[0].Local, Remote: at.r.cfg.Policies[0].Remote, MSS: 1200}})
		join(t, a, b, gcm128, 64, sadb.Lifetime{})
		p := syn(t, false, flagSYN, []byte{2, 4, 5, 180})
		copy(p[12:], innerA.AsSlice())
		copy(p[16:], innerB.AsSlice())
		// Another address, another checksum.
		fixed := gopacket.NewSerializeBuffer()
		pkt := gopacket.NewPacket(p, layers.LayerTypeIPv4, gopacket.Default)
		ip, tcp := pkt.Layer(layers.LayerTypeIPv4).(*layers.IPv4), pkt.Layer(layers.LayerTypeTCP).(*layers.TCP)
		if err := tcp.SetNetworkLayerForChecksum(ip); err != nil {
			t.Fatal(err)
		}
		if err := gopacket.SerializeLayers(fixed, gopacket.SerializeOptions{ComputeChecksums: true}, ip, tcp); err != nil {
			t.Fatal(err)
		}
		a.up.step(1, [][]byte{fixed.Bytes()})
		deliver(a, b)
		if len(b.dev.last) != 1 {
			t.Fatalf("%d packets came out", len(b.dev.last))
		}
		if mss, good := decoded(t, b.dev.last[0]); mss != 1200 || !good {
			t.Errorf("on the way out %v: an MSS of %d, a good checksum %v; want 1200", out, mss, good)
		}
	}
}
