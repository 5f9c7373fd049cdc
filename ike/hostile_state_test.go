package ike

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"seikan/ike/wire"
)

// place is a state of an IKE SA of B with M.
type place struct {
	name  string
	reach func(h *hostile)
	// What B takes there of an authentic peer: requests, and the one answer that it waits for; 0: none.
	requests []wire.ExchangeType
	answer   wire.ExchangeType
}

func places() []place {
	later := []wire.ExchangeType{wire.CREATE_CHILD_SA, wire.INFORMATIONAL}
	return []place{
		{"half-open responder", func(h *hostile) { h.bHears(h.mDoes(acquired(h.m))); h.mHears() }, []wire.ExchangeType{wire.IKE_AUTH}, 0},
		{"initiator waits for IKE_SA_INIT", func(h *hostile) { h.bAsks(acquired(h.b.e)) }, nil, wire.IKE_SA_INIT},
		{"initiator waits for IKE_AUTH", func(h *hostile) { h.bHears(h.bAsks(acquired(h.b.e))); h.mHears() }, nil, wire.IKE_AUTH},
		{"established responder", func(h *hostile) { h.connect(false) }, later, 0},
		{"established initiator", func(h *hostile) { h.connect(true) }, later, 0},
		{"established, rekeys a child", func(h *hostile) {
			h.connect(true)
			h.bAsks(func(now time.Time, out *Output) { h.b.e.RekeyChild(now, childOf(h.withM()), out) })
		}, later, wire.CREATE_CHILD_SA},
		{"established, rekeys the IKE SA", func(h *hostile) { h.connect(false); h.bAsks(h.withM().rekey) }, later, wire.CREATE_CHILD_SA},
		{"established, asks for life", func(h *hostile) {
			h.connect(false)
			x := h.withM()
			h.bAsks(func(now time.Time, out *Output) { x.start(now, &liveness{}, out) })
		}, later, wire.INFORMATIONAL},
		{"deletes", func(h *hostile) {
			h.connect(true)
			x := h.withM()
			h.bAsks(func(now time.Time, out *Output) { h.b.e.Delete(now, x.id, ReasonOperator, out) })
		}, later, wire.INFORMATIONAL},
	}
}

// Every exchange, as request and as answer, from either side of the SA, under the keys of the SA where it has any and in the clear, at
// every state. What the table does not have changes nothing and is not answered.
func TestHostileState(t *testing.T) {
	types := []wire.ExchangeType{0, 2, 33, wire.IKE_SA_INIT, wire.IKE_AUTH, wire.CREATE_CHILD_SA, wire.INFORMATIONAL, 38, wire.IKE_INTERMEDIATE, 250}
	for _, at := range places() {
		for _, typ := range types {
			for bits := range 8 {
				response, wrongSide, sealed := bits&1 != 0, bits&2 != 0, bits&4 != 0
				if sealed && at.answer == wire.IKE_SA_INIT {
					continue // there are no keys yet
				}
				t.Run(fmt.Sprintf("%s/%v/%s", at.name, typ, kind(response, wrongSide, sealed)), func(t *testing.T) {
					h := newHostile(t, nil)
					at.reach(h)
					h.stray(at, typ, response, wrongSide, sealed)
					h.aftermath()
				})
			}
		}
	}
}

func kind(response, wrongSide, sealed bool) string {
	s := "request"
	if response {
		s = "answer"
	}
	if wrongSide {
		s += ", initiator flag wrong"
	}
	if sealed {
		s += ", sealed"
	}
	return s
}

// stray lets B hear an empty message with the message ID that is due.
func (h *hostile) stray(at place, typ wire.ExchangeType, response, wrongSide, sealed bool) {
	h.t.Helper()
	x := h.withM()
	f := forged{Header: wire.Header{SPIi: x.spiI, SPIr: x.spiR, Version: version, Exchange: typ, MessageID: x.answered.next}}
	if sealed {
		f.sealed = h.endOf(f.Header)
	}
	if response {
		f.Flags |= wire.FlagResponse
		f.MessageID = x.own.next - 1
	}
	if x.initiator == wrongSide {
		f.Flags |= wire.FlagInitiator
	}
	before, ups := h.b.digest(), len(find[SAUp](h.b))
	h.attack(!x.up, Datagram{Path: swap(x.path)}, h.close(f))
	due := !wrongSide && sealed && (response && typ == at.answer && typ != 0 || !response && slices.Contains(at.requests, typ))
	if after := h.b.digest(); !due && after != before {
		h.fail("changed %+v to %+v", before, after)
	}
	begins := typ == wire.IKE_SA_INIT && !response && x.spiR == 0 && f.Flags&wire.FlagInitiator != 0 // another SA: an error is the answer
	if !due && !begins && len(h.toM) != 0 {
		h.fail("%d answers", len(h.toM))
	}
	if len(find[SAUp](h.b)) != ups {
		h.fail("an IKE SA came up by nothing")
	}
}
