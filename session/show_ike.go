package session

import "fmt"

// ikeReport is `show crypto ikev2 sa`, or with sessions `show crypto ikev2 session`: first what runs over IPv4, then over IPv6.
type ikeReport struct {
	detail, sessions bool
	v4, v6           []byte
}

func (r *ikeReport) begin(b []byte) []byte { return b }

func (r *ikeReport) end(b []byte) []byte {
	what := "IKEv2  SA"
	if r.sessions {
		what = "IKEv2 Session"
	}
	b = fmt.Appendf(b, " IPv4 Crypto %s \n%s\n", what, r.v4)
	return fmt.Appendf(b, " IPv6 Crypto %s \n%s", what, r.v6)
}

func (r *ikeReport) session(b []byte, s *Session) []byte {
	if len(s.IKE) == 0 {
		return b
	}
	text := &r.v6
	if s.IKE[0].Local.Addr().Unmap().Is4() {
		text = &r.v4
	}
	if r.sessions {
		*text = fmt.Appendf(*text, "\nSession-id:%d, Status:%v, IKE count:%d, CHILD count:%d\n", s.Number, s.Status, len(s.IKE), len(s.Children))
	}
	for i := range s.IKE {
		*text = append(*text, '\n')
		*text = s.IKE[i].appendRow(*text, s)
		if r.detail {
			*text = s.IKE[i].appendDetail(*text, s.Number)
		}
	}
	if r.sessions {
		for i := range s.Children {
			*text = s.Children[i].appendSelectors(*text, r.detail)
		}
	}
	return b
}

// appendRow writes the row of an IKE SA under its header.
func (sa *IKESA) appendRow(b []byte, s *Session) []byte {
	vrfs := orWordNone(s.FVRF) + "/" + orWordNone(s.IVRF)
	if sa.Local.Addr().Unmap().Is4() {
		b = append(b, "Tunnel-id Local                 Remote                fvrf/ivrf            Status \n"...)
		b = fmt.Appendf(b, "%-9d %-21s %-21s %-20s %s  \n", sa.ConnID, endText(sa.Local), endText(sa.Remote), vrfs, sa.State)
	} else {
		b = append(b, "Tunnel-id    fvrf/ivrf              Status\n"...)
		b = fmt.Appendf(b, "%-10d %-21s %s\nLocal  %s\nRemote  %s\n", sa.ConnID, vrfs, sa.State, endText(sa.Local), endText(sa.Remote))
	}
	if a := sa.Algorithms; a != (Algorithms{}) {
		b = fmt.Appendf(b, "      Encr: %s, keysize: %d, PRF: %s, Hash: %s, DH Grp:%d", a.Encr, a.KeyBits, a.PRF, a.Hash, a.Group)
		if sa.AuthLocal != "" {
			b = fmt.Appendf(b, ", Auth sign: %s, Auth verify: %s", sa.AuthLocal, sa.AuthRemote)
		}
		b = append(b, '\n')
	}
	if sa.Lifetime > 0 {
		b = fmt.Appendf(b, "      Life/Active Time: %d/%d sec\n", sa.Lifetime, sa.Age)
	}
	return b
}

// orWordNone is a VRF, or the word for the global one in the listings of IKEv2.
func orWordNone(s string) string {
	if s == "" {
		return "none"
	}
	return s
}

// appendDetail writes what `detailed` adds to an IKE SA.
func (sa *IKESA) appendDetail(b []byte, number uint32) []byte {
	yes := func(v bool, yes, no string) string {
		if v {
			return yes
		}
		return no
	}
	if a := sa.Algorithms.AddKE; a != "" {
		b = fmt.Appendf(b, "      PQC Key Exchange: %s\n", a)
	}
	b = fmt.Appendf(b, "      Session-id: %d\n", number)
	b = fmt.Appendf(b, "      Status Description: %s\n", map[string]string{
		"READY": "Negotiation done", "IN-NEG": "Negotiation in progress", "DELETE": "Being deleted",
	}[sa.State])
	b = fmt.Appendf(b, "      Local spi: %s       Remote spi: %s\n", sa.LocalSPI, sa.RemoteSPI)
	b = fmt.Appendf(b, "      Local id: %s\n", identityText(sa.LocalID))
	if sa.RemoteID != "" {
		b = fmt.Appendf(b, "      Remote id: %s\n", identityText(sa.RemoteID))
	}
	b = fmt.Appendf(b, "      Local next msg id: %-6d   Remote next msg id: %d\n", sa.NextOwn, sa.NextPeer)
	b = append(b, "      Local window:      1        Remote window:      1\n"...) // SET_WINDOW_SIZE is not negotiated (RFC 7296 §2.3)
	b = fmt.Appendf(b, "      DPD configured for %d seconds, retry %d\n", sa.DPDSeconds, sa.DPDRetry)
	b = fmt.Appendf(b, "      %s\n", yes(sa.Fragments, "IETF Std Fragmentation enabled.", "Fragmentation not  configured."))
	b = append(b, "      Dynamic Route Update: disabled\n      Extended Authentication not configured.\n"...)
	nat := "not detected"
	switch {
	case sa.NATLocal && sa.NATRemote:
		nat = "detected inside and outside"
	case sa.NATLocal:
		nat = "detected inside"
	case sa.NATRemote:
		nat = "detected  outside"
	}
	b = fmt.Appendf(b, "      NAT-T is %s\n", nat)
	return fmt.Appendf(b, "      Initiator of SA : %s\n", yes(sa.Initiator, "Yes", "No"))
}

// appendSelectors writes a Child SA as a session's listing has it.
func (c *Child) appendSelectors(b []byte, detail bool) []byte {
	label := "Child sa: "
	for _, p := range c.Selectors {
		b = fmt.Appendf(b, "%slocal selector  %s\n          remote selector %s\n", label, p.Local, p.Remote)
		label = "          "
	}
	b = fmt.Appendf(b, "          ESP spi in/out: 0x%X/0x%X  \n", c.In.SPI, c.Out.SPI)
	if !detail {
		return b
	}
	a := suiteWords(c.Suite)
	b = append(b, "          AH spi in/out: 0x0/0x0\n          CPI in/out: 0x0/0x0\n"...)
	b = fmt.Appendf(b, "          Encr: %s, keysize: %d, esp_hmac: %s\n", a.Encr, a.KeyBits, a.Hash)
	return append(b, "          ah_hmac: None, comp: IPCOMP_NONE, mode tunnel\n"...)
}
