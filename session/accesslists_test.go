package session

import (
	"strings"
	"testing"
)

func TestRenderAccessLists(t *testing.T) {
	var b strings.Builder
	err := RenderAccessLists(&b, []AccessList{
		{Name: "TO-B", Rules: []AccessRule{
			{Sequence: 10, Rule: "permit ip host 10.10.10.1 any", Matches: new(uint64(1))}, {Sequence: 20, Rule: "deny ip any any"},
			{Sequence: 35, Rule: "permit tcp any any eq 22", Matches: new(uint64(0))}, {Sequence: 40, Rule: "permit gre any any", Matches: new(uint64(1 << 40))},
		}},
		{Name: "EMPTY"},
		{Name: "SIX", V6: true, Rules: []AccessRule{{Sequence: 10, Rule: "permit ipv6 any 2001:db8::/32", Matches: new(uint64(2))}, {Sequence: 20, Rule: "deny ipv6 any any"}}},
	})
	const want = `Extended IP access list TO-B
    10 permit ip host 10.10.10.1 any (1 match)
    20 deny ip any any
    35 permit tcp any any eq 22
    40 permit gre any any (1099511627776 matches)
Extended IP access list EMPTY
IPv6 access list SIX
    permit ipv6 any 2001:db8::/32 (2 matches) sequence 10
    deny ipv6 any any sequence 20
`
	if err != nil || b.String() != want {
		t.Errorf("got\n%s, %v, want\n%s", b.String(), err, want)
	}
	if err := RenderAccessLists(&brokenWriter{}, []AccessList{{Name: "EMPTY"}}); err == nil {
		t.Error("no error of a writer that does not write")
	}
}
