package session

import (
	"fmt"
	"io"
	"net/netip"
	"strings"

	"seikan/esp"
	"seikan/ike"
)

// Policies is what the configuration says of how peers are to be authenticated and traffic protected. It has no keys. It is not modified.
type Policies struct {
	Proposals []IKEProposal
	Policies  []IKEPolicy
	Profiles  []IKEProfile
	Keys      []KeyringPeer
	IPsec     []IPsecProfile
}

// IKEProposal is a `crypto ikev2 proposal`, in the words of its listing.
type IKEProposal struct {
	Name       string   `json:"name"`
	Encryption []string `json:"encryption"`
	Integrity  []string `json:"integrity"` // none with combined-mode ciphers alone
	PRF        []string `json:"prf"`
	Groups     []string `json:"groups"`
	AddKE      []string `json:"addKe,omitempty"`
}

// NewIKEProposal is a proposal under its name.
func NewIKEProposal(name string, p ike.Proposal) IKEProposal {
	v := IKEProposal{Name: name, Integrity: []string{}}
	for _, e := range p.Encr {
		word := textOf(encrText, esp.Encr(e.ID))
		if e.KeyBits != 0 {
			word = fmt.Sprintf("%s-%d", word, e.KeyBits)
		}
		v.Encryption = append(v.Encryption, word)
	}
	for _, id := range p.Integ {
		v.Integrity = append(v.Integrity, textOf(hashText, esp.Integ(id)))
	}
	for _, id := range p.PRF {
		v.PRF = append(v.PRF, textOf(prfText, id))
	}
	for _, g := range p.Groups {
		v.Groups = append(v.Groups, groupText(uint16(g)))
	}
	for _, g := range p.AddKE {
		word := "none" // a peer without it is taken, too
		if g != 0 {
			word = strings.ReplaceAll(g.String(), "_", "-")
		}
		v.AddKE = append(v.AddKE, word)
	}
	return v
}

// groupText is a Diffie-Hellman group as the listings of proposals have it, by IANA's number.
func groupText(id uint16) string {
	name := map[uint16]string{
		14: "2048_MODP", 15: "3072_MODP", 16: "4096_MODP", 19: "256_ECP", 20: "384_ECP", 21: "521_ECP", 31: "CURVE25519",
	}[id]
	if name == "" {
		return fmt.Sprintf("Group %d", id)
	}
	return fmt.Sprintf("DH_GROUP_%s/Group %d", name, id)
}

// IKEPolicy is a `crypto ikev2 policy`.
type IKEPolicy struct {
	Name      string       `json:"name"`
	FVRF      string       `json:"matchFvrf"`       // any, global, or a name
	Locals    []netip.Addr `json:"local,omitempty"` // for these addresses of ours; none: for all
	Proposals []string     `json:"proposals"`
}

// IKEProfile is a `crypto ikev2 profile`.
type IKEProfile struct {
	Name        string   `json:"name"`
	Description string   `json:"description,omitempty"`
	FVRF        string   `json:"matchFvrf"`        // any, global, or a name
	IVRF        string   `json:"ivrf,omitempty"`   // global, or a name; "": the front VRF
	RemoteIDs   []string `json:"remoteIdentities"` // none: the address of the peer
	LocalID     string   `json:"localIdentity,omitempty"`
	Keyring     string   `json:"keyring,omitempty"`
	Lifetime    uint64   `json:"lifetimeSeconds"`
	Reauth      uint64   `json:"reauthenticationSeconds"` // 0: never
	DPD         *DPD     `json:"dpd,omitempty"`           // nil: liveness is not checked
	Unique      string   `json:"unique,omitempty"`
	Childless   string   `json:"childless,omitempty"`
	Encap       bool     `json:"forceEncap"` // ESP is in UDP also where there is no NAT
}

// DPD is how liveness is checked.
type DPD struct {
	Seconds  uint64 `json:"seconds"`
	Retry    uint64 `json:"retrySeconds"`
	OnDemand bool   `json:"onDemand"` // only when there is something to send
}

// KeyringPeer is a peer in a `crypto ikev2 keyring`.
type KeyringPeer struct {
	Keyring string `json:"keyring"`
	Peer    string `json:"peer"`
	Address string `json:"address"`
	Key     string `json:"key"` // where the key is, and never the key
}

// IPsecProfile is a `crypto ipsec profile`.
type IPsecProfile struct {
	Name        string `json:"name"`
	Description string `json:"description,omitempty"`
	Profile     string `json:"profile,omitempty"` // of IKEv2
	Protection
}

// Protection is how traffic is protected.
type Protection struct {
	Kilobytes  uint64     `json:"kilobytes"`
	Unlimited  bool       `json:"noVolumeLimit"`
	Seconds    uint64     `json:"seconds"`
	PFS        string     `json:"pfs,omitempty"` // name of the group; "" without
	Transforms []NamedSet `json:"transformSets"`
}

// Named is something that the configuration has under a name, and its listing.
type Named interface {
	Called() string
	append(b []byte) []byte
}

// RenderNamed writes the listings of some things. Its error is w's.
func RenderNamed[T Named](w io.Writer, list []T) error {
	var b []byte
	for i, v := range list {
		if i > 0 {
			b = append(b, '\n')
		}
		b = v.append(b)
	}
	return write(w, b)
}

// Called is the name.
func (v IKEProposal) Called() string { return v.Name }

// Called is the name.
func (v IKEPolicy) Called() string { return v.Name }

// Called is the name.
func (v IKEProfile) Called() string { return v.Name }

// Called is the name.
func (v IPsecProfile) Called() string { return v.Name }

func (v IKEProposal) append(b []byte) []byte {
	b = fmt.Appendf(b, " IKEv2 proposal: %s \n", v.Name)
	b = fmt.Appendf(b, "     Encryption : %s\n", strings.Join(v.Encryption, " "))
	b = fmt.Appendf(b, "     Integrity  : %s\n", orWordNone(strings.Join(v.Integrity, " ")))
	b = fmt.Appendf(b, "     PRF        : %s\n", strings.Join(v.PRF, " "))
	b = fmt.Appendf(b, "     DH Group   : %s\n", strings.Join(v.Groups, " "))
	if len(v.AddKE) > 0 {
		b = fmt.Appendf(b, "     Add. KE    : %s\n", strings.Join(v.AddKE, " "))
	}
	return b
}

func (v IKEPolicy) append(b []byte) []byte {
	b = fmt.Appendf(b, " IKEv2 policy : %s\n      Match fvrf : %s\n", v.Name, v.FVRF)
	if len(v.Locals) == 0 {
		b = append(b, "      Match address local : any\n"...)
	}
	for _, a := range v.Locals {
		b = fmt.Appendf(b, "      Match address local : %s\n", addrText(a))
	}
	for _, name := range v.Proposals {
		b = fmt.Appendf(b, "      Proposal    : %s \n", name)
	}
	return b
}

func (v IKEProfile) append(b []byte) []byte {
	encap := "where there is a NAT"
	if v.Encap {
		encap = "always"
	}
	b = fmt.Appendf(b, "IKEv2 profile: %s\n", v.Name)
	if v.Description != "" {
		b = fmt.Appendf(b, " Description: %s\n", v.Description)
	}
	b = fmt.Appendf(b, " Match criteria: \n  Fvrf: %s\n  Local address/interface: none\n  Identities: \n", v.FVRF)
	for _, id := range v.RemoteIDs {
		b = fmt.Appendf(b, "   %s \n", id)
	}
	if len(v.RemoteIDs) == 0 {
		b = append(b, "   the address of the peer \n"...)
	}
	b = fmt.Appendf(b, "  Certificate maps: none\n Local identity: %s\n Remote identity: none\n", orWordNone(v.LocalID))
	b = append(b, " Local authentication method: pre-share\n Remote authentication method(s): pre-share\n EAP options: none\n"...)
	b = fmt.Appendf(b, " Keyring: %s\n Trustpoint(s): none\n Lifetime: %d seconds\n", orWordNone(v.Keyring), v.Lifetime)
	if v.Reauth > 0 {
		b = fmt.Appendf(b, " Reauthentication: after %d seconds\n", v.Reauth)
	}
	switch {
	case v.DPD == nil:
		b = append(b, " DPD: disabled\n"...)
	case v.DPD.OnDemand:
		b = fmt.Appendf(b, " DPD: interval %d, retry-interval %d, on-demand\n", v.DPD.Seconds, v.DPD.Retry)
	default:
		b = fmt.Appendf(b, " DPD: interval %d, retry-interval %d, periodic\n", v.DPD.Seconds, v.DPD.Retry)
	}
	b = fmt.Appendf(b, " Ivrf: %s\n Virtual-template: none\n", orWordNone(v.IVRF))
	if v.Unique != "" {
		b = fmt.Appendf(b, " Unique: %s\n", v.Unique)
	}
	if v.Childless != "" {
		b = fmt.Appendf(b, " Childless: %s\n", v.Childless)
	}
	return fmt.Appendf(b, " ESP in UDP: %s\n", encap)
}

func (v IPsecProfile) append(b []byte) []byte {
	b = fmt.Appendf(b, "IPSEC profile %s\n", v.Name)
	if v.Description != "" {
		b = fmt.Appendf(b, "\tDescription: %s\n", v.Description)
	}
	if v.Profile != "" {
		b = fmt.Appendf(b, "\tIKEv2 Profile: %s\n", v.Profile)
	}
	return v.Protection.append(b)
}

func (p *Protection) append(b []byte) []byte {
	if p.Unlimited {
		b = fmt.Appendf(b, "\tSecurity association lifetime: kilobytes disabled/%d seconds\n", p.Seconds)
	} else {
		b = fmt.Appendf(b, "\tSecurity association lifetime: %d kilobytes/%d seconds\n", p.Kilobytes, p.Seconds)
	}
	b = append(b, "\tResponder-Only (Y/N): N\n"...)
	if p.PFS == "" {
		b = append(b, "\tPFS (Y/N): N\n"...)
	} else {
		b = fmt.Appendf(b, "\tPFS (Y/N): Y\n\tDH group:  %s\n", p.PFS)
	}
	b = append(b, "\tMixed-mode : Disabled\n\tTransform sets={ \n"...)
	for _, s := range p.Transforms {
		b = fmt.Appendf(b, "\t\t%s:  { %s  } , \n", s.Name, s.Transforms)
	}
	return append(b, "\t}\n"...)
}

// RenderKeys writes `show crypto isakmp key`. Its error is w's.
func (p Policies) RenderKeys(w io.Writer) error {
	b := []byte("Keyring      Hostname/Address                            Preshared Key\n\n")
	for _, k := range p.Keys {
		b = fmt.Appendf(b, "%-12s %-43s %s\n", k.Keyring, strings.ToUpper(k.Address), k.Key)
	}
	return write(w, b)
}
