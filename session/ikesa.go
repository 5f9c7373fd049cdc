package session

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

// IKESA is an IKE SA of a session.
type IKESA struct {
	ConnID       sadb.IKEID     `json:"connId"`
	Version      int            `json:"version"` // of IKE
	Local        netip.AddrPort `json:"local"`
	Remote       netip.AddrPort `json:"remote"`
	Active       bool           `json:"active"`
	State        string         `json:"state"` // READY, IN-NEG: being set up, DELETE: replaced, or being deleted
	Initiator    bool           `json:"initiator"`
	Capabilities string         `json:"capabilities"` // D: liveness is checked, N: NAT traversal
	SecondsLeft  uint64         `json:"secondsLeft"`  // 0 when not Active
	Lifetime     uint64         `json:"lifetimeSeconds"`
	Age          uint64         `json:"ageSeconds"` // since it was authenticated
	Created      time.Time      `json:"created,omitzero"`
	Suite        string         `json:"suite"`
	Algorithms   Algorithms     `json:"algorithms,omitzero"` // zero until negotiated
	AuthLocal    string         `json:"authLocal,omitempty"` // PSK
	AuthRemote   string         `json:"authRemote,omitempty"`
	LocalSPI     string         `json:"localSpi"` // 16 hexadecimal digits
	RemoteSPI    string         `json:"remoteSpi"`
	LocalID      string         `json:"localId"`
	RemoteID     string         `json:"remoteId"`
	NATLocal     bool           `json:"natLocal"`
	NATRemote    bool           `json:"natRemote"`
	DPDSeconds   uint64         `json:"dpdSeconds"` // 0: liveness is not checked
	DPDRetry     uint64         `json:"dpdRetrySeconds"`
	Fragments    bool           `json:"fragments"`
	NextOwn      uint32         `json:"nextMessageId"` // of our requests, and of the peer's
	NextPeer     uint32         `json:"nextMessageIdPeer"`
}

// Algorithms is what an IKE SA uses, in the words of `show crypto ikev2 sa`.
type Algorithms struct {
	Encr    string `json:"encr"`
	KeyBits int    `json:"keyBits"`
	PRF     string `json:"prf"`
	Hash    string `json:"hash"` // None with a combined-mode cipher
	Group   uint16 `json:"dhGroup"`
	AddKE   string `json:"addKe,omitempty"` // the additional key exchange (RFC 9370)
}

func (t *Tracker) ikeSAs(r *record, now time.Time) []IKESA {
	sas := slices.SortedFunc(slices.Values(r.sas), precedence)
	out := make([]IKESA, 0, len(sas))
	for _, s := range sas {
		out = append(out, t.ikeSA(s, now))
	}
	return out
}

func (t *Tracker) ikeSA(s *ikeSA, now time.Time) IKESA {
	v := IKESA{
		ConnID: s.ID, Version: 2, Local: s.Path.Local, Remote: s.Path.Remote, Active: s.Active, Initiator: s.Initiator,
		Created: s.Created, Suite: s.Suite, Algorithms: algorithmsOf(s.Transforms),
		AuthLocal: authText(uint8(s.Auth.Local)), AuthRemote: authText(uint8(s.Auth.Remote)),
		LocalID: s.LocalID.String(), RemoteID: s.RemoteID.String(), NATLocal: s.NATLocal, NATRemote: s.NATRemote,
		DPDSeconds: uint64(s.DPDEvery / time.Second), DPDRetry: uint64(s.DPDRetry / time.Second), Fragments: s.Fragments,
		NextOwn: s.NextOwn, NextPeer: s.NextPeer, State: "IN-NEG",
	}
	own, other := s.SPIr, s.SPIi
	if s.Initiator {
		own, other = other, own
	}
	v.LocalSPI, v.RemoteSPI = fmt.Sprintf("%016X", uint64(own)), fmt.Sprintf("%016X", uint64(other))
	switch {
	case s.Active:
		v.State, v.Capabilities, v.SecondsLeft = "READY", t.capabilities(s), secondsLeft(s.Expires, now)
	case s.authenticated:
		v.State = "DELETE"
	}
	if s.authenticated {
		v.Lifetime, v.Age = secondsLeft(s.Expires, s.Created), secondsLeft(now, s.Created)
	}
	return v
}

// capabilities is a letter for each, in the order of the legend that operators know.
func (t *Tracker) capabilities(s *ikeSA) string {
	letters := ""
	if s.DPD {
		letters += "D"
	}
	if s.NATLocal || s.NATRemote || s.ESP.Local.Port() == t.cfg.NATTPort {
		letters += "N"
	}
	return letters
}

// authText is a method of authentication (IANA, IKEv2 Authentication Method).
func authText(method uint8) string {
	switch method {
	case 0:
		return ""
	case 1:
		return "RSA"
	case 2:
		return "PSK"
	case 9, 10, 11:
		return "ECDSA"
	}
	return fmt.Sprintf("method %d", method)
}

// Names of transforms as the listings have them, by IANA's transform IDs.
var (
	encrText = map[esp.Encr]string{
		esp.ENCR_AES_CBC: "AES-CBC", esp.ENCR_AES_CTR: "AES-CTR", esp.ENCR_AES_GCM_16: "AES-GCM", esp.ENCR_CHACHA20_POLY1305: "CHACHA20-POLY1305",
		esp.ENCR_NULL: "NULL",
	}
	prfText  = map[uint16]string{2: "SHA1", 5: "SHA256", 6: "SHA384", 7: "SHA512"}
	hashText = map[esp.Integ]string{
		esp.AUTH_NONE: "None", esp.AUTH_HMAC_SHA1_96: "SHA96", esp.AUTH_HMAC_SHA2_256_128: "SHA256", esp.AUTH_HMAC_SHA2_384_192: "SHA384",
		esp.AUTH_HMAC_SHA2_512_256: "SHA512",
	}
)

const chachaBits = 256 // the one length that its keys have, which the transform does not tell (RFC 7634 §2)

func algorithmsOf(t ike.Transforms) (a Algorithms) {
	if t == (ike.Transforms{}) {
		return a
	}
	a = Algorithms{
		Encr: textOf(encrText, esp.Encr(t.Encr.ID)), KeyBits: int(t.Encr.KeyBits), PRF: textOf(prfText, t.PRF),
		Hash: textOf(hashText, esp.Integ(t.Integ)), Group: uint16(t.Group),
	}
	if esp.Encr(t.Encr.ID) == esp.ENCR_CHACHA20_POLY1305 {
		a.KeyBits = cmp.Or(a.KeyBits, chachaBits)
	}
	if t.AddKE != 0 {
		a.AddKE = strings.ReplaceAll(t.AddKE.String(), "_", "-")
	}
	return a
}

// textOf is the name of a transform, or its number.
func textOf[K ~uint16](names map[K]string, id K) string {
	if s, ok := names[id]; ok {
		return s
	}
	return fmt.Sprintf("transform %d", uint16(id))
}
