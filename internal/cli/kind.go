package cli

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// kind is a sort of argument.
type kind struct {
	shown []row // how help shows it
	parse func(text string) (value any, ok bool)
}

// row is a line of help.
type row struct{ text, help string }

// maxName is how long a name may be, in octets.
const maxName = 63

// The kinds of arguments.
var (
	kindInterface = &kind{[]row{{"WORD", "Name of the interface"}}, parseName}
	kindVRF       = &kind{[]row{{"WORD", "Name of the VRF"}}, parseName}
	kindAddress   = &kind{[]row{{"A.B.C.D", "IPv4 address"}, {"X:X:X:X::X", "IPv6 address"}}, parseAddress}
	kindPort      = &kind{[]row{{"<1-65535>", "UDP port"}}, parsePort}
	kindMap       = &kind{[]row{{"WORD", "Name of the crypto map"}}, parseName}
	kindProfile   = &kind{[]row{{"WORD", "Name of the profile"}}, parseName}
	kindProposal  = &kind{[]row{{"WORD", "Name of the proposal"}}, parseName}
	kindPolicy    = &kind{[]row{{"WORD", "Name of the policy"}}, parseName}
	kindSet       = &kind{[]row{{"WORD", "Name of the transform set"}}, parseName}
	kindList      = &kind{[]row{{"WORD", "Name of the access list"}}, parseName}
	kindGroup     = &kind{[]row{{"WORD", "Name of the group"}}, parseName}
	kindUser      = &kind{[]row{{"WORD", "Name of the user"}}, parseName}

	kindFile   = &kind{[]row{{"WORD", "Name of a file beside the startup configuration, or its path"}}, func(s string) (any, bool) { return s, true }}
	kindLength = &kind{[]row{{"<0-512>", "Lines, 0 for never pause"}}, func(s string) (any, bool) {
		n, err := strconv.ParseUint(s, 10, 32)
		return uint32(n), err == nil && n <= 512
	}}
	kindLine    = kindBetween(0, 999, "Line")
	kindWidth   = kindBetween(0, 512, "Columns, 0 for no end")
	kindMinutes = &kind{[]row{{"<1-120>", "Minutes"}}, func(s string) (any, bool) {
		n, err := strconv.ParseUint(s, 10, 32)
		return uint32(n), err == nil && n >= 1 && n <= 120
	}}

	kindIPv4   = &kind{[]row{{"A.B.C.D", "IPv4 address"}}, parseFamily(false)}
	kindIPv6   = &kind{[]row{{"X:X:X:X::X", "IPv6 address"}}, parseFamily(true)}
	kindSource = &kind{[]row{{"A.B.C.D", "IPv4 address"}, {"X:X:X:X::X", "IPv6 address"}, {"WORD", "Name of the interface"}}, parseName}

	kindUnit       = &kind{[]row{{"N", "Number of the interface, where its type stands alone"}}, parseUnit}
	kindConnection = &kind{[]row{{"<1-4294967295>", "ID of the IKE SA"}}, parseNumber(10, 1)}
	kindSPI        = &kind{[]row{{"<256-4294967295>", "SPI, or in hexadecimal behind 0x"}}, parseNumber(0, 256)}
)

func parseName(s string) (any, bool) { return s, len(s) <= maxName }

// parseUnit reads the number of an interface: 0, 0/1, 0/0/1.100.
func parseUnit(s string) (any, bool) {
	return s, len(s) <= maxName && s[0] >= '0' && s[0] <= '9' && strings.Trim(s, "0123456789/.:") == ""
}

// parseAddress reads the address of one host. An address with a zone is one too: a link-local end of a session has it.
func parseAddress(s string) (any, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.IsUnspecified() || a.IsMulticast() {
		return nil, false
	}
	return a.Unmap(), true
}

// parseFamily reads the address of one host of one family.
func parseFamily(v6 bool) func(string) (any, bool) {
	return func(s string) (any, bool) {
		a, ok := parseAddress(s)
		return a, ok && a.(netip.Addr).Is6() == v6
	}
}

// kindBetween is a number from least to most.
func kindBetween(least, most uint64, help string) *kind {
	return &kind{[]row{{fmt.Sprintf("<%d-%d>", least, most), help}}, func(s string) (any, bool) {
		n, err := strconv.ParseUint(s, 10, 32)
		return int(n), err == nil && n >= least && n <= most
	}}
}

func parsePort(s string) (any, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n > 0
}

// parseNumber reads a number of 32 bits that is at least least; with base 0 it may be in hexadecimal.
func parseNumber(base int, least uint64) func(s string) (any, bool) {
	return func(s string) (any, bool) {
		n, err := strconv.ParseUint(s, base, 32)
		return uint32(n), err == nil && n >= least
	}
}
