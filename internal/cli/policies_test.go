package cli

import (
	"bytes"
	"strings"
	"testing"
)

// One that is named is listed alone; a word may be the name and `json` still is not.
func TestNamed(t *testing.T) {
	for _, tt := range []struct{ line, want, not string }{
		{"show crypto ikev2 profile PROF", "IKEv2 profile: PROF", "OTHER"},
		{"show crypto ikev2 profile OTHER json", `"name": "OTHER"`, "PROF"},
		{"show crypto ikev2 proposal P1 | include proposal", " IKEv2 proposal: P1 \n", "default"},
		{"show crypto ikev2 policy default", "IKEv2 policy : default", "POL"},
		{"show crypto ipsec profile json VTI", `"profile": "PROF"`, "OTHER"},
		{"show crypto ipsec profile vti", "", "VTI"}, // names are as they are written
		{"show crypto isakmp profile PROF", "", "PROF"},
		{"show crypto ikev2 prop def", " IKEv2 proposal: default ", "P1"},
		{"show crypto ipsec transform-set TS", "Transform set TS: ", "TX"},
		{"show crypto ipsec transform-set tag TS json", `"name": "TS"`, "TX"},
		{"show crypto ipsec transform-set TX", "", "TS"},
		{"show access-lists SIX", "IPv6 access list SIX", "TO-B"},
		{"show ip access-lists", "Extended IP access list TO-B", "SIX"},
		{"show ip access-lists SIX", "", "SIX"},
		{"show ipv6 access-list json", `"name": "SIX"`, "TO-B"},
	} {
		s := &shell{backend: &fakeBackend{}, info: fakeInfo}
		var out bytes.Buffer
		if o, err := s.execute(t.Context(), tt.line, false, &out); o != done || err != nil {
			t.Fatalf("%s: got outcome %d, %v", tt.line, o, err)
		}
		if got := out.String(); !strings.Contains(got, tt.want) || strings.Contains(got, tt.not) {
			t.Errorf("%s: got\n%s\nwant %q in it, and not %q", tt.line, got, tt.want, tt.not)
		}
	}
	s := &shell{backend: &fakeBackend{}, info: fakeInfo, settings: settings{user: true}}
	if o, err := s.execute(t.Context(), "show crypto isakmp key", false, &bytes.Buffer{}); o != refused || err != nil {
		t.Errorf("keyrings without enable: got outcome %d, %v, want it refused", o, err)
	}
}
