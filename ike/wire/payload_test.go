package wire

import (
	"bytes"
	"errors"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// Bodies of payloads that are already as Append writes them.
var goodBodies = []struct {
	name string
	kind PayloadType
	body string
	want Payload
}{
	{"KE", PayloadKE, "001f 0000 0102030405", &KE{Group: CURVE25519, Data: []byte{1, 2, 3, 4, 5}}},
	{"KE of an unknown group", PayloadKE, "0401 0000 01", &KE{Group: 1025, Data: []byte{1}}},
	{"Nonce", PayloadNonce, "000102030405060708090a0b0c0d0e0f", &Nonce{Data: []byte{0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}}},
	{"Nonce of no octets is for the caller", PayloadNonce, "", &Nonce{Data: []byte{}}},
	{"IDi", PayloadIDi, "02 000000 612e62", &ID{Initiator: true, Kind: ID_FQDN, Data: []byte("a.b")}},
	{"IDr", PayloadIDr, "01 000000 c0000201", &ID{Kind: ID_IPV4_ADDR, Data: []byte{192, 0, 2, 1}}},
	{"ID_NULL", PayloadIDi, "0d 000000", &ID{Initiator: true, Kind: ID_NULL, Data: []byte{}}},
	{"AUTH", PayloadAUTH, "02 000000 aabb", &Auth{Method: AuthSharedKey, Data: []byte{0xaa, 0xbb}}},
	{"Notify without SPI and data", PayloadNotify, "00 00 000e", &Notify{SPI: []byte{}, Kind: NO_PROPOSAL_CHOSEN, Data: []byte{}}},
	{"Notify with data", PayloadNotify, "00 00 4006 c00c1e", &Notify{SPI: []byte{}, Kind: COOKIE, Data: []byte{0xc0, 0x0c, 0x1e}}},
	{"Notify with SPI", PayloadNotify, "03 04 4009 01020304", &Notify{Protocol: ProtocolESP, SPI: []byte{1, 2, 3, 4}, Kind: REKEY_SA, Data: []byte{}}},
	{"Notify with SPI and data", PayloadNotify, "03 04 a000 01020304 05", &Notify{Protocol: ProtocolESP, SPI: []byte{1, 2, 3, 4}, Kind: 40960, Data: []byte{5}}},
	{"Delete of the IKE SA", PayloadDelete, "01 00 0000", &Delete{Protocol: ProtocolIKE}},
	{"Delete of a Child SA", PayloadDelete, "03 04 0001 01020304", &Delete{Protocol: ProtocolESP, SPIs: [][]byte{{1, 2, 3, 4}}}},
	{"Delete of two Child SAs", PayloadDelete, "02 04 0002 01020304 05060708", &Delete{Protocol: ProtocolAH, SPIs: [][]byte{{1, 2, 3, 4}, {5, 6, 7, 8}}}},
	{"Delete of no Child SA", PayloadDelete, "03 04 0000", &Delete{Protocol: ProtocolESP}},
	{"Vendor ID", PayloadVendorID, "afcad71368a1f1c96b8696fc77570100", &VendorID{Data: []byte{0xaf, 0xca, 0xd7, 0x13, 0x68, 0xa1, 0xf1, 0xc9, 0x6b, 0x86, 0x96, 0xfc, 0x77, 0x57, 1, 0}}},
	{"TSi", PayloadTSi, "01 000000 07 00 0010 0000 ffff 0a000000 0affffff",
		&TS{Initiator: true, Selectors: []Selector{{TS_IPV4_ADDR_RANGE, 0, 0, 65535, netip.MustParseAddr("10.0.0.0"), netip.MustParseAddr("10.255.255.255")}}}},
	{"TSr of two families", PayloadTSr, `02 000000 07 11 0010 01f4 01f4 c0000201 c0000201
		08 06 0028 0000 ffff 20010db8000000000000000000000000 20010db8ffffffffffffffffffffffff`,
		&TS{Selectors: []Selector{
			{TS_IPV4_ADDR_RANGE, 17, 500, 500, netip.MustParseAddr("192.0.2.1"), netip.MustParseAddr("192.0.2.1")},
			{TS_IPV6_ADDR_RANGE, 6, 0, 65535, netip.MustParseAddr("2001:db8::"), netip.MustParseAddr("2001:db8:ffff:ffff:ffff:ffff:ffff:ffff")},
		}}},
	{"TS of opaque ports", PayloadTSr, "01 000000 07 11 0010 ffff 0000 00000000 ffffffff",
		&TS{Selectors: []Selector{{TS_IPV4_ADDR_RANGE, 17, 65535, 0, netip.MustParseAddr("0.0.0.0"), netip.MustParseAddr("255.255.255.255")}}}},
	{"TS of IPv4-mapped addresses", PayloadTSr, "01 000000 08 00 0028 0000 ffff 00000000000000000000ffff00000000 00000000000000000000ffffffffffff",
		&TS{Selectors: []Selector{{TS_IPV6_ADDR_RANGE, 0, 0, 65535, netip.MustParseAddr("::ffff:0.0.0.0"), netip.MustParseAddr("::ffff:255.255.255.255")}}}},
	{"CERT", PayloadCERT, "04 3082", &Raw{Kind: PayloadCERT, Data: []byte{4, 0x30, 0x82}}},
	{"CP", PayloadCP, "01000000 00010000", &Raw{Kind: PayloadCP, Data: []byte{1, 0, 0, 0, 0, 1, 0, 0}}},
	{"EAP", PayloadEAP, "03010004", &Raw{Kind: PayloadEAP, Data: []byte{3, 1, 0, 4}}},
	{"unknown payload", 200, "", &Raw{Kind: 200, Data: []byte{}}},
	{"IKEv1 payload", 1, "00000001", &Raw{Kind: 1, Data: []byte{0, 0, 0, 1}}},
}

// alone is the chain of one payload with the body.
func alone(body []byte) []byte {
	n := genericLen + len(body)
	return append([]byte{0, 0, byte(n >> 8), byte(n)}, body...)
}

func TestParsePayload(t *testing.T) {
	for _, tt := range goodBodies {
		t.Run(tt.name, func(t *testing.T) {
			in := alone(octets(t, tt.body))
			got, err := ParsePayloads(tt.kind, in)
			if err != nil {
				t.Fatal(err)
			}
			if want := []Payload{tt.want}; !reflect.DeepEqual(got, want) {
				t.Errorf("parsed: got %+v, want %+v", got[0], tt.want)
			}
			if got := tt.want.Type(); got != tt.kind {
				t.Errorf("type: got %v, want %v", got, tt.kind)
			}
			if got := AppendPayloads(nil, []Payload{tt.want}); !bytes.Equal(got, in) {
				t.Errorf("appended: got %x, want %x", got, in)
			}
		})
	}
}

// What is read, but not written in the same way.
func TestParsePayloadLenient(t *testing.T) {
	tests := []struct {
		name string
		kind PayloadType
		body string
		want Payload
	}{
		{"KE reserved", PayloadKE, "0013 ffff 01", &KE{Group: ECP_256, Data: []byte{1}}},
		{"ID reserved", PayloadIDr, "02 ffffff 61", &ID{Kind: ID_FQDN, Data: []byte("a")}},
		{"AUTH reserved", PayloadAUTH, "0e ffffff 01", &Auth{Method: AuthDigitalSignature, Data: []byte{1}}},
		{"TS reserved", PayloadTSi, "01 ffffff 07 00 0010 0000 ffff 00000000 00000000",
			&TS{Initiator: true, Selectors: []Selector{{TS_IPV4_ADDR_RANGE, 0, 0, 65535, netip.IPv4Unspecified(), netip.IPv4Unspecified()}}}},
		{"TS unknown type is left out", PayloadTSi, "03 000000 0a 00 0007 ffff01 07 00 0010 0000 ffff 00000000 00000000 09 00 0004",
			&TS{Initiator: true, Selectors: []Selector{{TS_IPV4_ADDR_RANGE, 0, 0, 65535, netip.IPv4Unspecified(), netip.IPv4Unspecified()}}}},
		{"TS of unknown types only", PayloadTSr, "01 000000 0a 00 0007 ffff01", &TS{}},
		{"Delete of no Child SA, SPI size zero", PayloadDelete, "03 00 0000", &Delete{Protocol: ProtocolESP}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePayloads(tt.kind, alone(octets(t, tt.body)))
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(got, []Payload{tt.want}) {
				t.Errorf("got %+v, want %+v", got[0], tt.want)
			}
		})
	}
}

func TestParsePayloadMalformed(t *testing.T) {
	tests := []struct {
		name string
		kind PayloadType
		body string
	}{
		{"KE empty", PayloadKE, ""},
		{"KE cut in the group", PayloadKE, "00"},
		{"KE cut in reserved", PayloadKE, "001f 00"},
		{"KE without data", PayloadKE, "001f 0000"},
		{"ID empty", PayloadIDi, ""},
		{"ID cut in reserved", PayloadIDr, "02 0000"},
		{"AUTH empty", PayloadAUTH, ""},
		{"AUTH cut in reserved", PayloadAUTH, "02 0000"},
		{"AUTH without data", PayloadAUTH, "02 000000"},
		{"Notify empty", PayloadNotify, ""},
		{"Notify cut in the type", PayloadNotify, "00 00 40"},
		{"Notify SPI overrun", PayloadNotify, "03 04 4009 010203"},
		{"Notify SPI size 255", PayloadNotify, "03 ff 4009 01020304"},
		{"Delete empty", PayloadDelete, ""},
		{"Delete cut in the count", PayloadDelete, "03 04 00"},
		{"Delete of IKE with SPIs", PayloadDelete, "01 08 0001 0102030405060708"},
		{"Delete of IKE with SPI size", PayloadDelete, "01 04 0000"},
		{"Delete SPI size zero, one SPI", PayloadDelete, "03 00 0001"},
		{"Delete SPI size zero, octets", PayloadDelete, "03 00 0000 01020304"},
		{"Delete SPI size zero, 65535 SPIs", PayloadDelete, "03 00 ffff"},
		{"Delete SPI size eight", PayloadDelete, "03 08 0001 0102030405060708"},
		{"Delete count too high", PayloadDelete, "03 04 0002 01020304"},
		{"Delete count 65535", PayloadDelete, "03 04 ffff 01020304"},
		{"Delete count too low", PayloadDelete, "03 04 0001 01020304 05060708"},
		{"Delete count zero with SPI", PayloadDelete, "03 04 0000 01020304"},
		{"Delete cut in an SPI", PayloadDelete, "03 04 0001 010203"},
		{"TS empty", PayloadTSi, ""},
		{"TS cut in reserved", PayloadTSi, "01 0000"},
		{"TS count zero", PayloadTSi, "00 000000"},
		{"TS count zero with selector", PayloadTSi, "00 000000 07 00 0010 0000 ffff 00000000 00000000"},
		{"TS count too high", PayloadTSi, "02 000000 07 00 0010 0000 ffff 00000000 00000000"},
		{"TS count too low", PayloadTSr, "01 000000 07 00 0010 0000 ffff 00000000 00000000 07 00 0010 0000 ffff 00000000 00000000"},
		{"TS IPv4 of IPv6 length", PayloadTSi, "01 000000 07 00 0028 0000 ffff 20010db8000000000000000000000000 20010db8ffffffffffffffffffffffff"},
		{"TS IPv6 of IPv4 length", PayloadTSi, "01 000000 08 00 0010 0000 ffff 00000000 00000000"},
		{"TS selector length zero", PayloadTSi, "01 000000 07 00 0000 0000 ffff 00000000 00000000"},
		{"TS selector length three", PayloadTSi, "01 000000 0a 00 0003"},
		{"TS selector length overrun", PayloadTSi, "01 000000 07 00 0011 0000 ffff 00000000 00000000"},
		{"TS unknown type, length overrun", PayloadTSi, "01 000000 0a 00 ffff 00"},
		{"TS cut in the ports", PayloadTSi, "01 000000 07 00 0006 0000"},
		{"TS cut in an address", PayloadTSi, "01 000000 07 00 000f 0000 ffff 00000000 000000"},
		{"TS start address above end", PayloadTSi, "01 000000 07 00 0010 0000 ffff 0a000001 0a000000"},
		{"TS start port above end", PayloadTSi, "01 000000 07 11 0010 01f5 01f4 0a000000 0a000001"},
		{"TS start port 65535, end not 0", PayloadTSi, "01 000000 07 11 0010 ffff 0001 0a000000 0a000001"},
		{"SK inside", PayloadSK, "0102030405060708"},
		{"SKF inside", PayloadSKF, "0001 0001 0102030405060708"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePayloads(tt.kind, alone(octets(t, tt.body)))
			if !errors.Is(err, ErrMalformed) || got != nil {
				t.Fatalf("got %+v, %v, want nil, %v", got, err, ErrMalformed)
			}
			if want := "ike/wire: " + tt.kind.String() + ": "; !strings.HasPrefix(err.Error(), want) {
				t.Errorf("error: got %q, want it to begin with %q", err, want)
			}
		})
	}
}

func TestSelectorString(t *testing.T) {
	lo, hi := netip.MustParseAddr("192.0.2.0"), netip.MustParseAddr("192.0.2.255")
	tests := []struct {
		want string
		in   Selector
	}{
		{"(0, any, 192.0.2.0-192.0.2.255)", Selector{Proto: 0, HiPort: 65535, Lo: lo, Hi: hi}},
		{"(17, 500, 192.0.2.0-192.0.2.255)", Selector{Proto: 17, LoPort: 500, HiPort: 500, Lo: lo, Hi: hi}},
		{"(6, 80-443, 192.0.2.0-192.0.2.0)", Selector{Proto: 6, LoPort: 80, HiPort: 443, Lo: lo, Hi: lo}},
		{"(6, opaque, 192.0.2.0-192.0.2.255)", Selector{Proto: 6, LoPort: 65535, HiPort: 0, Lo: lo, Hi: hi}},
	}
	for _, tt := range tests {
		if got := tt.in.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}
