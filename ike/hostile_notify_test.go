package ike

import (
	"fmt"
	"slices"
	"testing"

	"seikan/ike/wire"
)

// notifyOf is the content of a Notify payload with an SPI size of its own (RFC 7296 §3.10).
func notifyOf(protocol byte, size int, kind wire.NotifyType, rest ...byte) []byte {
	return append([]byte{protocol, byte(size), byte(kind >> 8), byte(kind)}, rest...)
}

// added runs all points with a payload added in front of what M says.
func added(t *testing.T, typ wire.PayloadType, bads []badContent) {
	for _, byB := range []bool{false, true} {
		for _, at := range points(byB) {
			for _, bad := range bads {
				t.Run(fmt.Sprintf("%s%s/%s", at.name, role(byB), bad.name), func(t *testing.T) {
					h := newHostile(t, nil)
					d := at.say(h)[0]
					f := h.open(d.Data)
					f.ps = slices.Insert(f.ps, 0, raw{typ: typ, body: bad.body})
					h.attack(at.unauth, d, h.close(f))
					h.aftermath()
				})
			}
		}
	}
}

// Notifies that are not what they say, in any message.
func TestHostileNotify(t *testing.T) {
	long := make([]byte, 60_000)
	bads := []badContent{
		{"nothing", nil},
		{"three octets", []byte{3, 4, 0}},
		{"SPI beyond the end", notifyOf(3, 255, wire.REKEY_SA, 1, 2, 3, 4)},
		{"SPI an octet beyond the end", notifyOf(3, 5, wire.REKEY_SA, 1, 2, 3, 4)},
		{"60,000 octets of an unknown kind", notifyOf(0, 0, 40960, long...)},
		{"an unknown error", notifyOf(0, 0, 9999)},
		{"type 0", notifyOf(0, 0, 0)},
		{"INVALID_KE_PAYLOAD without a group", notifyOf(0, 0, wire.INVALID_KE_PAYLOAD)},
		{"INVALID_KE_PAYLOAD of group 0", notifyOf(0, 0, wire.INVALID_KE_PAYLOAD, 0, 0)},
		{"INVALID_KE_PAYLOAD of the group in use", notifyOf(0, 0, wire.INVALID_KE_PAYLOAD, 0, 31)},
		{"TEMPORARY_FAILURE", notifyOf(0, 0, wire.TEMPORARY_FAILURE)},
		{"CHILD_SA_NOT_FOUND", notifyOf(3, 4, wire.CHILD_SA_NOT_FOUND, 1, 2, 3, 4)},
		{"INITIAL_CONTACT", notifyOf(0, 0, wire.INITIAL_CONTACT)},
		{"UPDATE_SA_ADDRESSES", notifyOf(0, 0, wire.UPDATE_SA_ADDRESSES)},
		{"COOKIE2 of 60,000 octets", notifyOf(0, 0, wire.COOKIE2, long...)},
		{"NAT detection of no octets", notifyOf(0, 0, wire.NAT_DETECTION_SOURCE_IP)},
		{"NAT detection of 60,000 octets", notifyOf(0, 0, wire.NAT_DETECTION_DESTINATION_IP, long...)},
		{"USE_PPK", notifyOf(0, 0, wire.USE_PPK)},
		{"PPK_IDENTITY of nothing", notifyOf(0, 0, wire.PPK_IDENTITY)},
		{"NO_PPK_AUTH of 60,000 octets", notifyOf(0, 0, wire.NO_PPK_AUTH, long...)},
		{"REDIRECT", notifyOf(0, 0, wire.REDIRECT, 1, 4, 203, 0, 113, 9)},
	}
	for _, n := range []int{0, 1, 64, 65, 60_000} {
		bads = append(bads, badContent{fmt.Sprintf("COOKIE of %d octets", n), notifyOf(0, 0, wire.COOKIE, long[:n]...)})
	}
	added(t, wire.PayloadNotify, bads)
}

// REKEY_SA that names no Child SA as it must (RFC 7296 §1.3.3): it is answered, and nothing of what was sent comes back.
func TestHostileRekeyNotify(t *testing.T) {
	var bads []badContent
	for _, protocol := range []byte{0, 1, 2, 3, 255} {
		for _, size := range []int{0, 3, 4, 8, 255} {
			bads = append(bads, badContent{fmt.Sprintf("protocol %d, SPI of %d octets", protocol, size), notifyOf(protocol, size, wire.REKEY_SA, slices.Repeat([]byte{0xee}, size)...)})
		}
	}
	for _, byB := range []bool{false, true} {
		for _, at := range points(byB) {
			if at.name != "rekey child request" {
				continue
			}
			for _, bad := range bads {
				t.Run(fmt.Sprintf("%s/%s", role(byB)[1:], bad.name), func(t *testing.T) {
					h := newHostile(t, nil)
					d := at.say(h)[0]
					f := h.open(d.Data)
					i := slices.IndexFunc(f.ps, func(p raw) bool { return p.typ == wire.PayloadNotify })
					f.ps[i].body = bad.body
					children := len(h.b.e.children)
					h.attack(false, d, h.close(f))
					if len(h.b.e.children) != children {
						h.fail("%d children, %d before", len(h.b.e.children), children)
					}
					if len(h.toM) != 1 || len(h.toM[0].Data) > 200 {
						h.fail("want a short answer, got %d", len(h.toM))
					}
					h.aftermath()
				})
			}
		}
	}
}

// Deletes with wrong counts and sizes, and of what is not there, in any message.
func TestHostileDelete(t *testing.T) {
	del := func(protocol, size byte, count uint16, rest ...byte) []byte {
		return append([]byte{protocol, size, byte(count >> 8), byte(count)}, rest...)
	}
	added(t, wire.PayloadDelete, []badContent{
		{"nothing", nil},
		{"three octets", []byte{3, 4, 0}},
		{"more stated than there", del(3, 4, 2, 1, 2, 3, 4)},
		{"65535 stated", del(3, 4, 65535, 1, 2, 3, 4)},
		{"fewer stated than there", del(3, 4, 1, 1, 2, 3, 4, 5, 6, 7, 8)},
		{"none", del(3, 4, 0)},
		{"none stated, one there", del(3, 4, 0, 1, 2, 3, 4)},
		{"SPIs of no octets", del(3, 0, 1)},
		{"SPIs of no octets, 65535 of them", del(3, 0, 65535)},
		{"SPIs of 3 octets", del(3, 3, 1, 1, 2, 3)},
		{"SPIs of 255 octets", del(3, 255, 1, make([]byte, 255)...)},
		{"SPI 0", del(3, 4, 1, 0, 0, 0, 0)},
		{"an SPI that is not there", del(3, 4, 1, 9, 9, 9, 9)},
		{"15,000 SPIs that are not there", del(3, 4, 15_000, slices.Repeat([]byte{9, 9, 9, 9}, 15_000)...)},
		{"the IKE SA with an SPI", del(1, 8, 1, 1, 2, 3, 4, 5, 6, 7, 8)},
		{"the IKE SA, two of it", del(1, 0, 2)},
		{"AH", del(2, 4, 1, 1, 2, 3, 4)},
		{"protocol 0", del(0, 4, 1, 1, 2, 3, 4)},
		{"protocol 255", del(255, 4, 1, 1, 2, 3, 4)},
	})
}

// Cookies that are none, to a responder that asks for one: nothing is made of them, and nothing but the cookie is said.
func TestHostileCookie(t *testing.T) {
	for _, n := range []int{-1, 0, 1, 33, 64, 65, 60_000} {
		t.Run(fmt.Sprintf("%d octets", n), func(t *testing.T) {
			h := newHostile(t, func(b, _ *Config) { b.CookieChallenge = -1 })
			d := h.mDoes(acquired(h.m))[0]
			f := h.open(d.Data)
			if n >= 0 {
				f.ps = slices.Insert(f.ps, 0, raw{typ: wire.PayloadNotify, body: notifyOf(0, 0, wire.COOKIE, make([]byte, n)...)})
			}
			h.attack(true, d, h.close(f))
			if h.b.e.Len() != h.before || len(h.toM) != 1 || len(h.toM[0].Data) > len(d.Data) {
				h.fail("%d IKE SAs, %d answers: want one that is no longer than the request", h.b.e.Len(), len(h.toM))
			}
			h.aftermath()
		})
	}
}

// Cookies that a responder asks an initiator for: it shows those of 1 to 64 octets (RFC 7296 §2.6), and goes on waiting else.
func TestHostileCookieAsked(t *testing.T) {
	for _, n := range []int{0, 1, 64, 65, 60_000} {
		t.Run(fmt.Sprintf("%d octets", n), func(t *testing.T) {
			h := newHostile(t, nil)
			d := h.bAsks(acquired(h.b.e))[0]
			f := h.open(d.Data)
			f.SPIr = 0
			f.ps = []raw{{typ: wire.PayloadNotify, body: notifyOf(0, 0, wire.COOKIE, make([]byte, n)...)}}
			ask := h.close(f)
			h.attack(true, d, ask)
			if shown := len(h.toM) == 1; shown != (n >= 1 && n <= 64) {
				h.fail("the cookie was shown: %v", shown)
			}
			for range 2 * maxRounds { // again and again
				h.b.deliver(swap(d.Path), ask)
			}
			if len(h.toM) > maxRounds {
				h.fail("%d requests", len(h.toM))
			}
			h.aftermath()
		})
	}
}
