package session

import (
	"cmp"
	"fmt"
	"net/netip"
	"strings"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

// Child is a Child SA of a session: a pair of ESP SAs.
type Child struct {
	Number    uint32          `json:"number"` // in order of installation, from 1 on
	IKE       sadb.IKEID      `json:"connId"` // of its IKE SA
	State     string          `json:"state"`  // active, standby: the peer may not receive yet; retired: receives only
	Policies  []sadb.PolicyID `json:"policies"`
	Selectors []SelectorPair  `json:"selectors"` // as negotiated
	Local     netip.AddrPort  `json:"local"`     // port 0: ESP is not in UDP
	Remote    netip.AddrPort  `json:"remote"`
	Suite     esp.Suite       `json:"-"`
	Transform string          `json:"transform"` // Suite, in the words of a transform set
	ESN       bool            `json:"esn"`
	Transport bool            `json:"transport,omitempty"` // mode transport
	Window    int             `json:"replayWindow"`        // negative: no anti-replay
	Group     uint16          `json:"dhGroup"`             // of the key exchange for perfect forward secrecy; 0: none
	AddKE     string          `json:"addKe,omitempty"`     // of the additional key exchange
	Interface string          `json:"interface"`           // that its packets leave by, as far as it is known
	IPMTU     int             `json:"ipMtu"`               // of that; 0: not known
	MTU       int             `json:"mtu"`                 // of the path, as far as it is known, else of the interface behind the local address; 0: not known
	Plaintext int             `json:"plaintextMtu"`        // the largest inner packet that fits; 0: not known
	Installed time.Time       `json:"installed"`
	In        ChildDirection  `json:"in"`
	Out       ChildDirection  `json:"out"`

	NoVolumeLimit bool   `json:"noVolumeLimit"`
	SecondsLeft   uint64 `json:"secondsLeft"`
}

// ChildDirection is one SA of the two. Its counters begin with the SA.
type ChildDirection struct {
	SPI           uint32 `json:"spi"`
	Packets       uint64 `json:"packets"`
	Bytes         uint64 `json:"bytes"`
	Dropped       uint64 `json:"dropped"`
	LastSequence  uint64 `json:"lastSequence"` // the greatest that was sent, or received
	KilobytesLeft uint64 `json:"kilobytesLeft"`
}

// SelectorPair is what one pair of traffic selectors says, as ranges `A/P - A/P`, and as the ident lines of an IPsec SA have it.
type SelectorPair struct {
	Local       string `json:"local"`
	Remote      string `json:"remote"`
	LocalIdent  string `json:"localIdent"`
	RemoteIdent string `json:"remoteIdent"`
}

// childInfo is what the Tracker keeps of a Child SA beside the DB.
type childInfo struct {
	session *record
	number  uint32
	group   uint16
	addKE   string
}

// newChildInfo is of a Child SA that came up.
func (t *Tracker) newChildInfo(r *record, ev ike.ChildUp) *childInfo {
	t.numbered++
	c := &childInfo{session: r, number: t.numbered, group: uint16(ev.Group)}
	if ev.AddKE != 0 {
		c.addKE = strings.ReplaceAll(ev.AddKE.String(), "_", "-")
	}
	return c
}

// ConnID is the number of an inbound SA as listings and messages have it; 0: it is not there.
func (t *Tracker) ConnID(in esp.SPI) uint32 {
	c := t.children[in]
	if c == nil {
		return 0
	}
	return (&Child{Number: c.number}).saNumber(true)
}

// childSAs is the Child SAs of a session in order of installation.
func (t *Tracker) childSAs(r *record, now time.Time) []Child {
	all := make([]Child, 0, len(r.children))
	for _, in := range r.children {
		if sa := t.db.Lookup(in); sa != nil {
			all = append(all, t.childSA(sa.Child(), t.children[in], now))
		}
	}
	return all
}

var childStates = [...]string{sadb.Active: "active", sadb.Standby: "standby", sadb.Retired: "retired"}

func (t *Tracker) childSA(c *sadb.Child, info *childInfo, now time.Time) Child {
	s, path := &c.Spec, c.Out.Path()
	v := Child{
		Number: info.number, IKE: s.IKE, State: childStates[c.State()], Policies: s.Policies, Selectors: selectorPairs(s.Local, s.Remote),
		Local: path.Local, Remote: path.Remote, Suite: s.Out.Suite, Transform: s.Out.Suite.String(), ESN: s.In.ESN, Transport: s.Transport, Window: s.In.Window,
		Group: info.group, AddKE: info.addKE, Installed: c.Installed, NoVolumeLimit: s.Life.Kilobytes == 0,
		SecondsLeft: secondsLeft(s.Expires, now),
	}
	if v.Window == 0 {
		v.Window = defaultWindow
	}
	v.Interface = cmp.Or(info.session.Outside, info.session.Interface)
	v.IPMTU = t.cfg.MTUs[path.LocalHost()]
	v.MTU = v.IPMTU
	if n := t.pathMTUs[path.RemoteHost()]; n > 0 {
		v.MTU = min(v.MTU, n)
	}
	if v.MTU > 0 {
		v.Plaintext = s.Out.Suite.MaxInner(v.MTU - outerHeaders(path))
		if s.Transport { // the IP header is the outer one
			v.Plaintext += ipHeader(path)
		}
	}
	v.In = direction(s.In.SPI, &c.In.Counters, c.In.Last())
	v.Out = direction(s.Out.SPI, &c.Out.Counters, c.Out.Sent())
	if !v.NoVolumeLimit {
		v.In.KilobytesLeft, v.Out.KilobytesLeft = c.KilobytesLeft()
	}
	return v
}

const defaultWindow = 64 // of an SA whose Params do not say (RFC 4303 §3.4.3)

// outerHeaders is the octets of a packet around its ESP: IP, and UDP unless the path is of bare ESP.
func outerHeaders(p sadb.Path) int {
	n := ipHeader(p)
	if p.Local.Port() != 0 {
		n += 8
	}
	return n
}

func ipHeader(p sadb.Path) int {
	if p.Remote.Addr().Unmap().Is6() {
		return 40
	}
	return 20
}

func direction(spi esp.SPI, c *sadb.Counters, last uint64) ChildDirection {
	v := c.Load()
	return ChildDirection{SPI: uint32(spi), Packets: v.Packets, Bytes: v.Bytes, Dropped: v.DropTotal(), LastSequence: last}
}

// selectorPairs is every pair of selectors of one family.
func selectorPairs(local, remote []sadb.Selector) []SelectorPair {
	pairs := make([]SelectorPair, 0, max(len(local), len(remote)))
	for _, l := range local {
		for _, r := range remote {
			if l.Lo.Is4() == r.Lo.Is4() {
				pairs = append(pairs, SelectorPair{rangeText(l), rangeText(r), identText(l), identText(r)})
			}
		}
	}
	return pairs
}

// rangeText is a selector as `show crypto ikev2 session` has it.
func rangeText(s sadb.Selector) string {
	return fmt.Sprintf("%s/%d - %s/%d", addrText(s.Lo), s.LoPort, addrText(s.Hi), s.HiPort)
}

// identText is a selector as `(addr/mask/prot/port)`; where no prefix says it, the range stands for address and mask, and 0 is
// any port.
func identText(s sadb.Selector) string {
	net := addrText(s.Lo) + "-" + addrText(s.Hi)
	if p, ok := prefixOf(s.Lo, s.Hi); ok && s.Lo.Is4() {
		net = addrText(s.Lo) + "/" + maskText(p.Bits())
	} else if ok {
		net = fmt.Sprintf("%s/%d", addrText(s.Lo), p.Bits())
	}
	port := fmt.Sprint(s.LoPort)
	switch {
	case s.LoPort == 0 && s.HiPort == 0xffff:
		port = "0"
	case s.LoPort != s.HiPort:
		port = fmt.Sprintf("%d-%d", s.LoPort, s.HiPort)
	}
	return fmt.Sprintf("(%s/%d/%s)", net, s.Proto, port)
}
