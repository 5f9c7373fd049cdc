package cli

import (
	"net/netip"
	"strconv"
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
)

func parseName(s string) (any, bool) { return s, len(s) <= maxName }

// parseAddress reads the address of one host. An address with a zone is one too: a link-local end of a session has it.
func parseAddress(s string) (any, bool) {
	a, err := netip.ParseAddr(s)
	if err != nil || a.IsUnspecified() || a.IsMulticast() {
		return nil, false
	}
	return a.Unmap(), true
}

func parsePort(s string) (any, bool) {
	n, err := strconv.ParseUint(s, 10, 16)
	return uint16(n), err == nil && n > 0
}
