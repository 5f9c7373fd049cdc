package config

import (
	"fmt"
	"net/netip"
	"strconv"
	"strings"

	"seikan/ike"
	"seikan/ike/wire"
	"seikan/sadb"
)

// RunningConfig is the model as text, always the same for the same model. Keys are hidden, such that Parse refuses the
// text where one was rather than take the placeholder for the key; all else makes an equal Model again.
func (m *Model) RunningConfig() string { return m.text(false) }

// text is the model with its keys or without.
func (m *Model) text(keys bool) string {
	w := &writer{keys: keys}
	w.model(m)
	return w.b.String()
}

func (w *writer) model(m *Model) {
	w.general(m)
	writeAll(w, m.vrfs.list)
	writeAll(w, m.proposals.list)
	writeAll(w, m.policies.list)
	for _, v := range m.keyrings.list {
		w.section(v)
		for _, p := range v.peers.list {
			w.line(" %s", p.head())
			p.lines(w)
		}
	}
	writeAll(w, m.profiles.list)
	w.ike(m)
	writeAll(w, m.descs.list)
	w.ipsec(m)
	writeAll(w, m.transforms.list)
	writeAll(w, m.ipsec.list)
	for _, v := range m.maps.list {
		writeAll(w, v.entries.list)
	}
	writeAll(w, m.interfaces.list)
	writeAll(w, m.lists.list)
	w.routes(m.routes.list)
	w.monitor(&m.monitor)
	w.terminal(&m.terminal, m.users.list)
	w.block("end")
}

// section is what a line leads to: a mode with lines of its own.
type section interface {
	head() string    // that line
	lines(w *writer) // those in the mode, but for what they lead to
}

// section writes one.
func (w *writer) section(v section) {
	w.block("%s", v.head())
	v.lines(w)
}

func writeAll[T section](w *writer, list []T) {
	for _, v := range list {
		w.section(v)
	}
}

// general writes what is about the router, and not about IPsec.
func (w *writer) general(m *Model) {
	if m.hostname != "" {
		w.line("hostname %s", m.hostname)
	}
	if m.keyFile.name != "" {
		w.line("key file %s", m.keyFile.name)
	}
	if m.noLog {
		w.line("no crypto logging session")
	} else {
		w.line("crypto logging session")
	}
	if m.xe {
		w.line("crypto session format xe")
	}
	w.offloads(m)
	w.logging(m)
}

// ipsec writes what begins with `crypto ipsec` and is about all SAs.
func (w *writer) ipsec(m *Model) {
	if m.life != (lifetime{}) || m.replay != 0 || m.dfBit != sadb.DFCopy || m.after {
		w.line("!")
	}
	w.lifetime("crypto ipsec", m.life)
	w.replay("crypto ipsec", m.replay)
	if m.dfBit != sadb.DFCopy {
		w.line("crypto ipsec df-bit %s", dfText[m.dfBit])
	}
	if m.after {
		w.line("crypto ipsec fragmentation after-encryption")
	}
}

// writer makes the text.
type writer struct {
	b       strings.Builder
	keys    bool
	numbers bool // of all lines of access lists; else only where they are not as usual
}

func (w *writer) line(format string, args ...any) { fmt.Fprintf(&w.b, format+"\n", args...) }

// block begins something that has lines of its own.
func (w *writer) block(format string, args ...any) { w.line("!\n"+format, args...) }

// text writes a line unless its value is empty.
func (w *writer) text(before, value string) {
	if value != "" {
		w.line("%s%s", before, value)
	}
}

func (w *writer) key(before string, k presharedKey) {
	if k.given() {
		w.line("%s %s", before, w.keyText(k))
	}
}

// keyText is a key as a line has it: its name, or itself where that is not hidden.
func (w *writer) keyText(k presharedKey) string {
	switch {
	case k.file.name != "":
		return "file " + k.file.name
	case w.keys:
		return keyText(k.key)
	}
	return hidden
}

// ike writes what begins with `crypto ikev2` and is about all IKE SAs.
func (w *writer) ike(m *Model) {
	if m.dpd != nil {
		w.block("crypto ikev2 %v", m.dpd)
	}
	switch {
	case m.fragment < 0:
		w.block("no crypto ikev2 fragmentation")
	case m.fragment > 0:
		w.block("crypto ikev2 fragmentation mtu %d", m.fragment)
	}
	if m.cookie != nil {
		w.block("crypto ikev2 cookie-challenge %d", *m.cookie)
	}
	if m.ports != (ports{}) {
		w.block("crypto ikev2 port %d nat-t %d", m.ports.ike, m.ports.natt)
	}
	if m.halfOpen != 0 {
		w.block("crypto ikev2 limit max-in-negotation-sa %d", m.halfOpen)
	}
}

func (v *vrf) head() string { return "vrf definition " + v.name }

func (v *vrf) lines(w *writer) {
	w.text(" description ", v.description)
	w.text(" netns ", v.netns)
}

func (v *proposal) head() string { return "crypto ikev2 proposal " + v.name }

func (v *proposal) lines(w *writer) {
	w.words(" encryption", cipherWords(v.encr))
	w.words(" integrity", hashWords(v.integ))
	w.words(" prf", hashWords(v.prf))
	w.words(" group", groupWords(v.groups))
	w.words(" addke", addKEWords(v.addKE))
}

func (v *policy) head() string { return "crypto ikev2 policy " + v.name }

func (v *policy) lines(w *writer) {
	w.fvrf(v.fvrf)
	for _, a := range v.locals.list {
		w.line(" match address local %v", *a)
	}
	for _, n := range v.proposals.list {
		w.line(" proposal %s", n.name)
	}
}

func (w *writer) fvrf(m fvrfMatch) {
	if m.any {
		w.line(" match fvrf any")
	}
	w.text(" match fvrf ", m.of.name)
}

func (w *writer) words(before string, words []string) {
	if len(words) > 0 {
		w.line("%s %s", before, strings.Join(words, " "))
	}
}

func cipherWords(list []cipher) (words []string) {
	for _, c := range list {
		words = append(words, c.word)
	}
	return words
}

func hashWords(list []hash) (words []string) {
	for _, h := range list {
		words = append(words, h.word)
	}
	return words
}

func groupWords(list []wire.GroupID) (words []string) {
	for _, g := range list {
		words = append(words, strconv.Itoa(int(g)))
	}
	return words
}

func addKEWords(list []wire.GroupID) (words []string) {
	for _, g := range list {
		switch g {
		case wire.ML_KEM_768:
			words = append(words, "ml-kem-768")
		case wire.ML_KEM_1024:
			words = append(words, "ml-kem-1024")
		default:
			words = append(words, "none")
		}
	}
	return words
}

func (v *keyring) head() string { return "crypto ikev2 keyring " + v.name }
func (*keyring) lines(*writer)  {}
func (v *keyPeer) head() string { return "peer " + v.name }

func (v *keyPeer) lines(w *writer) {
	w.text("  description ", v.description)
	if v.prefix.IsValid() {
		w.line("  address %s", prefixText(v.prefix))
	}
	w.ppk(v.ppk)
	if v.local.equal(v.remote) {
		w.key("  pre-shared-key", v.local)
		return
	}
	w.key("  pre-shared-key local", v.local)
	w.key("  pre-shared-key remote", v.remote)
}

func (w *writer) ppk(p ppk) {
	if p.id == "" {
		return
	}
	required := ""
	if p.required {
		required = " required"
	}
	w.line("  ppk manual id %s key %s%s", p.id, w.keyText(p.key), required)
}

// prefixText writes a prefix as prefixNodes read it.
func prefixText(p netip.Prefix) string {
	switch {
	case p.IsSingleIP():
		return p.Addr().String()
	case p.Addr().Is4():
		return p.Addr().String() + " " + maskText(p.Bits(), false)
	}
	return p.String()
}

// maskText is a mask of n bits, or its inverse.
func maskText(n int, inverse bool) string {
	mask := ^uint32(0) << (32 - n)
	if inverse {
		mask = ^mask
	}
	return netip.AddrFrom4([4]byte{byte(mask >> 24), byte(mask >> 16), byte(mask >> 8), byte(mask)}).String()
}

func (v *profile) head() string { return "crypto ikev2 profile " + v.name }

func (v *profile) lines(w *writer) {
	w.text(" description ", v.description)
	if v.ivrfGlobal {
		w.line(" ivrf " + globalVRF)
	}
	w.text(" ivrf ", v.ivrf.name)
	w.fvrf(v.fvrf)
	for _, id := range v.remote.list {
		w.line(" match identity remote %v", id)
	}
	if v.local != nil {
		w.line(" identity local %v", *v.local)
	}
	w.authentication(" authentication remote pre-share", v.authRemote)
	w.authentication(" authentication local pre-share", v.authLocal)
	w.text(" keyring local ", v.keyring.name)
	if v.lifetime != 0 {
		w.line(" lifetime %d", v.lifetime)
	}
	if v.reauth != 0 {
		w.line(" reauthentication %d", v.reauth)
	}
	w.text(" unique ", uniqueText[v.unique])
	w.text(" childless ", childlessText[v.childless])
	if v.bare {
		w.line(" no nat force-encap")
	}
	if v.dpd != nil {
		w.line(" %v", v.dpd)
	}
}

// What stands in the text for choices that are not the default.
var (
	uniqueText    = [...]string{ike.UniqueNever: "never", ike.UniqueReplace: "replace", ike.UniqueKeep: "keep"}
	childlessText = [...]string{ike.ChildlessPrefer: "prefer", ike.ChildlessNever: "never"}
	connectText   = [...]string{ike.AtStart: "at-start", ike.Always: "always"}
)

func (w *writer) authentication(before string, a *authentication) {
	switch {
	case a == nil:
	case !a.key.given():
		w.line("%s", before)
	default:
		w.key(before+" key", a.key)
	}
}

// String is the identity as it is read after `match identity remote` and `identity local`.
func (id identity) String() string {
	var word string
	switch id.kind {
	case wire.ID_FQDN:
		word = "fqdn "
	case wire.ID_RFC822_ADDR:
		word = "email "
	case wire.ID_KEY_ID:
		word = "key-id "
	default:
		return "address " + prefixText(id.prefix)
	}
	if id.domain {
		word += "domain "
	}
	return word + id.data
}

func (d *dpd) String() string {
	when := "periodic"
	if d.onDemand {
		when = "on-demand"
	}
	return fmt.Sprintf("dpd %d %d %s", d.interval, d.retry, when)
}

func (v *isakmpPeer) head() string {
	family, in := "", ""
	if v.addr.Is6() {
		family = "ipv6 "
	}
	if v.vrf.name != "" {
		in = " vrf " + v.vrf.name
	}
	return "crypto isakmp peer address " + family + v.addr.String() + in
}

func (v *isakmpPeer) lines(w *writer) { w.text(" description ", v.description) }

func (w *writer) lifetime(before string, l lifetime) {
	if l.seconds != 0 {
		w.line("%s security-association lifetime seconds %d", before, l.seconds)
	}
	switch {
	case l.unlimited:
		w.line("%s security-association lifetime kilobytes disable", before)
	case l.kilobytes != 0:
		w.line("%s security-association lifetime kilobytes %d", before, l.kilobytes)
	}
	if l.packets != 0 {
		w.line("%s security-association lifetime packets %d", before, l.packets)
	}
}

func (w *writer) replay(before string, window int) {
	switch {
	case window < 0:
		w.line("%s security-association replay disable", before)
	case window > 0:
		w.line("%s security-association replay window-size %d", before, window)
	}
}

func (v *transformSet) head() string {
	return "crypto ipsec transform-set " + v.name + " " + v.suite.String()
}

func (v *transformSet) lines(w *writer) {
	mode := "tunnel"
	if v.transport {
		mode = "transport"
	}
	w.line(" mode %s", mode)
}

func (v *ipsecProfile) head() string { return "crypto ipsec profile " + v.name }

func (v *ipsecProfile) lines(w *writer) {
	w.text(" description ", v.description)
	w.protection(&v.protection)
}

func (e *entry) head() string {
	return "crypto map " + e.name + " " + strconv.FormatUint(e.seq, 10) + " ipsec-isakmp"
}

func (e *entry) lines(w *writer) {
	w.text(" description ", e.description)
	if e.peer.IsValid() {
		w.line(" set peer %v", e.peer)
	}
	switch {
	case e.ports.ike != 0:
		w.line(" set peer-port %d nat-t %d", e.ports.ike, e.ports.natt)
	case e.ports.natt != 0:
		w.line(" set peer-port nat-t %d", e.ports.natt)
	}
	w.text(" set connect ", connectText[e.connect])
	var alternates []string
	for _, a := range e.alternates {
		alternates = append(alternates, a.String())
	}
	w.words(" set alternate-address", alternates)
	w.protection(&e.protection)
	w.text(" match address ", e.list.name)
}

func (w *writer) protection(e *protection) {
	w.lifetime(" set", e.life)
	w.replay(" set", e.replay)
	if e.esn {
		w.line(" set security-association esn")
	}
	var sets []string
	for _, n := range e.transforms {
		sets = append(sets, n.name)
	}
	w.words(" set transform-set", sets)
	if e.pfs != 0 {
		add := ""
		if e.pfsKE != wire.NONE {
			add = " addke " + addKEWords([]wire.GroupID{e.pfsKE})[0]
		}
		w.line(" set pfs group%d%s", uint16(e.pfs), add)
	}
	w.text(" set ikev2-profile ", e.profile.name)
}

func (v *iface) head() string { return "interface " + v.name }

func (v *iface) lines(w *writer) {
	w.text(" description ", v.description)
	w.text(" vrf forwarding ", v.vrf.name)
	if v.addr4.IsValid() {
		w.line(" ip address %v %s", v.addr4.Addr(), maskText(v.addr4.Bits(), false))
	}
	if v.addr6.IsValid() {
		w.line(" ipv6 address %v", v.addr6)
	}
	if v.mss != 0 {
		w.line(" ip tcp adjust-mss %d", v.mss)
	}
	if v.mtu != 0 {
		w.line(" ip mtu %d", v.mtu)
	}
	w.text(" crypto map ", v.cryptoMap.name)
	if v.df != nil {
		w.line(" crypto ipsec df-bit %s", dfText[*v.df])
	}
	if v.after != nil {
		w.line(" crypto ipsec fragmentation %s", fragmentationText(*v.after))
	}
	if v.tunnel != nil {
		w.tunnel(v.tunnel)
	}
}

func (w *writer) tunnel(t *tunnel) {
	if t.source.IsValid() {
		w.line(" tunnel source %v", t.source)
	}
	w.text(" tunnel source ", t.sourceOf.name)
	if t.destination.IsValid() {
		w.line(" tunnel destination %v", t.destination)
	}
	w.text(" tunnel vrf ", t.vrf.name)
	if t.mode != tunnelGRE {
		w.line(" tunnel mode %s", tunnelModeText[t.mode])
	}
	if t.key != nil {
		w.line(" tunnel key %d", *t.key)
	}
	if t.ttl != 0 {
		w.line(" tunnel ttl %d", t.ttl)
	}
	if t.shared {
		w.line(" tunnel protection ipsec profile %s shared", t.protection.name)
	} else {
		w.text(" tunnel protection ipsec profile ", t.protection.name)
	}
	if t.shutdown {
		w.line(" shutdown")
	}
}

func (w *writer) routes(list []*route) {
	if len(list) > 0 {
		w.line("!")
	}
	for _, r := range list {
		in := ""
		if r.vrf.name != "" {
			in = "vrf " + r.vrf.name + " "
		}
		if r.dst.Addr().Is4() {
			w.line("ip route %s%v %s %s", in, r.dst.Addr(), maskText(r.dst.Bits(), false), r.via.name)
		} else {
			w.line("ipv6 route %s%v %s", in, r.dst, r.via.name)
		}
	}
}
