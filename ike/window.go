package ike

import (
	"slices"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

// version is IKE 2.0 as the header has it.
const version = 0x20

// peerWindow is the window for the peer's requests, of one message (RFC 7296 §2.3).
type peerWindow struct {
	next    uint32  // the message ID that is due
	answer  message // to the one before, resent as it is when the request comes again
	partial reassembly
}

// ownWindow is the window for our requests, of one message.
type ownWindow struct {
	next   uint32            // the message ID of the next request
	x      exchange          // under way; nil: none
	typ    wire.ExchangeType // its exchange type
	msg    message           // the request, resent as it is
	sched  Retransmit
	tries  int // resends made
	wait   time.Duration
	resend deadline

	partial reassembly // of the answer
}

// handle takes a message of a known IKE SA, other than IKE_SA_INIT's.
func (s *sa) handle(now time.Time, d Datagram, h wire.Header, out *Output) {
	request := h.Flags&wire.FlagResponse == 0
	again := request && s.answered.answer != nil && h.MessageID == s.answered.next-1
	switch {
	case s.keys == nil:
		s.e.drop(d, DropState, out)
		return
	case request && !again && h.MessageID != s.answered.next,
		!request && (s.own.x == nil || h.MessageID != s.own.next-1 || h.Exchange != s.own.typ):
		s.e.drop(d, DropMessageID, out)
		return
	case request && !again && !s.allowed(h.Exchange):
		s.e.drop(d, DropState, out)
		return
	}
	enc, plain, drop, ok := s.open(s.keys, d.Data)
	if !ok && again && s.formerKeys != nil {
		enc, plain, drop, ok = s.open(s.formerKeys, d.Data)
	}
	if !ok {
		s.e.drop(d, drop, out)
		return
	}
	// The message is the peer's own from here on.
	if again {
		s.e.drop(d, DropRetransmit, out)
		if enc.Num <= 1 { // once, where the request is fragmented (RFC 7383 §2.6.1)
			s.e.traceClear(Resent, s.id, Datagram{Path: d.Path, Data: s.answered.answer[0]}, s.answered.answer.octets(), out)
			for _, data := range s.answered.answer {
				out.Datagrams = append(out.Datagrams, Datagram{Path: d.Path, Data: data})
			}
		}
		return
	}
	s.e.changing(s)
	first := enc.Next
	if enc.Fragment {
		r := &s.own.partial
		if request {
			r = &s.answered.partial
		}
		kept, complete := r.add(now, h, enc, plain)
		if !kept {
			s.e.drop(d, DropFragment, out)
		}
		if !complete {
			return
		}
		first, plain = r.take()
	}
	s.heard = now
	s.follow(d.Path, out)
	in := inner{h: h, first: first, plain: plain}
	in.ps, in.err = wire.ParsePayloads(first, plain)
	s.traceSealed(Received, d.Path, h, in.ps, wire.HeaderLen+len(plain), out)
	if request {
		s.answer(now, d, in, out)
		return
	}
	p, bad := in.sort(answerSchemas[h.Exchange])
	if bad != nil {
		s.e.drop(d, DropSyntax, out)
		s.kill(now, ReasonProtocol, bad.Error(), out) // RFC 7296 §2.21.3: an answer that is not valid ends the SA
		return
	}
	s.arrived(now, d.Path, out)
	s.take(now, p, out)
}

// open authenticates and decrypts a message, or a fragment of one. It changes nothing.
func (s *sa) open(k *keys, data []byte) (enc *wire.Encrypted, plain []byte, why Drop, ok bool) {
	m, err := wire.Parse(data)
	if err != nil {
		return nil, nil, DropMalformed, false
	}
	if len(m.Payloads) != 1 {
		return nil, nil, DropUnprotected, false
	}
	enc, ok = m.Payloads[0].(*wire.Encrypted)
	switch {
	case !ok:
		return nil, nil, DropUnprotected, false
	case enc.Fragment && !s.fragments:
		return nil, nil, DropFragment, false
	}
	plain, err = k.in.Open(data[:len(data)-len(enc.Body)], enc.Body)
	if err != nil {
		return nil, nil, DropICV, false
	}
	return enc, plain, 0, true
}

func (s *sa) flags(response bool) wire.Flags {
	var f wire.Flags
	if s.initiator {
		f |= wire.FlagInitiator
	}
	if response {
		f |= wire.FlagResponse
	}
	return f
}

// follow moves the SA to the path of an authentic, fresh message: a peer behind a NAT changes its port when IKE moves to the
// NAT-T port, and when its mapping is renewed (RFC 7296 §2.23). With MOBIKE it says so instead (RFC 4555 §3.8). Who is behind a NAT itself and
// has called the peer SHOULD NOT follow it: the peer is where it was called, or on the way somebody changes where packets are from.
func (s *sa) follow(p sadb.Path, out *Output) {
	if p == s.path || s.mobike || s.natLocal && s.original {
		return
	}
	from := s.path
	s.path = p
	if s.up {
		out.Events = append(out.Events, PathMoved{SA: s.info(), From: from})
	}
}

// answer handles a fresh request: check, handle, encode, keep, send.
func (s *sa) answer(now time.Time, d Datagram, in inner, out *Output) {
	h := in.h
	s.answered.next++
	s.answered.partial = reassembly{}
	var reply []wire.Payload
	p, bad := in.sort(requestSchemas[h.Exchange])
	if bad == nil && !p.endsSA() {
		s.adopt(now, out)
	}
	mark := len(out.Datagrams)
	var after func()
	switch {
	case bad != nil:
		s.e.drop(d, DropSyntax, out)
		s.e.traceRefusal(s.id, d.Path, bad, out)
		reply = []wire.Payload{bad.payload()}
		if bad.Type == wire.INVALID_SYNTAX || s.state == connecting {
			after = func() { s.kill(now, ReasonProtocol, bad.Error(), out) } // RFC 7296 §2.21.2, §2.21.3
		}
	case h.Exchange == wire.IKE_INTERMEDIATE:
		reply, after = s.handleIntermediate(now, p, out)
	case h.Exchange == wire.IKE_AUTH:
		reply, after = s.handleAuth(now, p, out)
	case h.Exchange == wire.IKE_FOLLOWUP_KE:
		reply, after = s.handleFollowUp(now, p, out), func() { s.pump(now, out) }
	case h.Exchange == wire.CREATE_CHILD_SA:
		reply = s.handleCreateChild(now, p, out)
	default:
		reply, after = s.handleInformational(now, d, p, out)
	}
	s.answered.answer = s.seal(h.Exchange, h.MessageID, true, reply)
	s.traceSealed(Sent, d.Path, s.header(h.Exchange, h.MessageID, true), reply, s.answered.answer.octets(), out)
	// To where the request came from (RFC 7296 §2.11), and before whatever else was sent meanwhile: that may be on what the answer makes.
	var answer []Datagram
	for _, data := range s.answered.answer {
		answer = append(answer, Datagram{Path: d.Path, Data: data})
	}
	out.Datagrams = slices.Insert(out.Datagrams, mark, answer...)
	if after != nil {
		after()
	}
}

// start queues an exchange of ours and begins it when nothing else is under way.
func (s *sa) start(now time.Time, x exchange, out *Output) {
	s.queue = append(s.queue, x)
	s.pump(now, out)
}

// pump begins the next exchange when none is under way. While the SA is being set up only its own exchanges run.
func (s *sa) pump(now time.Time, out *Output) {
	for s.own.x == nil && len(s.queue) > 0 && s.state != connecting && s.state != dead && s.pauseEnd.index == 0 && !s.beingRekeyed() {
		x := s.queue[0]
		s.queue = s.queue[1:]
		s.launch(now, x, out)
	}
}

// beingRekeyed reports whether the peer is in the middle of a rekey of the IKE SA: what is to be asked is asked on the new one.
func (s *sa) beingRekeyed() bool { return s.state == established && s.awaited != nil && s.awaited.isSA }

// launch makes the exchange's request and sends it.
func (s *sa) launch(now time.Time, x exchange, out *Output) {
	s.e.changing(s)
	typ, ps, ok := x.begin(s, now, out)
	if !ok {
		return
	}
	if typ == wire.IKE_SA_INIT {
		m := wire.Message{Header: wire.Header{SPIi: s.spiI, Version: version, Exchange: typ, Flags: wire.FlagInitiator}, Payloads: ps}
		data := m.Append(nil)
		s.e.traceClear(Sent, s.id, Datagram{Path: s.path, Data: data}, len(data), out)
		s.send(now, x, typ, message{data}, out)
		return
	}
	sealed := s.seal(typ, s.own.next, false, ps)
	s.traceSealed(Sent, s.path, s.header(typ, s.own.next, false), ps, sealed.octets(), out)
	s.send(now, x, typ, sealed, out)
}

// send puts a request on the wire and arms its resends.
func (s *sa) send(now time.Time, x exchange, typ wire.ExchangeType, m message, out *Output) {
	w := &s.own
	w.x, w.typ, w.msg, w.tries, w.partial = x, typ, m, 0, reassembly{}
	w.next++
	w.sched = s.schedule(x)
	w.wait = w.sched.Base
	s.transmit(m, out)
	s.e.deadlines.arm(&w.resend, now.Add(w.sched.jitter(w.wait)))
}

// jitter is a wait within a tenth of d, so that the requests of many SAs that were lost together do not come again together. Where the
// waits do not grow the operator has set them, and they are kept.
func (r Retransmit) jitter(d time.Duration) time.Duration {
	if r.Factor <= 1 {
		return d
	}
	return between(d, 90, 110)
}

// schedule is how often a request is resent: a liveness check as the operator configured it, a Delete not for long.
func (s *sa) schedule(x exchange) Retransmit {
	r := s.e.cfg.Retransmit
	switch x.(type) {
	case *liveness:
		if retry := s.peer.DPD.Retry; retry > 0 {
			r.Base, r.Cap, r.Factor = retry, retry, 1
		}
	case *deleteSA, *deleteChildren:
		r.Tries = min(r.Tries, 3)
	}
	return r
}

// resend sends the request under way once more, or gives the peer up.
func (s *sa) resend(now time.Time, out *Output) {
	w := &s.own
	if w.tries >= w.sched.Tries+s.detours() || s.hint != "" && w.tries > 0 {
		s.lost(now, out)
		return
	}
	w.tries++
	w.wait = min(time.Duration(float64(w.wait)*w.sched.Factor), w.sched.Cap)
	s.detour()
	s.e.traceClear(Resent, s.id, Datagram{Path: s.path, Data: w.msg[0]}, w.msg.octets(), out)
	s.transmit(w.msg, out)
	s.e.deadlines.arm(&w.resend, now.Add(w.sched.jitter(w.wait)))
}

// lost: the peer does not answer.
func (s *sa) lost(now time.Time, out *Output) {
	switch {
	case s.state == deleting:
		s.kill(now, s.reason, "the peer did not answer the Delete", out)
	case s.state == replaced:
		s.kill(now, ReasonRekeyed, "the peer did not answer the Delete", out)
	case s.hint != "":
		s.kill(now, s.hintReason, s.hint, out)
	default:
		s.kill(now, ReasonPeerLost, unanswered(s.own.x, s.own.typ), out)
	}
}

// take takes the answer to the exchange under way.
func (s *sa) take(now time.Time, p *parts, out *Output) {
	x := s.own.x
	s.own.x, s.own.msg = nil, nil
	s.e.deadlines.disarm(&s.own.resend)
	x.done(s, now, p, out)
	s.pump(now, out)
}
