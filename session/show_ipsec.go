package session

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"seikan/esp"
	"seikan/sadb"
)

// suiteWords is a suite of ESP in the words that IKE SAs have for theirs.
func suiteWords(s esp.Suite) Algorithms {
	a := Algorithms{Encr: textOf(encrText, s.Encr), KeyBits: s.KeyBits, Hash: textOf(hashText, s.Integ)}
	if s.Encr == esp.ENCR_CHACHA20_POLY1305 {
		a.KeyBits = chachaBits
	}
	return a
}

// ipsecReport is `show crypto ipsec sa`: flow by flow, under a heading for each interface and crypto map.
type ipsecReport struct {
	detail, identity bool
	heading          string // the last one
}

func (r *ipsecReport) begin(b []byte) []byte { return b }
func (r *ipsecReport) end(b []byte) []byte   { return b }

func (r *ipsecReport) session(b []byte, s *Session) []byte {
	heading := fmt.Sprintf("\ninterface: %s\n    Crypto map tag: %s, local addr %s\n", s.Interface, orNone(s.Map), addrText(s.Local))
	if heading != r.heading {
		b = append(b, heading...)
		r.heading = heading
	}
	for i := range s.Flows {
		b = r.flow(b, s, &s.Flows[i])
	}
	return b
}

func (r *ipsecReport) flow(b []byte, s *Session, f *Flow) []byte {
	b = fmt.Appendf(b, "\n   protected vrf: %s\n", orNone(s.IVRF))
	for _, p := range f.Selectors {
		b = fmt.Appendf(b, "   local  ident (addr/mask/prot/port): %s\n   remote ident (addr/mask/prot/port): %s\n", p.LocalIdent, p.RemoteIdent)
	}
	b = fmt.Appendf(b, "   current_peer %s port %d\n     PERMIT, flags={origin_is_acl,}\n", addrText(s.Peer.Addr()), s.Peer.Port())
	b = f.appendCounters(b, r.detail)
	children := slices.DeleteFunc(slices.Clone(s.Children), func(c Child) bool { return !slices.Contains(c.Policies, f.Policy) })
	b = appendEnds(b, s, children)
	if r.identity {
		return b
	}
	b = append(b, "\n     inbound esp sas:\n"...)
	for i := range children {
		b = children[i].appendSA(b, s.Map, true, r.detail)
	}
	b = append(b, "\n     inbound ah sas:\n\n     inbound pcp sas:\n\n     outbound esp sas:\n"...)
	for i := range children {
		b = children[i].appendSA(b, s.Map, false, r.detail)
	}
	return append(b, "\n     outbound ah sas:\n\n     outbound pcp sas:\n"...)
}

func (f *Flow) appendCounters(b []byte, detail bool) []byte {
	in, out := f.In.Packets, f.Out.Packets
	b = fmt.Appendf(b, "    #pkts encaps: %d, #pkts encrypt: %d, #pkts digest: %d\n", out, out, out)
	b = fmt.Appendf(b, "    #pkts decaps: %d, #pkts decrypt: %d, #pkts verify: %d\n", in, in, in)
	b = append(b, "    #pkts compressed: 0, #pkts decompressed: 0\n"+ // there is no IPComp
		"    #pkts not compressed: 0, #pkts compr. failed: 0\n"+
		"    #pkts not decompressed: 0, #pkts decompress failed: 0\n"...)
	if !detail {
		return fmt.Appendf(b, "    #send errors %d, #recv errors %d\n", f.Out.Dropped, f.In.Dropped)
	}
	send, recv := f.Out.dropsBy(sendErrors), f.In.dropsBy(recvErrors)
	b = fmt.Appendf(b, "    #pkts no sa (send) %d, #pkts invalid sa (rcv) 0\n", send["no sa"]) // an unknown SPI belongs to no flow
	b = fmt.Appendf(b, "    #pkts encaps failed (send) %d, #pkts decaps failed (rcv) %d\n", send["encaps"], recv["decaps"])
	b = fmt.Appendf(b, "    #pkts invalid prot (recv) %d, #pkts verify failed: %d\n", recv["prot"], recv["verify"])
	b = fmt.Appendf(b, "    #pkts invalid identity (recv) %d, #pkts invalid len (rcv) %d\n", recv["identity"], recv["len"])
	b = fmt.Appendf(b, "    #pkts replay rollover (send): %d, #pkts replay rollover (rcv) 0\n", send["rollover"])
	b = fmt.Appendf(b, "    ##pkts replay failed (rcv): %d\n", recv["replay"])
	b = append(b, "    #pkts tagged (send): 0, #pkts untagged (rcv): 0\n    #pkts not tagged (send): 0, #pkts not untagged (rcv): 0\n"...) // there are no tags
	return fmt.Appendf(b, "    #pkts internal err (send): %d, #pkts internal err (recv) %d\n", send[""], recv[""])
}

// What the reasons of drops are called in `show crypto ipsec sa detail`. Others are internal errors.
var (
	sendErrors = map[string]string{
		sadb.DropNoSA.String(): "no sa", sadb.DropQueueFull.String(): "no sa",
		sadb.DropTooBig.String(): "encaps", sadb.DropSendError.String(): "encaps", sadb.DropMalformed.String(): "encaps",
		sadb.DropSeqExhausted.String(): "rollover",
	}
	recvErrors = map[string]string{
		sadb.DropReplay.String(): "replay", sadb.DropStale.String(): "replay", sadb.DropICV.String(): "verify",
		sadb.DropPadding.String(): "decaps", sadb.DropNextHeader.String(): "prot", sadb.DropIdentity.String(): "identity",
		sadb.DropMalformed.String(): "len", sadb.DropFragment.String(): "identity",
	}
)

// dropsBy adds the drops up by what their reasons are called; "" is all that have no name.
func (d *Direction) dropsBy(names map[string]string) map[string]uint64 {
	sums := make(map[string]uint64)
	for _, c := range d.Drops {
		sums[names[c.Reason]] += c.Count
	}
	return sums
}

// appendEnds writes the addresses, and what is common to the SAs of a flow: of the newest that is active.
func appendEnds(b []byte, s *Session, children []Child) []byte {
	gap := " "
	if s.Local.Is6() {
		gap = "\n     "
	}
	b = fmt.Appendf(b, "\n     local crypto endpt.: %s,%sremote crypto endpt.: %s\n", addrText(s.Local), gap, addrText(s.Peer.Addr()))
	c := current(children)
	mtu := "ip"
	if s.Local.Is6() {
		mtu = "ipv6"
	}
	if c != nil && c.MTU > 0 {
		b = fmt.Appendf(b, "     plaintext mtu %d, path mtu %d, %s mtu %d, %s mtu idb %s\n", c.Plaintext, c.MTU, mtu, c.IPMTU, mtu, c.Interface)
	}
	spi, pfs := uint32(0), "N, DH group: none"
	if c != nil {
		spi = c.Out.SPI
		if c.Group != 0 {
			pfs = fmt.Sprintf("Y, DH group: group%d", c.Group)
		}
		if c.AddKE != "" {
			pfs += ", PQC Key Exchange: " + c.AddKE
		}
	}
	if spi == 0 {
		return fmt.Appendf(b, "     current outbound spi: 0x0(0)\n     PFS (Y/N): %s\n", pfs)
	}
	return fmt.Appendf(b, "     current outbound spi: 0x%X(%d)\n     PFS (Y/N): %s\n", spi, spi, pfs)
}

// current is the newest active Child SA, else the newest. Nil: none.
func current(children []Child) *Child {
	for i := range slices.Backward(children) {
		if children[i].State == childStates[sadb.Active] {
			return &children[i]
		}
	}
	if len(children) == 0 {
		return nil
	}
	return &children[len(children)-1]
}

// transformText is the algorithms of an IPsec SA, which are not spelled as in a transform set.
func transformText(s esp.Suite) string {
	text := s.String()
	if s.Encr == esp.ENCR_AES_CBC && s.KeyBits > 128 {
		text = strings.Replace(text, fmt.Sprintf("esp-aes %d", s.KeyBits), fmt.Sprintf("esp-%d-aes", s.KeyBits), 1)
	}
	return text
}

// ivOctets is the size of an IV.
func ivOctets(s esp.Suite) int {
	switch s.Encr {
	case esp.ENCR_NULL:
		return 0
	case esp.ENCR_AES_CBC:
		return 16
	}
	return 8
}

// saNumber is the number of one of the two SAs of a Child SA.
func (c *Child) saNumber(inbound bool) uint32 {
	if inbound {
		return 2*c.Number - 1
	}
	return 2 * c.Number
}

// appendSA writes one of the two SAs.
func (c *Child) appendSA(b []byte, tag string, inbound, detail bool) []byte {
	d := &c.Out
	if inbound {
		d = &c.In
	}
	settings := "Tunnel"
	if c.Transport {
		settings = "Transport"
	}
	if c.Local.Port() != 0 {
		settings += " UDP-Encaps"
	}
	settings += ", "
	if c.ESN {
		settings += "esn"
	}
	n := c.saNumber(inbound)
	b = fmt.Appendf(b, "      spi: 0x%X(%d)\n        transform: %s ,\n        in use settings ={%s}\n", d.SPI, d.SPI, transformText(c.Suite), settings)
	b = fmt.Appendf(b, "        conn id: %d, flow_id: SW:%d, crypto map: %s\n", n, n, orNone(tag))
	if c.NoVolumeLimit {
		b = fmt.Appendf(b, "        Kilobyte Volume Rekey has been disabled\n        sa timing: remaining key lifetime (sec): %d\n", c.SecondsLeft)
	} else {
		b = fmt.Appendf(b, "        sa timing: remaining key lifetime (k/sec): (%d/%d)\n", d.KilobytesLeft, c.SecondsLeft)
	}
	replay := "Y"
	switch {
	case c.Window < 0:
		replay = "N"
	case detail:
		replay = fmt.Sprintf("Y  replay window size: %d", c.Window)
	}
	state := strings.ToUpper(c.State)
	return fmt.Appendf(b, "        IV size: %d bytes\n        replay detection support: %s\n        Status: %s(%s)\n", ivOctets(c.Suite), replay, state, state)
}

// ipsecCount is `show crypto ipsec sa count`.
type ipsecCount struct {
	json          bool
	total, active int
}

func (r *ipsecCount) begin(b []byte) []byte { return b }

func (r *ipsecCount) session(b []byte, s *Session) []byte {
	for i := range s.Children {
		r.total += 2
		if s.Children[i].State == childStates[sadb.Active] {
			r.active += 2
		}
	}
	return b
}

// end counts as rekeying what stands by, or is kept for what is on its way, around a rekey.
func (r *ipsecCount) end(b []byte) []byte {
	if r.json {
		return append(appendJSON(b, "", map[string]int{"total": r.total, "active": r.active, "rekeying": r.total - r.active}), '\n')
	}
	return fmt.Appendf(b, "IPsec SA total: %d, active: %d, rekeying: %d, unused: 0, invalid: 0\n", r.total, r.active, r.total-r.active)
}

// engineReport is `show crypto engine connections active`: first the IKE SAs and then the IPsec SAs, by their numbers.
type engineReport struct{ rows []engineRow }

type engineRow struct {
	ipsec bool
	id    uint32
	text  string
}

func (r *engineReport) begin(b []byte) []byte {
	return append(b, "Crypto Engine Connections\n\n   ID  Type    Algorithm           Encrypt  Decrypt LastSeqN IP-Address\n"...)
}

func (r *engineReport) session(b []byte, s *Session) []byte {
	add := func(ipsec bool, id uint32, algorithm string, encrypt, decrypt, last uint64, address string) {
		kind := "IKE"
		if ipsec {
			kind = "IPsec"
		}
		r.rows = append(r.rows, engineRow{ipsec, id, fmt.Sprintf("%5d  %-8s%-18s%9d%9d%9d %s\n", id, kind, algorithm, encrypt, decrypt, last, address)})
	}
	for _, sa := range s.IKE {
		if sa.Active { // its messages are not counted, nor are they on the router whose listing this is
			a := sa.Algorithms
			hash := a.Hash
			if hash == "None" {
				hash = a.PRF
			}
			add(false, uint32(sa.ConnID), hash+"+"+engineCipher(a), 0, 0, 0, addrText(sa.Local.Addr().Unmap()))
		}
	}
	for _, c := range s.Children {
		a := suiteWords(c.Suite)
		name, address := engineCipher(a), addrText(s.Local)
		if a.Hash != "None" {
			name += "+" + a.Hash
		}
		add(true, c.saNumber(true), name, 0, c.In.Packets, c.In.LastSequence, address)
		add(true, c.saNumber(false), name, c.Out.Packets, 0, c.Out.LastSequence, address)
	}
	return b
}

// engineCipher is a cipher with its key length: AES256, AES-GCM256.
func engineCipher(a Algorithms) string {
	name := strings.TrimSuffix(a.Encr, "-CBC")
	if strings.HasPrefix(name, "AES") {
		name += fmt.Sprint(a.KeyBits)
	}
	return name
}

func (r *engineReport) end(b []byte) []byte {
	slices.SortStableFunc(r.rows, func(x, y engineRow) int { return cmp.Or(falseLast(y.ipsec, x.ipsec), cmp.Compare(x.id, y.id)) })
	for _, row := range r.rows {
		b = append(b, row.text...)
	}
	return b
}
