package config

import (
	"encoding/binary"
	"encoding/hex"
	"math/bits"
	"net/netip"
	"slices"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"seikan/esp"
)

// kind is a sort of argument. Parse makes a value of the text, nil where it is none; then instead may say better than the
// node's help what is expected.
type kind struct {
	parse func(text string) (value any, instead string)
	rest  bool // the argument is the rest of the line
}

const (
	maxName = 63  // octets of a name
	maxFQDN = 255 // octets of an identity
	maxKey  = 128 // octets of a key
)

// The kinds of arguments.
var (
	kindName    = &kind{parse: func(s string) (any, string) { return limited(s, maxName) }}
	kindFQDN    = &kind{parse: func(s string) (any, string) { return limited(s, maxFQDN) }}
	kindDesc    = textKind(80)  // `crypto isakmp peer` descriptions are in logs and tables
	kindText    = textKind(200) // elsewhere
	kindAddr4   = &kind{parse: parseAddr4}
	kindHost    = &kind{parse: func(s string) (any, string) { return parseHost(s, 0) }}
	kindHost4   = &kind{parse: func(s string) (any, string) { return parseHost(s, 4) }}
	kindHost6   = &kind{parse: func(s string) (any, string) { return parseHost(s, 6) }}
	kindMask    = &kind{parse: func(s string) (any, string) { return parseMask(s, 0) }}
	kindWild    = &kind{parse: func(s string) (any, string) { return parseMask(s, ^uint32(0)) }}
	kindPrefix  = &kind{parse: parsePrefix}
	kindPrefix6 = &kind{parse: parsePrefix6}
	kindIfAddr6 = &kind{parse: parseIfAddr6}
	kindOne4    = &kind{parse: parseOne4}
	kindOne6    = &kind{parse: parseOne6}
	kindPort    = &kind{parse: parsePort}
	kindKey     = &kind{parse: parseKey}
	kindHexKey  = &kind{parse: parseHexKey}
)

func limited(s string, n int) (any, string) {
	if len(s) > n {
		return nil, ""
	}
	return s, ""
}

func textKind(n int) *kind {
	return &kind{rest: true, parse: func(s string) (any, string) {
		if utf8.RuneCountInString(s) > n {
			return nil, ""
		}
		return s, ""
	}}
}

// number makes a kind for decimal numbers from lo to hi.
func number(lo, hi uint64) *kind {
	return &kind{parse: func(s string) (any, string) {
		n, err := strconv.ParseUint(s, 10, 64)
		if err != nil || n < lo || n > hi || s[0] == '+' {
			return nil, ""
		}
		return n, ""
	}}
}

// maskBits is the length of a prefix that was written as a mask, or as a wildcard mask.
type maskBits int

// parseMask reads a contiguous mask, whose bits are inverted by invert first.
func parseMask(s string, invert uint32) (any, string) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return nil, ""
	}
	b := a.As4()
	mask := binary.BigEndian.Uint32(b[:]) ^ invert
	ones := bits.LeadingZeros32(^mask)
	if ones < 32 && mask<<ones != 0 {
		return nil, ""
	}
	return maskBits(ones), ""
}

func parseAddr4(s string) (any, string) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is4() {
		return nil, ""
	}
	return a, ""
}

// parseHost reads the address of one host, of a version or (0) of either.
func parseHost(s string, version int) (any, string) {
	a, err := netip.ParseAddr(s)
	switch {
	case err != nil, a.Zone() != "", a.Is4In6(), a.IsUnspecified(), a.IsMulticast():
		return nil, ""
	case version == 4 && !a.Is4(), version == 6 && !a.Is6():
		return nil, ""
	case a == netip.AddrFrom4([4]byte{255, 255, 255, 255}):
		return nil, ""
	}
	return a, ""
}

func parsePrefix(s string) (any, string) {
	p, err := netip.ParsePrefix(s)
	if err != nil || p.Addr().Is4In6() {
		return nil, ""
	}
	return p.Masked(), ""
}

func parsePrefix6(s string) (any, string) {
	if v, _ := parsePrefix(s); v != nil && v.(netip.Prefix).Addr().Is6() {
		return v, ""
	}
	return nil, ""
}

func parseIfAddr6(s string) (any, string) {
	p, err := netip.ParsePrefix(s)
	if err != nil {
		return nil, ""
	}
	if a, _ := parseHost(p.Addr().String(), 6); a == nil {
		return nil, ""
	}
	return p, ""
}

// parseOne4 reads an address as a prefix of one address.
func parseOne4(s string) (any, string) {
	if v, _ := parseAddr4(s); v != nil {
		return netip.PrefixFrom(v.(netip.Addr), 32), ""
	}
	return nil, ""
}

func parseOne6(s string) (any, string) {
	a, err := netip.ParseAddr(s)
	if err != nil || !a.Is6() || a.Is4In6() || a.Zone() != "" {
		return nil, ""
	}
	return netip.PrefixFrom(a, 128), ""
}

// port is a TCP or UDP port.
type port uint16

// portNames are the ports that have a name in access lists.
var portNames = map[string]port{
	"ftp": 21, "telnet": 23, "smtp": 25, "domain": 53, "tftp": 69, "www": 80, "ntp": 123, "snmp": 161, "bgp": 179,
	"isakmp": 500, "syslog": 514, "non500-isakmp": 4500,
}

func parsePort(s string) (any, string) {
	if p, ok := portNames[strings.ToLower(s)]; ok {
		return p, ""
	}
	if n, _ := number(0, 65535).parse(s); n != nil {
		return port(n.(uint64)), ""
	}
	return nil, ""
}

func parseKey(s string) (any, string) {
	switch {
	case s == hidden:
		return nil, "the key itself, as " + hidden + " only stands for it in a listing"
	case len(s) > maxKey:
		return nil, ""
	}
	return esp.Secret(s), ""
}

func parseHexKey(s string) (any, string) {
	if s == hidden {
		return parseKey(s)
	}
	b, err := hex.DecodeString(s)
	if err != nil || len(b) == 0 || len(b) > maxKey {
		return nil, ""
	}
	return esp.Secret(b), ""
}

// keyText writes a key such that it is read again: as it is, or in hexadecimal where it is no word of its own.
func keyText(k esp.Secret) string {
	s := string(k)
	plain := utf8.ValidString(s) && s != hidden && !slices.Contains(beforeKey, strings.ToLower(s)) &&
		!strings.ContainsFunc(s, func(c rune) bool { return c == ' ' || !unicode.IsPrint(c) })
	if plain {
		return s
	}
	return "hex " + hex.EncodeToString(k)
}
