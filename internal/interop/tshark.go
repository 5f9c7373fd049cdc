package interop

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"
)

// ESPKey is what tshark must know of an SA to open its packets. Algorithms have the names of Wireshark's table of SAs.
type ESPKey struct {
	IPv6     bool
	Src, Dst string // outer addresses
	SPI      uint32 // 0: any
	Encr     string
	Key      []byte // with the salt, if there is one
	Integ    string
	IntegKey []byte
}

// Names of algorithms in Wireshark.
const (
	SharkGCM    = "AES-GCM with 16 octet ICV [RFC4106]"
	SharkCBC    = "AES-CBC [RFC3602]"
	SharkCTR    = "AES-CTR [RFC3686]"
	SharkNULL   = "NULL"
	SharkSHA1   = "HMAC-SHA-1-96 [RFC2404]"
	SharkSHA256 = "HMAC-SHA-256-128 [RFC4868]"
	SharkSHA384 = "HMAC-SHA-384-192 [RFC4868]"
	SharkSHA512 = "HMAC-SHA-512-256 [RFC4868]"
	SharkAny128 = "ANY 128 bit authentication [no checking]"
)

// entry is the line of Wireshark's table.
func (k ESPKey) entry() string {
	family := "IPv4"
	if k.IPv6 {
		family = "IPv6"
	}
	hex := func(b []byte) string {
		if len(b) == 0 {
			return ""
		}
		return fmt.Sprintf("0x%x", b)
	}
	spi := "*"
	if k.SPI != 0 {
		spi = fmt.Sprintf("0x%08x", k.SPI)
	}
	return fmt.Sprintf(`uat:esp_sa:"%s","%s","%s","%s","%s","%s","%s","%s"`, family, k.Src, k.Dst, spi, k.Encr, hex(k.Key), or(k.Integ, "NULL"), hex(k.IntegKey))
}

// Dissect has tshark open the ESP packets of a capture, and gives the fields of each packet, by their names there. A field that is in the
// packet several times, as an outer and an inner address, has as many values.
func Dissect(t testing.TB, file string, keys []ESPKey, filter string, fields ...string) []map[string][]string {
	t.Helper()
	const between = "|"
	args := []string{"-n", "-r", file, "-Y", filter, "-o", "esp.enable_encryption_decode:TRUE", "-o", "esp.enable_authentication_check:TRUE",
		"-o", "ip.check_checksum:TRUE", "-o", "udp.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE",
		"-T", "fields", "-E", "separator=" + between, "-E", "occurrence=a"}
	for _, k := range keys {
		args = append(args, "-o", k.entry())
	}
	for _, f := range fields {
		args = append(args, "-e", f)
	}
	var complaints strings.Builder
	c := exec.Command("tshark", args...)
	c.Stderr = &complaints
	out, err := c.Output()
	if err != nil || strings.Contains(complaints.String(), "Error") {
		t.Fatalf("tshark: %v\n%s", err, complaints.String())
	}
	var packets []map[string][]string
	for line := range strings.Lines(string(out)) {
		values := strings.Split(strings.TrimRight(line, "\n"), between)
		if len(values) != len(fields) {
			t.Fatalf("tshark: got %d fields in %q, want %d", len(values), line, len(fields))
		}
		p := map[string][]string{}
		for i, v := range values {
			if v != "" {
				p[fields[i]] = strings.Split(v, ",")
			}
		}
		packets = append(packets, p)
	}
	return packets
}
