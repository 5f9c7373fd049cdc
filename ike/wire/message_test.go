package wire

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net/netip"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

// filled is n octets that are not zero.
func filled(n int) []byte { return bytes.Repeat([]byte{0xa5}, n) }

// initRequest is HDR, SAi1, KEi, Ni, N(NAT_DETECTION_*_IP), N(IKEV2_FRAGMENTATION_SUPPORTED), N(SIGNATURE_HASH_ALGORITHMS), V.
func initRequest() *Message {
	return &Message{
		Header: Header{SPIi: 0x1122334455667788, Version: Version2, Exchange: IKE_SA_INIT, Flags: FlagInitiator},
		Payloads: []Payload{
			&SA{Proposals: []Proposal{
				{Num: 1, Protocol: ProtocolIKE, Transforms: []Transform{
					{Type: TransformENCR, ID: ENCR_AES_GCM_16, KeyBits: 256}, {Type: TransformENCR, ID: ENCR_AES_GCM_16, KeyBits: 128},
					{Type: TransformPRF, ID: PRF_HMAC_SHA2_384}, {Type: TransformPRF, ID: PRF_HMAC_SHA2_256},
					{Type: TransformKE, ID: uint16(CURVE25519)}, {Type: TransformKE, ID: uint16(ECP_256)}}},
				{Num: 2, Protocol: ProtocolIKE, Transforms: []Transform{
					{Type: TransformENCR, ID: ENCR_AES_CBC, KeyBits: 256}, {Type: TransformINTEG, ID: AUTH_HMAC_SHA2_256_128},
					{Type: TransformPRF, ID: PRF_HMAC_SHA2_256}, {Type: TransformKE, ID: uint16(MODP_2048)}}},
			}},
			&KE{Group: CURVE25519, Data: filled(32)},
			&Nonce{Data: filled(32)},
			&Notify{Kind: NAT_DETECTION_SOURCE_IP, Data: filled(20)},
			&Notify{Kind: NAT_DETECTION_DESTINATION_IP, Data: filled(20)},
			&Notify{Kind: IKEV2_FRAGMENTATION_SUPPORTED},
			&Notify{Kind: SIGNATURE_HASH_ALGORITHMS, Data: []byte{0, 2, 0, 3, 0, 4}},
			&VendorID{Data: filled(16)},
		},
	}
}

// authRequest is what is inside IKE_AUTH: IDi, N(INITIAL_CONTACT), CERTREQ, IDr, AUTH, CP, SAi2, TSi, TSr, N(MOBIKE_SUPPORTED).
func authRequest() []Payload {
	return []Payload{
		&ID{Initiator: true, Kind: ID_FQDN, Data: []byte("branch.example")},
		&Notify{Kind: INITIAL_CONTACT},
		&Raw{Kind: PayloadCERTREQ, Data: filled(21)},
		&ID{Kind: ID_FQDN, Data: []byte("hub.example")},
		&Auth{Method: AuthSharedKey, Data: filled(32)},
		&Raw{Kind: PayloadCP, Data: []byte{1, 0, 0, 0, 0, 1, 0, 0}},
		&SA{Proposals: []Proposal{{Num: 1, Protocol: ProtocolESP, SPI: []byte{0xca, 0xfe, 0, 1}, Transforms: []Transform{
			{Type: TransformENCR, ID: ENCR_AES_GCM_16, KeyBits: 256}, {Type: TransformESN, ID: ESN}, {Type: TransformESN, ID: NO_ESN}}}}},
		&TS{Initiator: true, Selectors: []Selector{
			{TS_IPV4_ADDR_RANGE, 17, 500, 500, netip.MustParseAddr("10.1.0.1"), netip.MustParseAddr("10.1.0.1")},
			{TS_IPV4_ADDR_RANGE, 0, 0, 65535, netip.MustParseAddr("10.1.0.0"), netip.MustParseAddr("10.1.255.255")}}},
		&TS{Selectors: []Selector{{TS_IPV6_ADDR_RANGE, 0, 0, 65535, netip.MustParseAddr("2001:db8::"), netip.MustParseAddr("2001:db8::ffff")}}},
		&Notify{Kind: MOBIKE_SUPPORTED},
	}
}

// protected is a message of one SK or SKF payload.
func protected(p *Encrypted) *Message {
	return &Message{Header: Header{SPIi: 0x1122334455667788, SPIr: 0x99aabbccddeeff00, Version: Version2, Exchange: IKE_AUTH, Flags: FlagInitiator, MessageID: 1},
		Payloads: []Payload{p}}
}

func TestParseMessage(t *testing.T) {
	// HDR(SK inside of which IDi is first), N(COOKIE) in front of it
	in := octets(t, spis+`29 20 23 08 00000001 00000035
		2e 00 0009 00 00 4006 c0
		23 00 0010 0102030405060708 090a0b0c`)
	got, err := Parse(in)
	if err != nil {
		t.Fatal(err)
	}
	want := &Message{
		Header: Header{SPIi: 0x0102030405060708, SPIr: 0x1112131415161718, Next: PayloadNotify, Version: Version2, Exchange: IKE_AUTH, Flags: FlagInitiator, MessageID: 1, Length: 53},
		Payloads: []Payload{
			&Notify{SPI: []byte{}, Kind: COOKIE, Data: []byte{0xc0}},
			&Encrypted{Next: PayloadIDi, Body: []byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}},
		},
		Raw: in,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("parsed: got %+v, want %+v", got, want)
	}
	if &got.Raw[0] != &in[0] {
		t.Error("Raw: got a copy, want the octets that were parsed")
	}
	if got := want.Append(nil); !bytes.Equal(got, in) {
		t.Errorf("appended: got %x, want %x", got, in)
	}
}

func TestParseMessageMalformed(t *testing.T) {
	tests := []struct {
		name, in string
		want     error
	}{
		{"empty", "", ErrMalformed},
		{"cut in the header", spis + "00 20 23 08 00000001 000000", ErrMalformed},
		{"length too low", spis + "00 20 23 08 00000001 0000001b", ErrMalformed},
		{"length too high", spis + "00 20 23 08 00000001 0000001d", ErrMalformed},
		{"length zero", spis + "00 20 23 08 00000001 00000000", ErrMalformed},
		{"length all ones", spis + "00 20 23 08 00000001 ffffffff", ErrMalformed},
		{"IKEv1", spis + "00 10 02 00 00000001 0000001c", ErrVersion},
		{"major version 3", spis + "00 30 23 08 00000001 0000001c", ErrVersion},
		{"payload promised", spis + "21 20 23 08 00000001 0000001c", ErrMalformed},
		{"octets and no payload", spis + "00 20 23 08 00000001 00000020 00000004", ErrMalformed},
		{"generic header cut", spis + "28 20 23 08 00000001 0000001f 000000", ErrMalformed},
		{"payload length zero", spis + "28 20 23 08 00000001 00000020 28000000", ErrMalformed},
		{"payload length three", spis + "28 20 23 08 00000001 00000020 00000003", ErrMalformed},
		{"payload length overrun", spis + "28 20 23 08 00000001 00000021 00000006 01", ErrMalformed},
		{"payload length 65535", spis + "28 20 23 08 00000001 00000021 0000ffff 01", ErrMalformed},
		{"octets after the last payload", spis + "28 20 23 08 00000001 00000021 00000004 01", ErrMalformed},
		{"second payload missing", spis + "28 20 23 08 00000001 00000020 29000004", ErrMalformed},
		{"malformed payload", spis + "22 20 23 08 00000001 00000020 00000004", ErrMalformed},
		{"SK not last", spis + "2e 20 23 08 00000001 00000029 28000005 01 00000008 00000000", ErrMalformed},
		{"SK empty", spis + "2e 20 23 08 00000001 00000020 23000004", ErrMalformed},
		{"SKF cut in the numbers", spis + "35 20 23 08 00000001 00000023 23000007 000100", ErrMalformed},
		{"SKF empty", spis + "35 20 23 08 00000001 00000024 23000008 00010001", ErrMalformed},
		{"SKF 0 of 1", spis + "35 20 23 08 00000001 00000025 23000009 00000001 01", ErrMalformed},
		{"SKF 0 of 0", spis + "35 20 23 08 00000001 00000025 23000009 00000000 01", ErrMalformed},
		{"SKF 2 of 1", spis + "35 20 23 08 00000001 00000025 23000009 00020001 01", ErrMalformed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := Parse(octets(t, tt.in)); !errors.Is(err, tt.want) || got != nil {
				t.Errorf("got %+v, %v, want nil, %v", got, err, tt.want)
			}
		})
	}
}

func TestEncrypted(t *testing.T) {
	tests := []struct {
		name string
		in   string
		want *Encrypted
	}{
		{"SK", spis + "2e 20 23 08 00000001 00000022 23 00 0006 0102", &Encrypted{Next: PayloadIDi, Body: []byte{1, 2}}},
		{"SK of nothing", spis + "2e 20 23 08 00000001 00000022 00 00 0006 0102", &Encrypted{Body: []byte{1, 2}}},
		{"SKF 1 of 2", spis + "35 20 23 08 00000001 00000026 23 00 000a 0001 0002 0102", &Encrypted{Fragment: true, Num: 1, Total: 2, Next: PayloadIDi, Body: []byte{1, 2}}},
		{"SKF 65535 of 65535", spis + "35 20 23 08 00000001 00000026 00 00 000a ffff ffff 0102", &Encrypted{Fragment: true, Num: 65535, Total: 65535, Body: []byte{1, 2}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := octets(t, tt.in)
			m, err := Parse(in)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(m.Payloads, []Payload{tt.want}) {
				t.Fatalf("parsed: got %+v, want %+v", m.Payloads[0], tt.want)
			}
			var head []byte
			if p := tt.want; p.Fragment {
				head = AppendFragmentHeader([]byte("before"), m.Header, p.Next, p.Num, p.Total, len(p.Body))
			} else {
				head = AppendEncryptedHeader([]byte("before"), m.Header, p.Next, len(p.Body))
			}
			if want := "before" + string(in[:len(in)-2]); string(head) != want {
				t.Errorf("header: got %x, want %x", head, want)
			}
			if got := m.Append(nil); !bytes.Equal(got, in) {
				t.Errorf("appended: got %x, want %x", got, in)
			}
		})
	}
}

// The critical bit of payloads that are known means nothing; of the others it is kept (RFC 7296 §2.5).
func TestCritical(t *testing.T) {
	tests := []struct {
		name string
		kind PayloadType
		in   string
		want Payload
	}{
		{"known", PayloadNonce, "00 80 0005 01", &Nonce{Data: []byte{1}}},
		{"reserved bits", PayloadNonce, "00 7f 0005 01", &Nonce{Data: []byte{1}}},
		{"unknown, critical", 77, "00 80 0005 01", &Raw{Kind: 77, Critical: true, Data: []byte{1}}},
		{"unknown, critical, reserved bits", 77, "00 ff 0005 01", &Raw{Kind: 77, Critical: true, Data: []byte{1}}},
		{"unknown, reserved bits", 77, "00 7f 0005 01", &Raw{Kind: 77, Data: []byte{1}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParsePayloads(tt.kind, octets(t, tt.in))
			if err != nil || !reflect.DeepEqual(got, []Payload{tt.want}) {
				t.Errorf("got %+v, %v, want %+v", got, err, tt.want)
			}
		})
	}
	critical := &Raw{Kind: 77, Critical: true, Data: []byte{1}}
	if got, want := AppendPayloads(nil, []Payload{critical}), octets(t, "00 80 0005 01"); !bytes.Equal(got, want) {
		t.Errorf("appended: got %x, want %x", got, want)
	}
}

func TestNoPayloads(t *testing.T) {
	if ps, err := ParsePayloads(PayloadNone, nil); ps != nil || err != nil {
		t.Errorf("ParsePayloads: got %v, %v, want nothing", ps, err)
	}
	if got := FirstType(nil); got != PayloadNone {
		t.Errorf("FirstType: got %v, want %v", got, PayloadNone)
	}
	if got := AppendPayloads(nil, nil); len(got) != 0 {
		t.Errorf("AppendPayloads: got %x, want nothing", got)
	}
	if m, err := Parse(octets(t, emptyAuth)); err != nil || len(m.Payloads) != 0 {
		t.Errorf("Parse: got %+v, %v, want a message without payloads", m, err)
	}
}

func TestMaxPayloads(t *testing.T) {
	ps := slices.Repeat([]Payload{&Notify{Kind: COOKIE2}}, MaxPayloads)
	if got, err := ParsePayloads(PayloadNotify, AppendPayloads(nil, ps)); err != nil || len(got) != MaxPayloads {
		t.Errorf("%d payloads: got %d, %v, want all", MaxPayloads, len(got), err)
	}
	ps = append(ps, &Notify{Kind: COOKIE2})
	if got, err := ParsePayloads(PayloadNotify, AppendPayloads(nil, ps)); !errors.Is(err, ErrMalformed) {
		t.Errorf("%d payloads: got %d, %v, want %v", len(ps), len(got), err, ErrMalformed)
	}
}

// No message that was cut short parses, nor does one with an octet too many.
func TestTruncated(t *testing.T) {
	for _, m := range []*Message{initRequest(), protected(&Encrypted{Next: PayloadIDi, Body: filled(40)})} {
		b := m.Append(nil)
		for n := range b {
			if got, err := Parse(b[:n]); !errors.Is(err, ErrMalformed) {
				t.Errorf("%d of %d octets: got %+v, %v, want %v", n, len(b), got, err, ErrMalformed)
			}
		}
		if got, err := Parse(append(b, 0)); !errors.Is(err, ErrMalformed) {
			t.Errorf("an octet too many: got %+v, %v, want %v", got, err, ErrMalformed)
		}
	}
	inner := AppendPayloads(nil, authRequest())
	for n := range inner {
		if got, err := ParsePayloads(PayloadIDi, inner[:n]); !errors.Is(err, ErrMalformed) {
			t.Errorf("%d of %d octets inside: got %+v, %v, want %v", n, len(inner), got, err, ErrMalformed)
		}
	}
}

// Parsing what was appended gives the message again, and appending that gives the same octets.
func TestRoundTrip(t *testing.T) {
	first := initRequest()
	b := first.Append([]byte("before"))
	if !strings.HasPrefix(string(b), "before") {
		t.Fatalf("got %x, want what was there before in front", b)
	}
	b = b[len("before"):]
	if got, want := binary.BigEndian.Uint32(b[24:]), uint32(len(b)); got != want {
		t.Errorf("length: got %d, want %d", got, want)
	}
	again, err := Parse(b)
	if err != nil {
		t.Fatal(err)
	}
	if got := again.Append(nil); !bytes.Equal(got, b) {
		t.Errorf("got %x, want %x", got, b)
	}
	if got, want := len(again.Payloads), len(first.Payloads); got != want {
		t.Errorf("payloads: got %d, want %d", got, want)
	}
	inner := AppendPayloads(nil, authRequest())
	ps, err := ParsePayloads(FirstType(authRequest()), inner)
	if err != nil {
		t.Fatal(err)
	}
	if got := AppendPayloads(nil, ps); !bytes.Equal(got, inner) {
		t.Errorf("got %x, want %x", got, inner)
	}
	for i, p := range authRequest() {
		if got, want := ps[i].Type(), p.Type(); got != want {
			t.Errorf("payload %d: got %v, want %v", i, got, want)
		}
	}
}

// Hostile messages of 64 KiB make the parser allocate no more than a small multiple of that, good or malformed.
func TestAllocationIsBounded(t *testing.T) {
	const size = 65536 - HeaderLen
	fill := func(p Payload) []Payload { // as many payloads as there is room for
		n := genericLen + len(p.append(nil))
		return slices.Repeat([]Payload{p}, min(MaxPayloads, size/n))
	}
	selectors := &TS{Selectors: slices.Repeat([]Selector{{TS_IPV4_ADDR_RANGE, 0, 0, 65535, netip.IPv4Unspecified(), netip.IPv4Unspecified()}}, 63)}
	spis := &Delete{Protocol: ProtocolESP, SPIs: slices.Repeat([][]byte{{1, 2, 3, 4}}, 16370)}
	badTail := append(fill(selectors)[:MaxPayloads-1], &Raw{Kind: PayloadKE})
	tests := []struct {
		name string
		ps   []Payload
	}{
		{"proposals", fill(&SA{slices.Repeat([]Proposal{{Transforms: []Transform{{}}}}, MaxProposals-1)})},
		{"transforms", fill(&SA{[]Proposal{{Transforms: make([]Transform, 126)}}})},
		{"too many proposals", fill(offer(MaxProposals+1, 1))},
		{"selectors", fill(selectors)},
		{"SPIs", fill(spis)},
		{"lying count of SPIs", fill(&Raw{Kind: PayloadDelete, Data: append([]byte{3, 4, 0xff, 0xff}, filled(60000)...)})},
		{"empty payloads", slices.Repeat([]Payload{&Raw{Kind: 200}}, size/genericLen)},
		{"notifies", fill(&Notify{Data: filled(1000)})},
		{"malformed at the end", badTail},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			b := (&Message{Header: Header{Version: Version2}, Payloads: tt.ps}).Append(nil)
			if len(b) > 1<<16 {
				t.Fatalf("got a message of %d octets, want at most 65536", len(b))
			}
			const rounds, factor = 10, 12
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			for range rounds {
				m, err := Parse(b)
				runtime.KeepAlive(m)
				if err != nil && !errors.Is(err, ErrMalformed) {
					t.Fatal(err)
				}
			}
			runtime.ReadMemStats(&after)
			if got, most := (after.TotalAlloc-before.TotalAlloc)/rounds, uint64(factor*len(b)); got > most {
				t.Errorf("got %d octets allocated for a message of %d, want at most %d", got, len(b), most)
			}
		})
	}
}
