package interop

import (
	"encoding/hex"
	"fmt"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/gopacket"
	"github.com/google/gopacket/layers"
	"github.com/google/gopacket/pcapgo"

	"seikan/esp"
)

// serialize is the octets of layers, with lengths and checksums.
func serialize(t *testing.T, ls ...gopacket.SerializableLayer) []byte {
	t.Helper()
	buf := gopacket.NewSerializeBuffer()
	if err := gopacket.SerializeLayers(buf, gopacket.SerializeOptions{FixLengths: true, ComputeChecksums: true}, ls...); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// ipLayer is the header of a packet of either family.
func ipLayer(src, dst string, proto layers.IPProtocol) interface {
	gopacket.SerializableLayer
	gopacket.NetworkLayer
} {
	from, to := netip.MustParseAddr(src), netip.MustParseAddr(dst)
	if from.Is4() {
		return &layers.IPv4{Version: 4, TTL: 64, Protocol: proto, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
	}
	return &layers.IPv6{Version: 6, HopLimit: 64, NextHeader: proto, SrcIP: from.AsSlice(), DstIP: to.AsSlice()}
}

// udpIn is a UDP packet of either family.
func udpIn(t *testing.T, src, dst string, port layers.UDPPort, payload []byte) []byte {
	t.Helper()
	ip, udp := ipLayer(src, dst, layers.IPProtocolUDP), &layers.UDP{SrcPort: port, DstPort: port}
	if err := udp.SetNetworkLayerForChecksum(ip); err != nil {
		t.Fatal(err)
	}
	return serialize(t, ip, udp, gopacket.Payload(payload))
}

// What esp seals is ESP to tshark: given the keys it finds the ICV good, and SPI, sequence number, IV, padding, next header, inner header
// and payload to be what they should be; bare and in UDP, over either family and with either family inside.
func TestDissectESP(t *testing.T) {
	t.Parallel()
	Require(t)
	suites := []struct {
		name        string
		suite       esp.Suite
		encr, integ string
	}{
		{"aes128gcm", esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}, SharkGCM, ""},
		{"aes256gcm", esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 256}, SharkGCM, ""},
		{"aes128cbc-sha1", esp.Suite{Encr: esp.ENCR_AES_CBC, KeyBits: 128, Integ: esp.AUTH_HMAC_SHA1_96}, SharkCBC, SharkSHA1},
		{"aes256cbc-sha256", esp.Suite{Encr: esp.ENCR_AES_CBC, KeyBits: 256, Integ: esp.AUTH_HMAC_SHA2_256_128}, SharkCBC, SharkSHA256},
		{"aes192cbc-sha384", esp.Suite{Encr: esp.ENCR_AES_CBC, KeyBits: 192, Integ: esp.AUTH_HMAC_SHA2_384_192}, SharkCBC, SharkSHA384},
		{"aes256ctr-sha512", esp.Suite{Encr: esp.ENCR_AES_CTR, KeyBits: 256, Integ: esp.AUTH_HMAC_SHA2_512_256}, SharkCTR, SharkSHA512},
		{"null-sha256", esp.Suite{Encr: esp.ENCR_NULL, Integ: esp.AUTH_HMAC_SHA2_256_128}, SharkNULL, SharkSHA256},
	}
	const first = 0x01020304 // the sequence number before the first one
	lengths := []int{1, 2, 3, 4, 15, 16, 17, 64, 1300}
	file := filepath.Join(t.TempDir(), "esp.pcap")
	f, err := os.Create(file)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w := pcapgo.NewWriter(f)
	if err := w.WriteFileHeader(65535, layers.LinkTypeRaw); err != nil {
		t.Fatal(err)
	}
	var keys []ESPKey
	var wants []map[string][]string
	spi := uint32(0xfedc0000)
	for _, suite := range suites {
		for _, outer := range [][2]string{{OuterA, OuterB}, {Outer6A, Outer6B}} {
			for _, bare := range []bool{true, false} {
				spi++
				key, auth := suite.suite.KeyLen()
				k := ESPKey{IPv6: strings.Contains(outer[0], ":"), Src: outer[0], Dst: outer[1], SPI: spi, Encr: suite.encr, Integ: suite.integ}
				for i := range key + auth {
					k.Key = append(k.Key, byte(i*7+int(spi)))
				}
				k.Key, k.IntegKey = k.Key[:key], k.Key[key:]
				keys = append(keys, k)
				s, err := esp.NewSealer(esp.Params{SPI: esp.SPI(spi), Suite: suite.suite, Key: esp.Secret(k.Key), Auth: esp.Secret(k.IntegKey), FirstSeq: first})
				if err != nil {
					t.Fatal(err)
				}
				for i, n := range lengths {
					payload := make([]byte, n)
					for j := range payload {
						payload[j] = byte(j + n)
					}
					inner, src, dst, next := udpIn(t, InnerA, InnerB, 7000, payload), InnerA, InnerB, uint8(4)
					if i%2 == 1 {
						inner, src, dst, next = udpIn(t, Inner6A, Inner6B, 7000, payload), Inner6A, Inner6B, 41
					}
					frames := []esp.Frame{{Data: inner, Next: next}}
					var scratch esp.Scratch
					s.Seal(&scratch, make([]byte, 0, s.SealedLen(len(inner))), frames)
					if frames[0].Err != nil {
						t.Fatal(frames[0].Err)
					}
					packet := udpIn(t, outer[0], outer[1], 4500, frames[0].Data)
					if bare {
						packet = serialize(t, ipLayer(outer[0], outer[1], layers.IPProtocolESP), gopacket.Payload(frames[0].Data))
					}
					if err := w.WritePacket(gopacket.CaptureInfo{Timestamp: time.Unix(1, 0), CaptureLength: len(packet), Length: len(packet)}, packet); err != nil {
						t.Fatal(err)
					}
					ports := []string{"4500", "7000"}
					if bare {
						ports = ports[1:]
					}
					want := map[string][]string{
						"esp.spi": {fmt.Sprintf("0x%08x", spi)}, "esp.sequence": {fmt.Sprint(first + 1 + i)}, "esp.icv_good": {"1"}, "esp.icv_bad": {"0"},
						"esp.protocol": {fmt.Sprintf("0x%02x", next)}, "udp.srcport": ports, "udp.dstport": ports, "data.data": {hex.EncodeToString(payload)},
					}
					for _, a := range [][2]string{outer, {src, dst}} {
						name := "ip."
						if strings.Contains(a[0], ":") {
							name = "ipv6."
						}
						want[name+"src"], want[name+"dst"] = append(want[name+"src"], a[0]), append(want[name+"dst"], a[1])
					}
					wants = append(wants, want)
				}
			}
		}
	}
	fields := []string{"esp.spi", "esp.sequence", "esp.icv_good", "esp.icv_bad", "esp.protocol", "esp.pad_len", "esp.pad", "udp.srcport", "udp.dstport", "udp.checksum.status",
		"ip.src", "ip.dst", "ip.checksum.status", "ipv6.src", "ipv6.dst", "data.data"}
	got := Dissect(t, file, keys, "esp", fields...)
	if len(got) != len(wants) {
		t.Fatalf("tshark found %d ESP packets, want %d", len(got), len(wants))
	}
	for i, want := range wants {
		checkFields(t, got[i], want)
		checkPadding(t, got[i])
	}
}

const goodChecksum = "1" // of Wireshark's *.checksum.status

// checkFields compares what tshark found with what must be there; all checksums must be good.
func checkFields(t *testing.T, got, want map[string][]string) {
	t.Helper()
	for field, v := range want {
		if !slices.Equal(got[field], v) {
			t.Errorf("SPI %s, packet %s: %s is %v, want %v", want["esp.spi"], want["esp.sequence"], field, got[field], v)
		}
	}
	for _, field := range []string{"ip.checksum.status", "udp.checksum.status", "icmp.checksum.status"} {
		for _, status := range got[field] {
			if status != goodChecksum {
				t.Errorf("SPI %s, packet %s: %s is %s", want["esp.spi"], want["esp.sequence"], field, status)
			}
		}
	}
}

// checkPadding sees that the padding counts 1, 2, 3, ... (RFC 4303 §2.4).
func checkPadding(t *testing.T, got map[string][]string) {
	t.Helper()
	var pad []byte
	for i := range 255 {
		pad = append(pad, byte(i+1))
	}
	var n int
	if len(got["esp.pad_len"]) != 1 {
		t.Errorf("packet %s: padding %v, want one length", got["esp.sequence"], got["esp.pad_len"])
		return
	}
	if _, err := fmt.Sscan(got["esp.pad_len"][0], &n); err != nil {
		t.Error(err)
	}
	if want := hex.EncodeToString(pad[:n]); strings.Join(got["esp.pad"], "") != want {
		t.Errorf("packet %s: padding %v, want %s", got["esp.sequence"], got["esp.pad"], want)
	}
}
