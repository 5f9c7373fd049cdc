package config

import (
	"fmt"
	"strings"
)

// Reference is all lines of the configuration language, mode by mode, as Markdown: what `?` shows in configuration, on one page. Where lines
// have many words, the later ones are left out.
func Reference() string {
	var b strings.Builder
	for _, m := range []struct {
		mode *mode
		of   string
	}{
		{&globalMode, "everywhere"}, {&proposalMode, "crypto ikev2 proposal"}, {&policyMode, "crypto ikev2 policy"},
		{&keyringMode, "crypto ikev2 keyring"}, {&keyPeerMode, "peer, of a keyring"}, {&profileMode, "crypto ikev2 profile"},
		{&isakmpPeerMode, "crypto isakmp peer"}, {&transformMode, "crypto ipsec transform-set"}, {&ipsecProfileMode, "crypto ipsec profile"},
		{&entryMode, "crypto map"}, {&interfaceMode, "interface"}, {&tunnelIfMode, "interface TunnelN"}, {&vrfMode, "vrf definition"},
		{&list4Mode, "ip access-list extended"}, {&list6Mode, "ipv6 access-list"}, {&lineMode, "line vty"},
	} {
		fmt.Fprintf(&b, "### (%s): %s\n\n", m.mode.prompt, m.of)
		depth := 4
		if m.mode == &list4Mode || m.mode == &list6Mode {
			depth = 2 // all that a rule may say is said under access-list
		}
		nodeReference(&b, m.mode.commands, "", depth)
		b.WriteString("\n")
	}
	return b.String()
}

// nodeReference writes nodes with what may follow, as many words in all as depth.
func nodeReference(b *strings.Builder, nodes []node, indent string, depth int) {
	for i := range nodes {
		n := &nodes[i]
		word, more := n.word, ""
		switch {
		case n.kind == nil:
		case n.kind.rest:
			word = "LINE"
		default:
			word = "WORD"
		}
		if len(n.next) > 0 && (n.run != nil || n.many) {
			more = "; more may follow"
		}
		fmt.Fprintf(b, "%s- `%s`: %s%s\n", indent, word, n.help, more)
		if depth > 1 {
			nodeReference(b, n.next, indent+"  ", depth-1)
		}
	}
}
