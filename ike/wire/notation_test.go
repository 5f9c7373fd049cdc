package wire

import (
	"strings"
	"testing"
)

func TestNotation(t *testing.T) {
	for _, tt := range []struct {
		name     string
		ps       []Payload
		response bool
		want     string
	}{
		{"nothing", nil, false, ""},
		{"IKE_SA_INIT", initRequest().Payloads, false,
			"SA(IKE: ENCR_AES_GCM_16/256 ENCR_AES_GCM_16/128 PRF_HMAC_SHA2_384 PRF_HMAC_SHA2_256 CURVE25519 ECP_256; " +
				"IKE: ENCR_AES_CBC/256 AUTH_HMAC_SHA2_256_128 PRF_HMAC_SHA2_256 MODP_2048), KEi(CURVE25519), Ni(a5a5), " +
				"N(NAT_DETECTION_SOURCE_IP), N(NAT_DETECTION_DESTINATION_IP), N(IKEV2_FRAGMENTATION_SUPPORTED), N(SIGNATURE_HASH_ALGORITHMS), V"},
		{"IKE_AUTH", authRequest(), true,
			`IDi(ID_FQDN "branch.example"), N(INITIAL_CONTACT), CERTREQ, IDr(ID_FQDN "hub.example"), AUTH(Shared Key Message Integrity Code), CP, ` +
				"SA(cafe0001 ESP: ENCR_AES_GCM_16/256 ESN NO_ESN), TSi((17, 500, 10.1.0.1-10.1.0.1) (0, any, 10.1.0.0-10.1.255.255)), " +
				"TSr((0, any, 2001:db8::-2001:db8::ffff)), N(MOBIKE_SUPPORTED)"},
		{"answer", []Payload{&KE{Group: ECP_256}, &Nonce{}}, true, "KEr(ECP_256), Nr()"},
		{"rekey", []Payload{&Notify{Kind: REKEY_SA, Protocol: ProtocolESP, SPI: []byte{1, 2, 3, 4}}}, false, "N(REKEY_SA ESP 01020304)"},
		{"deletes", []Payload{&Delete{Protocol: ProtocolESP, SPIs: [][]byte{{1, 2, 3, 4}, {5, 6, 7, 8}}}, &Delete{Protocol: ProtocolIKE}}, false, "D(ESP 01020304 05060708), D(IKE)"},
		{"sealed", []Payload{&Encrypted{}}, false, "SK {...}"},
		{"fragment", []Payload{&Encrypted{Fragment: true, Num: 1, Total: 3}}, false, "SKF(1/3) {...}"},
		{"identities", []Payload{&ID{Kind: ID_IPV4_ADDR, Data: []byte{192, 0, 2, 1}}, &ID{Kind: ID_IPV4_ADDR, Data: []byte{1}}, &ID{Kind: ID_RFC822_ADDR, Data: []byte("a\n\"")}}, false,
			`IDr(ID_IPV4_ADDR 192.0.2.1), IDr(ID_IPV4_ADDR 01), IDr(ID_RFC822_ADDR "a\n\"")`},
	} {
		if got := Notation(tt.ps, tt.response); got != tt.want {
			t.Errorf("%s: got\n%s\nwant\n%s", tt.name, got, tt.want)
		}
	}
	many := make([]Payload, MaxPayloads)
	for i := range many {
		many[i] = &VendorID{}
	}
	if got := Notation(many, false); !strings.HasSuffix(got, "V, 32 more") {
		t.Errorf("many payloads: got %s", got)
	}
}
