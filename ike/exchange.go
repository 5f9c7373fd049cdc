package ike

import (
	"fmt"
	"slices"
	"time"

	"seikan/ike/wire"
)

// exchange is something that we ask of the peer: one request and its answer.
type exchange interface {
	// begin makes the request. ok is false when there is nothing to ask any more.
	begin(s *sa, now time.Time, out *Output) (typ wire.ExchangeType, ps []wire.Payload, ok bool)
	// done takes the answer: authenticated but for IKE_SA_INIT's, and within the schema.
	done(s *sa, now time.Time, p *parts, out *Output)
	// wants is the flow that the exchange is to set up, nil for none.
	wants() *flowRef
}

// parts are the payloads of one message, sorted. Those that its exchange does not know are left out.
type parts struct {
	inner    inner // all of them as they were received
	sa       *wire.SA
	ke       *wire.KE
	nonce    *wire.Nonce
	idI, idR *wire.ID
	auth     *wire.Auth
	tsI, tsR *wire.TS
	notifies []*wire.Notify
	deletes  []*wire.Delete
}

// inner is what a protected message has inside, as it is on the wire, behind its header.
type inner struct {
	h     wire.Header
	first wire.PayloadType
	plain []byte // the payloads
	ps    []wire.Payload
	err   error // of taking them apart
}

// notify is the first notify of the kind, nil for none.
func (p *parts) notify(kind wire.NotifyType) *wire.Notify {
	for _, n := range p.notifies {
		if n.Kind == kind {
			return n
		}
	}
	return nil
}

// failure is the first error notify, nil for none.
func (p *parts) failure() *wire.Notify {
	for _, n := range p.notifies {
		if n.Kind.IsError() {
			return n
		}
	}
	return nil
}

// endsSA reports whether a message deletes its IKE SA.
func (p *parts) endsSA() bool {
	return slices.ContainsFunc(p.deletes, func(d *wire.Delete) bool { return d.Protocol == wire.ProtocolIKE })
}

// schema is what a message of one exchange must and may carry (RFC 7296 §1 and appendix C). Notify, Delete and Vendor ID
// payloads may come any number of times, the others once. What is in neither list is ignored: a CP payload in a rekey,
// say, which some clients send.
type schema struct {
	need, may []wire.PayloadType
	orError   bool // an answer that refuses needs nothing else; where something is missing, nothing else of it is kept
	orCookie  bool // the same for one that asks for a cookie
}

var (
	requestSchemas = map[wire.ExchangeType]schema{
		wire.IKE_SA_INIT:      {need: []wire.PayloadType{wire.PayloadSA, wire.PayloadKE, wire.PayloadNonce}},
		wire.IKE_INTERMEDIATE: {need: []wire.PayloadType{wire.PayloadKE}},
		wire.IKE_AUTH: {
			need: []wire.PayloadType{wire.PayloadIDi},
			may:  []wire.PayloadType{wire.PayloadAUTH, wire.PayloadIDr, wire.PayloadSA, wire.PayloadTSi, wire.PayloadTSr},
		},
		wire.CREATE_CHILD_SA: {
			need: []wire.PayloadType{wire.PayloadSA, wire.PayloadNonce},
			may:  []wire.PayloadType{wire.PayloadKE, wire.PayloadTSi, wire.PayloadTSr},
		},
		wire.IKE_FOLLOWUP_KE: {need: []wire.PayloadType{wire.PayloadKE}},
		wire.INFORMATIONAL:   {},
	}
	answerSchemas = map[wire.ExchangeType]schema{
		wire.IKE_SA_INIT:      {need: []wire.PayloadType{wire.PayloadSA, wire.PayloadKE, wire.PayloadNonce}, orError: true, orCookie: true},
		wire.IKE_INTERMEDIATE: {need: []wire.PayloadType{wire.PayloadKE}, orError: true},
		wire.IKE_AUTH: {
			need:    []wire.PayloadType{wire.PayloadIDr, wire.PayloadAUTH},
			may:     []wire.PayloadType{wire.PayloadSA, wire.PayloadTSi, wire.PayloadTSr},
			orError: true,
		},
		wire.CREATE_CHILD_SA: {
			need:    []wire.PayloadType{wire.PayloadSA, wire.PayloadNonce},
			may:     []wire.PayloadType{wire.PayloadKE, wire.PayloadTSi, wire.PayloadTSr},
			orError: true,
		},
		wire.IKE_FOLLOWUP_KE: {need: []wire.PayloadType{wire.PayloadKE}, orError: true},
		wire.INFORMATIONAL:   {},
	}
)

// Nonces are 16 to 256 octets (RFC 7296 §3.9); ours are 32, half of the largest PRF's key and more than any smaller.
const (
	minNonce = 16
	maxNonce = 256
	ourNonce = 32
)

// NotifyError is a request's failure that its sender must hear of as an error notify. Err stays here, for the log.
type NotifyError struct {
	Type wire.NotifyType
	Data []byte
	Err  error
}

func (e *NotifyError) Error() string { return fmt.Sprintf("%v: %v", e.Type, e.Err) }
func (e *NotifyError) Unwrap() error { return e.Err }

func (e *NotifyError) payload() *wire.Notify { return &wire.Notify{Kind: e.Type, Data: e.Data} }

func refuse(kind wire.NotifyType, format string, args ...any) *NotifyError {
	return &NotifyError{Type: kind, Err: fmt.Errorf(format, args...)}
}

// sort holds the payloads of a message against its schema.
func sort(ps []wire.Payload, sch schema) (*parts, *NotifyError) {
	p := &parts{}
	seen := map[wire.PayloadType]bool{}
	for _, pl := range ps {
		typ := pl.Type()
		switch pl := pl.(type) {
		case *wire.Raw:
			if pl.Critical && !known(typ) {
				return nil, &NotifyError{wire.UNSUPPORTED_CRITICAL_PAYLOAD, []byte{byte(typ)}, fmt.Errorf("ike: unknown critical payload %d", typ)}
			}
			continue
		case *wire.Notify:
			p.notifies = append(p.notifies, pl)
			continue
		case *wire.Delete:
			p.deletes = append(p.deletes, pl)
			continue
		case *wire.VendorID:
			continue
		}
		if seen[typ] {
			return nil, refuse(wire.INVALID_SYNTAX, "ike: payload %v twice", typ)
		}
		seen[typ] = true
		p.put(pl)
	}
	if p.nonce != nil && (len(p.nonce.Data) < minNonce || len(p.nonce.Data) > maxNonce) {
		return nil, refuse(wire.INVALID_SYNTAX, "ike: nonce of %d octets, want %d to %d", len(p.nonce.Data), minNonce, maxNonce)
	}
	for _, typ := range sch.need {
		if !seen[typ] {
			if sch.orError && p.failure() != nil || sch.orCookie && p.notify(wire.COOKIE) != nil {
				return &parts{notifies: p.notifies}, nil
			}
			return nil, refuse(wire.INVALID_SYNTAX, "ike: payload %v is missing", typ)
		}
	}
	p.keep(sch)
	return p, nil
}

// sort is sort of the payloads of a message. What cannot be parsed is INVALID_SYNTAX.
func (in inner) sort(sch schema) (*parts, *NotifyError) {
	if in.err != nil {
		return nil, &NotifyError{Type: wire.INVALID_SYNTAX, Err: in.err}
	}
	p, bad := sort(in.ps, sch)
	if p != nil {
		p.inner = in
	}
	return p, bad
}

// known reports whether a payload type is one of RFC 7296's, so that its critical bit means nothing (§2.5).
func known(t wire.PayloadType) bool { return t >= wire.PayloadSA && t <= wire.PayloadEAP }

func (p *parts) put(pl wire.Payload) {
	switch pl := pl.(type) {
	case *wire.SA:
		p.sa = pl
	case *wire.KE:
		p.ke = pl
	case *wire.Nonce:
		p.nonce = pl
	case *wire.Auth:
		p.auth = pl
	case *wire.ID:
		if pl.Initiator {
			p.idI = pl
		} else {
			p.idR = pl
		}
	case *wire.TS:
		if pl.Initiator {
			p.tsI = pl
		} else {
			p.tsR = pl
		}
	}
}

// keep leaves out what the schema does not name.
func (p *parts) keep(sch schema) {
	has := map[wire.PayloadType]bool{}
	for _, t := range sch.need {
		has[t] = true
	}
	for _, t := range sch.may {
		has[t] = true
	}
	if !has[wire.PayloadSA] {
		p.sa = nil
	}
	if !has[wire.PayloadKE] {
		p.ke = nil
	}
	if !has[wire.PayloadNonce] {
		p.nonce = nil
	}
	if !has[wire.PayloadAUTH] {
		p.auth = nil
	}
	if !has[wire.PayloadTSi] {
		p.tsI, p.tsR = nil, nil
	}
}

// allowed is the table of state x exchange x role for requests: what an IKE SA answers at all.
func (s *sa) allowed(typ wire.ExchangeType) bool {
	switch s.state {
	case connecting:
		due := wire.IKE_AUTH
		if s.algs.addKE != wire.NONE && !s.addedKE {
			due = wire.IKE_INTERMEDIATE
		}
		return !s.initiator && typ == due
	case established, replaced, deleting:
		return typ == wire.CREATE_CHILD_SA || typ == wire.IKE_FOLLOWUP_KE || typ == wire.INFORMATIONAL
	}
	return false
}
