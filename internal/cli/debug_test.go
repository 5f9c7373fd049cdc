package cli

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"seikan/internal/logging"
)

// What is said, and what is debugged then.
func TestDebug(t *testing.T) {
	info := fakeInfo
	info.Log = logging.New(logging.Config{Buffered: logging.LevelOf(logging.Debug)}, logging.Options{})
	s := &shell{backend: &fakeBackend{}, info: info}
	for _, tt := range []struct{ line, want, shown string }{
		{"show debugging", "", ""},
		{"show crypto debug-condition", "Crypto conditional debug currently is turned OFF\n", ""},
		{"debug crypto ikev2", "IKEv2 default debugging is on\n", "IKEV2:\n  IKEv2 default debugging is on\n\n"},
		{"deb cry ikev2 pack", "IKEv2 packet debugging is on\n", "IKEV2:\n  IKEv2 default debugging is on\n  IKEv2 packet debugging is on\n\n"},
		{"debug crypto ipsec", "Crypto IPSEC debugging is on\n",
			"IKEV2:\n  IKEv2 default debugging is on\n  IKEv2 packet debugging is on\n\nCryptographic Subsystem:\n  Crypto IPSEC debugging is on\n\n"},
		{"undebug crypto ikev2", "IKEv2 default debugging is off\n", "Cryptographic Subsystem:\n  Crypto IPSEC debugging is on\n\n"},
		{"debug crypto ikev2 error", "IKEv2 error debugging is on\n", "IKEV2:\n  IKEv2 error debugging is on\n\nCryptographic Subsystem:\n  Crypto IPSEC debugging is on\n\n"},
		{"no debug crypto ipsec", "Crypto IPSEC debugging is off\n", "IKEV2:\n  IKEv2 error debugging is on\n\n"},
		{"debug crypto ikev2 internal", "IKEv2 internal debugging is on\n", "IKEV2:\n  IKEv2 internal debugging is on\n  IKEv2 error debugging is on\n\n"},
		{"no debug crypto ikev2 error", "IKEv2 error debugging is off\n", "IKEV2:\n  IKEv2 internal debugging is on\n\n"},
		{"debug crypto condition peer ipv4 192.0.2.2", "", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"debug crypto condition peer ipv6 2001:db8::2", "", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"debug crypto condition peer ipv4 192.0.2.2", "", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"show crypto debug-condition | begin filters", "IKE peer IP address filters:\n2001:DB8::2\n192.0.2.2\n", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"show debugging json", "{\n  \"ikev2\": [\n    \"internal\"\n  ],\n  \"peers\": [\n    \"2001:db8::2\",\n    \"192.0.2.2\"\n  ]\n}\n", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"no debug crypto condition peer ipv6 2001:db8::2", "", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"debug crypto condition fvrf RED", "", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"debug crypto condition ivrf RED", "", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"show crypto debug-condition", "Crypto conditional debug currently is turned ON\nIKE debug context unmatched flag: OFF\nIPsec debug context unmatched flag: OFF\n" +
			"\nIKE peer IP address filters:\n192.0.2.2\n\nFVRF filters:\nRED\n\nIVRF filters:\nRED\n", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"show crypto debug-condition json", "{\n  \"peers\": [\n    \"192.0.2.2\"\n  ],\n  \"fvrfs\": [\n    \"RED\"\n  ],\n  \"ivrfs\": [\n    \"RED\"\n  ]\n}\n",
			"IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"no debug crypto condition fvrf RED", "", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"undebug crypto condition ivrf GONE", "", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"show crypto debug-condition | begin VRF", "IVRF filters:\nRED\n", "IKEV2:\n  IKEv2 internal debugging is on\n\nCrypto conditional debugging is on\n"},
		{"undebug all", "All possible debugging has been turned off\n", ""},
		{"show crypto debug-condition | include 192", "192.0.2.2\n", ""},
		{"debug crypto condition reset", "", ""},
		{"show crypto debug-condition", "Crypto conditional debug currently is turned OFF\n", ""},
		{"show crypto debug-condition json", "{}\n", ""},
		{"no debug all", "All possible debugging has been turned off\n", ""},
		{"show running-config | include debug", "", ""},
	} {
		var out, shown bytes.Buffer
		o, err := s.execute(t.Context(), tt.line, false, &out)
		if err != nil || o != done || out.String() != tt.want {
			t.Errorf("%s: got outcome %d, %v, %q, want %q", tt.line, o, err, out.String(), tt.want)
		}
		if _, err := s.execute(t.Context(), "show debugging", false, &shown); err != nil || shown.String() != tt.shown {
			t.Errorf("%s: debugged is\n%s\nwant\n%s", tt.line, shown.String(), tt.shown)
		}
	}
	checkExecute(t, "debug crypto condition peer ipv4", incomplete, refused)
	checkExecute(t, "debug crypto condition fvrf", incomplete, refused)
	checkExecute(t, "debug crypto condition fvrf BLUE", " No VRF named BLUE exists\n", refused)
	checkExecute(t, "debug crypto condition ivrf BLUE", " No VRF named BLUE exists\n", refused)
	checkExecute(t, "debug crypto condition peer ipv4 2001:db8::2", "debug crypto condition peer ipv4 2001:db8::2\n                                 ^\n"+invalid, refused)
}

// Where no place takes such messages, that is said, and how to have them; there is a limit to conditions.
func TestDebugHints(t *testing.T) {
	s := &shell{backend: &fakeBackend{}, info: fakeInfo}
	var out bytes.Buffer
	if _, err := s.execute(t.Context(), "debug crypto ipsec", false, &out); err != nil || !strings.Contains(out.String(), "logging monitor debugging") {
		t.Errorf("got %q, %v", out.String(), err)
	}
	for i := range 40 {
		o, err := s.execute(context.Background(), fmt.Sprintf("debug crypto condition peer ipv4 192.0.2.%d", i+1), false, &out)
		if want := i >= 32; err != nil || (o == refused) != want {
			t.Errorf("condition %d: got outcome %d, %v", i+1, o, err)
		}
	}
}
