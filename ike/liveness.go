package ike

import (
	"time"

	"seikan/ike/wire"
)

// keepaliveInterval is how often a NAT in front of us is shown a datagram, so that it keeps its mapping (RFC 3948 §4).
const keepaliveInterval = 20 * time.Second

// maxRetryWait is the longest wait before a peer that could not be reached is tried again.
const maxRetryWait = 30 * time.Second

// liveness asks whether the peer is there: an empty INFORMATIONAL (RFC 7296 §2.4).
type liveness struct{}

func (x *liveness) wants() *flowRef { return nil }

func (x *liveness) begin(s *sa, _ time.Time, _ *Output) (wire.ExchangeType, []wire.Payload, bool) {
	if s.probesMapping() {
		return wire.INFORMATIONAL, s.natNotifies(s.path), true
	}
	return wire.INFORMATIONAL, nil, true
}

func (x *liveness) done(s *sa, now time.Time, p *parts, out *Output) {
	if s.probesMapping() && s.learnMapping(now, p, out) {
		s.update(now, out)
	}
}

// checkLiveness runs when the peer may have been silent for long enough. ESP that came in counts as life.
func (s *sa) checkLiveness(now time.Time, out *Output) {
	heard, sent := s.heard, time.Time{}
	for spi := range s.children {
		if f := s.e.cfg.Heard; f != nil {
			heard = later(heard, f(spi))
		}
		if f := s.e.cfg.Sent; f != nil {
			sent = later(sent, f(spi))
		}
	}
	dpd := s.peer.DPD
	due := heard.Add(dpd.Interval)
	switch {
	case due.After(now):
	case dpd.OnDemand && s.e.cfg.Sent != nil && !sent.After(heard):
		due = now.Add(dpd.Interval)
	default:
		s.probe(now, out)
		due = now.Add(dpd.Interval)
	}
	s.e.deadlines.arm(&s.livenessAt, due)
}

// probe asks for a sign of life. Another exchange under way asks just as well.
func (s *sa) probe(now time.Time, out *Output) {
	if s.own.x == nil && len(s.queue) == 0 {
		s.start(now, &liveness{}, out)
	}
}

func earlier(a, b time.Time) time.Time {
	if b.Before(a) {
		return b
	}
	return a
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// probeEvery is how many keepalives go out for each look at the NAT's mapping, where no liveness check looks.
const probeEvery = 3

func (s *sa) sendKeepalive(now time.Time, out *Output) {
	out.Datagrams = append(out.Datagrams, Datagram{Path: s.path, Data: []byte{0xff}, Keepalive: true})
	if s.keepalives++; s.keepalives%probeEvery == 0 && s.probesMapping() && s.peer.DPD.Interval == 0 && s.own.x == nil && len(s.queue) == 0 {
		s.start(now, &liveness{}, out)
	}
	s.e.deadlines.arm(&s.keepaliveAt, now.Add(keepaliveInterval))
}
