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

// What the router and strongSwan send each other, taken from the cable and opened by tshark with strongSwan's keys: each field of each
// packet is what ping has sent, and both directions count from 1.
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
			const count, size = 5, 100
			l := NewLab(t)
			peer := StartCharon(t, l, l.B, "  filelog { log { chd = 4 } }\n")
			peer.Load(t, Connection{Children: []PeerChild{{Proposals: tt.proposal}}})
			file := filepath.Join(t.TempDir(), "cable.pcapng")
			// ESP in UDP begins with an SPI, IKE with four octets of zero (RFC 3948 §2.2).
			shark := l.B.StartProgram(t, "Capture started", "tshark", "-n", "-i", DeviceB, "-w", file, "-c", strconv.Itoa(2*count),
				"-f", "udp port 4500 and udp[8:4] != 0 and udp[4:2] > 9")
			startRouter(t, l, RouterConf{TransformSet: tt.transform}.String())
			run(t, l.A.command("ping", "-n", "-I", InnerA, "-c", strconv.Itoa(count), "-i", "0.2", "-W", "5", "-s", strconv.Itoa(size), "-p", "a5c3", InnerB))
			Eventually(t, "tshark has all packets", func() (bool, string) { return shark.p.ended(), shark.Output(t) })

			keys := keysIn(t, peer.Log(t), OuterA, tt.encr, tt.integ)
			got := Dissect(t, file, keys, "esp", "esp.spi", "esp.sequence", "esp.icv_good", "esp.protocol", "esp.pad_len", "esp.pad", "ip.src", "ip.dst", "ip.checksum.status",
				"udp.dstport", "icmp.type", "icmp.seq", "icmp.checksum.status", "data.data")
			if len(got) != 2*count {
				t.Fatalf("tshark found %d ESP packets, want %d", len(got), 2*count)
			}
			seq := map[string]int{}
			for _, p := range got {
				if len(p["ip.src"]) == 0 {
					t.Fatalf("a packet without an IPv4 header: %v", p)
				}
				from := p["ip.src"][0]
				seq[from]++
				want := map[string][]string{
					"esp.sequence": {strconv.Itoa(seq[from])}, "esp.icv_good": {"1"}, "esp.protocol": {"0x04"}, "udp.dstport": {"4500"},
					"ip.src": {OuterA, InnerA}, "ip.dst": {OuterB, InnerB}, "icmp.type": {"8"},
				}
				if from == OuterB {
					want["ip.src"], want["ip.dst"], want["icmp.type"] = []string{OuterB, InnerB}, []string{OuterA, InnerA}, []string{"0"}
				}
				for _, k := range keys {
					if k.Src == from {
						want["esp.spi"] = []string{fmt.Sprintf("0x%08x", k.SPI)}
					}
				}
				checkFields(t, p, want)
				checkPadding(t, p)
				// In front of the pattern there is the time.
				if data := strings.Join(p["data.data"], ""); !strings.HasSuffix(data, strings.Repeat("a5c3", (size-16)/2)) {
					t.Errorf("packet %s of %s: payload %s", p["esp.sequence"], from, data)
				}
				if got, want := p["icmp.seq"], strconv.Itoa(seq[from]); len(got) == 0 || got[0] != want {
					t.Errorf("packet %s of %s: icmp.seq %v, want %s", p["esp.sequence"], from, got, want)
				}
			}
			if seq[OuterA] != count || seq[OuterB] != count {
				t.Errorf("packets by sender: %v, want %d of each", seq, count)
			}
		})
	}
}
