package wire

import (
	"bytes"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func TestSA(t *testing.T) {
	gcm := Transform{Type: TransformENCR, ID: ENCR_AES_GCM_16, KeyBits: 128}
	tests := []struct {
		name string
		body string
		want SA
	}{
		{"IKE", `00 00 0024 01 01 00 03
			03 00 000c 01 00 0014 800e0080
			03 00 0008 02 00 0005
			00 00 0008 04 00 001f`,
			SA{[]Proposal{{1, ProtocolIKE, []byte{}, []Transform{gcm, {Type: TransformPRF, ID: PRF_HMAC_SHA2_256}, {Type: TransformKE, ID: uint16(CURVE25519)}}}}}},
		{"two ESP proposals", `02 00 0020 01 03 04 02 c0c1c2c3
			03 00 000c 01 00 0014 800e0080
			00 00 0008 05 00 0001
			00 00 0028 02 03 04 03 c0c1c2c3
			03 00 000c 01 00 000c 800e0100
			03 00 0008 03 00 000c
			00 00 0008 05 00 0000`,
			SA{[]Proposal{
				{1, ProtocolESP, []byte{0xc0, 0xc1, 0xc2, 0xc3}, []Transform{gcm, {Type: TransformESN, ID: ESN}}},
				{2, ProtocolESP, []byte{0xc0, 0xc1, 0xc2, 0xc3}, []Transform{{Type: TransformENCR, ID: ENCR_AES_CBC, KeyBits: 256}, {Type: TransformINTEG, ID: AUTH_HMAC_SHA2_256_128}, {Type: TransformESN, ID: NO_ESN}}},
			}}},
		{"unknown everything", "00 00 0013 ff 63 03 01 010203 00 00 0008 fe 00 ffff",
			SA{[]Proposal{{255, 99, []byte{1, 2, 3}, []Transform{{Type: 254, ID: 65535}}}}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			in := octets(t, tt.body)
			got, err := parseSA(in)
			if err != nil {
				t.Fatal(err)
			}
			if !reflect.DeepEqual(*got, tt.want) {
				t.Errorf("parsed: got %+v, want %+v", *got, tt.want)
			}
			if got := tt.want.append(nil); !bytes.Equal(got, in) {
				t.Errorf("appended: got %x, want %x", got, in)
			}
		})
	}
}

func TestSAMalformed(t *testing.T) {
	tests := []struct{ name, body string }{
		{"empty", ""},
		{"cut in the proposal header", "00 00 0010 01 01 00"},
		{"proposal length zero", "00 00 0000 01 01 00 01 00 00 0008 02 00 0005"},
		{"proposal length seven", "00 00 0007 01 01 00"},
		{"proposal length overrun", "00 00 0011 01 01 00 01 00 00 0008 02 00 0005"},
		{"proposal length 65535", "00 00 ffff 01 01 00 01 00 00 0008 02 00 0005"},
		{"Last Substruc of a proposal is 1", "01 00 0010 01 01 00 01 00 00 0008 02 00 0005"},
		{"Last Substruc of a proposal is 3", "03 00 0010 01 01 00 01 00 00 0008 02 00 0005 00 00 0010 02 01 00 01 00 00 0008 02 00 0005"},
		{"more proposals promised", "02 00 0010 01 01 00 01 00 00 0008 02 00 0005"},
		{"a proposal after the last", "00 00 0010 01 01 00 01 00 00 0008 02 00 0005 00 00 0010 02 01 00 01 00 00 0008 02 00 0005"},
		{"SPI overrun", "00 00 0010 01 01 09 01 00 00 0008 02 00 0005"},
		{"SPI eats the transforms", "00 00 0010 01 01 08 01 00 00 0008 02 00 0005"},
		{"no transforms", "00 00 0008 01 01 00 00"},
		{"transform count zero", "00 00 0010 01 01 00 00 00 00 0008 02 00 0005"},
		{"transform count too high", "00 00 0010 01 01 00 02 00 00 0008 02 00 0005"},
		{"transform count 255", "00 00 0010 01 01 00 ff 03 00 0008 02 00 0005"},
		{"transform count too low", "00 00 0018 01 01 00 01 03 00 0008 02 00 0005 00 00 0008 04 00 001f"},
		{"transform after the last", "00 00 0018 01 01 00 02 00 00 0008 02 00 0005 00 00 0008 04 00 001f"},
		{"more transforms promised", "00 00 0010 01 01 00 01 03 00 0008 02 00 0005"},
		{"Last Substruc of a transform is 2", "00 00 0018 01 01 00 02 02 00 0008 02 00 0005 00 00 0008 04 00 001f"},
		{"transform length zero", "00 00 0010 01 01 00 01 00 00 0000 02 00 0005"},
		{"transform length seven", "00 00 000f 01 01 00 01 00 00 0007 02 00 00"},
		{"transform length overrun", "00 00 0010 01 01 00 01 00 00 0009 02 00 0005"},
		{"octets after the transforms", "00 00 0011 01 01 00 01 00 00 0008 02 00 0005 00"},
		{"attribute cut in the type", "00 00 0011 01 01 00 01 00 00 0009 01 00 0014 80"},
		{"attribute cut in the value", "00 00 0013 01 01 00 01 00 00 000b 01 00 0014 800e00"},
		{"attribute length overrun", "00 00 0014 01 01 00 01 00 00 000c 01 00 0014 000e0001"},
		{"attribute length 65535", "00 00 0015 01 01 00 01 00 00 000d 01 00 0014 000effff 00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got, err := parseSA(octets(t, tt.body)); !errors.Is(err, ErrMalformed) || got != nil {
				t.Errorf("got %+v, %v, want nil, %v", got, err, ErrMalformed)
			}
		})
	}
}

func TestTransformAttributes(t *testing.T) {
	tests := []struct {
		name, attrs string
		bits        uint16
		unknown     bool
	}{
		{"none", "", 0, false},
		{"Key Length", "800e0100", 256, false},
		{"Key Length 65535", "800effff", 65535, false},
		{"Key Length zero", "800e0000", 0, true},
		{"Key Length twice", "800e0080 800e0100", 128, true},
		{"Key Length as TLV", "000e0002 0100", 0, true},
		{"unknown TV", "800f0001", 0, true},
		{"unknown TLV", "00110003 010203", 0, true},
		{"unknown empty TLV", "00110000", 0, true},
		{"Key Length and unknown TLV", "800e0080 00110001 01", 128, true},
		{"unknown TV and Key Length", "ffff0001 800e0080", 128, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			attrs := octets(t, tt.attrs)
			n := byte(8 + len(attrs))
			in := append([]byte{0, 0xff, 0, n, byte(TransformENCR), 0xff, 0, ENCR_AES_CBC}, attrs...) // reserved octets are not zero
			in = append([]byte{0, 0xff, 0, 8 + n, 1, byte(ProtocolIKE), 0, 1}, in...)
			got, err := parseSA(in)
			if err != nil {
				t.Fatal(err)
			}
			want := []Transform{{Type: TransformENCR, ID: ENCR_AES_CBC, KeyBits: tt.bits, Unknown: tt.unknown}}
			if got := got.Proposals[0].Transforms; !slices.Equal(got, want) {
				t.Errorf("got %+v, want %+v", got, want)
			}
		})
	}
}

// offer is an SA payload of so many proposals of so many transforms.
func offer(proposals, transforms int) *SA {
	p := Proposal{Num: 1, Protocol: ProtocolESP, SPI: []byte{1, 2, 3, 4}}
	for range transforms {
		p.Transforms = append(p.Transforms, Transform{Type: TransformENCR, ID: ENCR_AES_GCM_16, KeyBits: 256})
	}
	return &SA{slices.Repeat([]Proposal{p}, proposals)}
}

func TestSALimits(t *testing.T) {
	tests := []struct {
		name                  string
		proposals, transforms int
		ok                    bool
	}{
		{"most proposals", MaxProposals, 1, true},
		{"a proposal too many", MaxProposals + 1, 1, false},
		{"most transforms of one proposal", 1, 255, true},
		{"most transforms of all", MaxProposals, MaxTransforms / MaxProposals, true},
		{"transforms too many", MaxProposals, MaxTransforms/MaxProposals + 1, false},
		{"transforms too many in the second", 2, 129, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, err := parseSA(offer(tt.proposals, tt.transforms).append(nil))
			if tt.ok != (err == nil) || !tt.ok && !errors.Is(err, ErrMalformed) {
				t.Errorf("got error %v, want ok %v", err, tt.ok)
			}
		})
	}
}

func TestProposalString(t *testing.T) {
	tests := []struct {
		want string
		in   Proposal
	}{
		{"IKE: ENCR_AES_GCM_16/128 PRF_HMAC_SHA2_256 CURVE25519", Proposal{Protocol: ProtocolIKE, Transforms: []Transform{
			{Type: TransformENCR, ID: ENCR_AES_GCM_16, KeyBits: 128}, {Type: TransformPRF, ID: PRF_HMAC_SHA2_256}, {Type: TransformKE, ID: uint16(CURVE25519)}}}},
		{"ESP: ENCR_CHACHA20_POLY1305 ESN", Proposal{Protocol: ProtocolESP, Transforms: []Transform{{Type: TransformENCR, ID: ENCR_CHACHA20_POLY1305}, {Type: TransformESN, ID: ESN}}}},
		{"ESP: ENCR_AES_CBC/256/? AUTH_HMAC_SHA2_256_128 NONE NO_ESN", Proposal{Protocol: ProtocolESP, Transforms: []Transform{
			{Type: TransformENCR, ID: ENCR_AES_CBC, KeyBits: 256, Unknown: true}, {Type: TransformINTEG, ID: AUTH_HMAC_SHA2_256_128}, {Type: TransformKE}, {Type: TransformESN}}}},
		{"protocol 9: ENCR_999 PRF_999 AUTH_999 group 999 ESN_999 ADDKE1_ML_KEM_512 transform type 99_1", Proposal{Protocol: 9, Transforms: []Transform{
			{Type: TransformENCR, ID: 999}, {Type: TransformPRF, ID: 999}, {Type: TransformINTEG, ID: 999}, {Type: TransformKE, ID: 999}, {Type: TransformESN, ID: 999},
			{Type: 6, ID: 35}, {Type: 99, ID: 1}}}},
	}
	for _, tt := range tests {
		if got := tt.in.String(); got != tt.want {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
}

func TestNames(t *testing.T) {
	tests := []struct{ got, want string }{
		{PayloadTSi.String(), "TSi"}, {PayloadType(99).String(), "payload 99"},
		{CREATE_CHILD_SA.String(), "CREATE_CHILD_SA"}, {ExchangeType(1).String(), "exchange 1"},
		{TS_UNACCEPTABLE.String(), "TS_UNACCEPTABLE"}, {IKEV2_FRAGMENTATION_SUPPORTED.String(), "IKEV2_FRAGMENTATION_SUPPORTED"},
		{NotifyType(12345).String(), "notify 12345"}, {MODP_2048.String(), "MODP_2048"}, {AuthSharedKey.String(), "Shared Key Message Integrity Code"},
		{AuthMethod(200).String(), "auth method 200"}, {ID_KEY_ID.String(), "ID_KEY_ID"}, {IDKind(200).String(), "ID type 200"},
		{TS_IPV6_ADDR_RANGE.String(), "TS_IPV6_ADDR_RANGE"}, {TSType(1).String(), "TS type 1"}, {SPI(0xab).String(), "00000000000000ab"},
	}
	for _, tt := range tests {
		if tt.got != tt.want {
			t.Errorf("got %q, want %q", tt.got, tt.want)
		}
	}
	for kind, name := range notifyNames {
		if strings.ToUpper(name) != name || name == "" || (kind >= INITIAL_CONTACT) == kind.IsError() {
			t.Errorf("notify %d: got name %q, error %v", uint16(kind), name, kind.IsError())
		}
	}
	if !NotifyType(16383).IsError() || NotifyType(40959).IsError() {
		t.Error("IsError: got the wrong side of 16384")
	}
}
