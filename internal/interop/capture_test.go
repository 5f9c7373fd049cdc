package interop

import (
	"encoding/hex"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

// keyLine and dumpLine are what strongSwan logs of keys at level 4: a line with the name and the length, and the octets below it. spiLog is
// the SPI of either SA.
var (
	keyLine  = regexp.MustCompile(`\[CHD\] (encryption|integrity) (initiator|responder) key => (\d+) bytes`)
	dumpLine = regexp.MustCompile(`\[CHD\] +\d+: ((?:[0-9A-F]{2} )+)`)
	spiLog   = regexp.MustCompile(`\[CHD\]   SPI 0x([0-9a-f]{8}), src (\S+) dst (\S+)`)
)

// keysIn finds the keys of the first Child SA in strongSwan's log, whose initiator is at a.
func keysIn(t *testing.T, log, a, encr, integ string) (keys []ESPKey) {
	t.Helper()
	of := map[string][]byte{}
	ls := strings.Split(log, "\n")
	for i, l := range ls {
		if m := keyLine.FindStringSubmatch(l); m != nil {
			n, _ := strconv.Atoi(m[3])
			var b []byte
			for _, dump := range ls[i+1:] {
				d := dumpLine.FindStringSubmatch(dump)
				if d == nil {
					break
				}
				octets, err := hex.DecodeString(strings.ReplaceAll(d[1], " ", ""))
				if err != nil {
					t.Fatal(err)
				}
				b = append(b, octets...)
			}
			if len(b) != n {
				t.Fatalf("%s: found %d octets", l, len(b))
			}
			of[m[1]+" "+m[2]] = b
		}
		if m := spiLog.FindStringSubmatch(l); m != nil {
			spi, err := strconv.ParseUint(m[1], 16, 32)
			if err != nil {
				t.Fatal(err)
			}
			from := "responder"
			if m[2] == a {
				from = "initiator"
			}
			keys = append(keys, ESPKey{Src: m[2], Dst: m[3], SPI: uint32(spi), Encr: encr, Integ: integ, Key: of["encryption "+from], IntegKey: of["integrity "+from]})
		}
	}
	if len(keys) != 2 || len(keys[0].Key) == 0 {
		t.Fatalf("strongSwan has logged other than two SAs:\n%s", log)
	}
	return keys
}

// echoes pings from A to B while tshark takes the ESP packets that match filter from the cable, and opens them with the keys that there are
// then: each field of each packet is what ping has sent, and both directions count from 1.
func echoes(t *testing.T, l *Lab, filter string, outer [2]string, keys func() []ESPKey) {
	t.Helper()
	const count, size = 5, 100
	file := filepath.Join(t.TempDir(), "cable.pcapng")
	shark := l.B.StartProgram(t, "Capture started", "tshark", "-n", "-i", DeviceB, "-w", file, "-c", strconv.Itoa(2*count), "-f", filter)
	run(t, l.A.command("ping", "-n", "-I", InnerA, "-c", strconv.Itoa(count), "-i", "0.2", "-W", "5", "-s", strconv.Itoa(size), "-p", "a5c3", InnerB))
	Eventually(t, "tshark has all packets", func() (bool, string) { return shark.p.ended(), shark.Output(t) })

	ks := keys()
	got := Dissect(t, file, ks, "esp", "esp.spi", "esp.sequence", "esp.icv_good", "esp.protocol", "esp.pad_len", "esp.pad", "ip.src", "ip.dst", "ip.checksum.status",
		"ipv6.src", "ipv6.dst", "udp.dstport", "icmp.type", "icmp.seq", "icmp.checksum.status", "data.data")
	if len(got) != 2*count {
		t.Fatalf("tshark found %d ESP packets, want %d", len(got), 2*count)
	}
	seq, spis := map[string]int{}, map[string]string{}
	for _, p := range got {
		if len(p["icmp.type"]) != 1 {
			t.Fatalf("a packet that is no ping: %v", p)
		}
		src, dst, from, to, answer := outer[0], outer[1], InnerA, InnerB, p["icmp.type"][0] == "0"
		if answer {
			src, dst, from, to = outer[1], outer[0], InnerB, InnerA
		}
		seq[src]++
		want := map[string][]string{
			"esp.sequence": {strconv.Itoa(seq[src])}, "esp.protocol": {"0x04"}, "icmp.type": {"8"}, "icmp.seq": p["icmp.seq"],
			"ip.src": {src, from}, "ip.dst": {dst, to},
		}
		if strings.Contains(src, ":") {
			want["ip.src"], want["ip.dst"], want["ipv6.src"], want["ipv6.dst"] = []string{from}, []string{to}, []string{src}, []string{dst}
		}
		if answer {
			want["icmp.type"] = []string{"0"}
		}
		if strings.HasPrefix(filter, "udp") {
			want["udp.dstport"] = []string{"4500"}
		} else {
			want["udp.dstport"] = nil
		}
		for _, k := range ks {
			if k.Src == src && k.SPI != 0 {
				want["esp.spi"] = []string{fmt.Sprintf("0x%08x", k.SPI)}
			}
			if k.Src == src && k.Integ != SharkAny128 {
				want["esp.icv_good"] = []string{"1"}
			}
		}
		checkFields(t, p, want)
		checkPadding(t, p)
		if spi := p["esp.spi"][0]; spis[src] == "" {
			spis[src] = spi
		} else if spis[src] != spi {
			t.Errorf("SPI %s after %s", spi, spis[src])
		}
		// In front of the pattern there is the time.
		if data := strings.Join(p["data.data"], ""); !strings.HasSuffix(data, strings.Repeat("a5c3", (size-16)/2)) {
			t.Errorf("packet %s of %s: payload %s", p["esp.sequence"], src, data)
		}
		if got, want := p["icmp.seq"], strconv.Itoa(seq[src]); len(got) == 0 || got[0] != want {
			t.Errorf("packet %s of %s: icmp.seq %v, want %s", p["esp.sequence"], src, got, want)
		}
	}
	if seq[outer[0]] != count || seq[outer[1]] != count {
		t.Errorf("packets by sender: %v, want %d of each", seq, count)
	}
}

// What the router and strongSwan send each other in UDP, opened with the keys that strongSwan tells.
func TestCapture(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, proposal, transform, encr, integ string }{
		{"aes128gcm", "aes128gcm16", "esp-gcm 128", SharkGCM, ""},
		{"aes256cbc-sha256", "aes256-sha256", "esp-aes 256 esp-sha256-hmac", SharkCBC, SharkSHA256},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Require(t)
			if _, err := build(); err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			peer := StartCharon(t, l, l.B, "  filelog { log { chd = 4 } }\n")
			peer.Load(t, Connection{Children: []PeerChild{{Proposals: tt.proposal}}})
			startRouter(t, l, RouterConf{TransformSet: tt.transform}.String())
			// ESP in UDP begins with an SPI, IKE with four octets of zero, and a keepalive is one octet (RFC 3948 §2).
			echoes(t, l, "udp port 4500 and udp[8:4] != 0 and udp[4:2] > 9", [2]string{OuterA, OuterB}, func() []ESPKey {
				return keysIn(t, peer.Log(t), OuterA, tt.encr, tt.integ)
			})
		})
	}
}

// What two routers send each other without UDP. Neither tells its keys; so nothing is encrypted, and the ICV is left to the router.
func TestCaptureBare(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, filter string
		outer        [2]string
	}{
		{"IPv4", "ip proto 50", [2]string{OuterA, OuterB}},
		{"IPv6", "ip6 proto 50", [2]string{Outer6A, Outer6B}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Require(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			conf := RouterConf{Peer: tt.outer[1], TransformSet: "esp-null esp-sha256-hmac", Profile: []string{"no nat force-encap"}}.String()
			StartRouterIn(t, l, l.A, binary, conf)
			StartRouterIn(t, l, l.B, binary, mirrored6(conf))
			echoes(t, l, tt.filter, tt.outer, func() (keys []ESPKey) {
				for i := range tt.outer {
					keys = append(keys, ESPKey{IPv6: tt.name == "IPv6", Src: tt.outer[i], Dst: tt.outer[1-i], Encr: SharkNULL, Integ: SharkAny128})
				}
				return keys
			})
		})
	}
}
