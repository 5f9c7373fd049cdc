package ike

import (
	"net/netip"
	"testing"
	"time"

	"seikan/ike/wire"
)

// A peer that has lost its memory, and one with the same identity that comes from elsewhere.
func TestUnique(t *testing.T) {
	elsewhere := netip.MustParseAddrPort("192.0.2.1:62000")
	// again has A set up one more IKE SA, without saying that it is the only one unless initial.
	again := func(p *pair, initial bool) {
		if initial {
			p.a = newSide(p, "A", addrA, peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16"))
		}
		p.a.do(func(now time.Time, out *Output) {
			p.a.e.initiate(now, p.a.e.peers[endpoints{local: addrA, remote: addrB}][0], &newChild{flow: p.a.e.flows["f0"]}, out)
		})
		p.run(time.Second)
	}
	for _, tt := range []struct {
		name    string
		unique  Unique
		initial bool
		moved   bool // the first one's path at B is another one
		want    int  // IKE SAs at B after half a minute
		reason  Reason
	}{
		{"they stay", UniqueInitialContact, false, false, 2, ReasonNone},
		{"the peer says that it has none", UniqueInitialContact, true, false, 1, ReasonReplacedByPeer},
		{"they stay, whatever the peer says", UniqueNever, true, false, 2, ReasonNone},
		{"replace", UniqueReplace, false, false, 1, ReasonReplacedByPeer},
		{"replace, and the peer says so as well", UniqueReplace, true, false, 1, ReasonReplacedByPeer},
		{"keep, from the same place", UniqueKeep, false, false, 2, ReasonNone},
		{"keep, from elsewhere", UniqueKeep, false, true, 1, ReasonNone},
		{"keep, and the peer says that it has none", UniqueKeep, true, true, 1, ReasonReplacedByPeer},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, func(a, b *Config) { b.Peers[0].Unique = tt.unique })
			p.up()
			first := p.b.sole()
			if tt.moved {
				first.path.Remote = elsewhere
			}
			again(p, tt.initial)
			p.run(30 * time.Second)
			if n := p.b.e.Len(); n != tt.want {
				p.fail("%d IKE SAs, want %d", n, tt.want)
			}
			kept := tt.reason == ReasonNone
			if (first.state == established) != kept {
				p.fail("the first one: state %v, want it kept: %v", first.state, kept)
			}
			for _, down := range find[SADown](p.b) {
				if down.SA.SPIi == first.spiI && down.Reason != tt.reason {
					p.fail("the first one is down for %v, want %v", down.Reason, tt.reason)
				}
			}
		})
	}
}

// Where a new one from elsewhere is refused, the old one is asked whether it lives: once it is found dead the next attempt succeeds.
func TestUniqueKeepAsksForLife(t *testing.T) {
	p := newPair(t, func(a, b *Config) { b.Peers[0].Unique = UniqueKeep })
	p.up()
	first := p.b.sole()
	first.path.Remote = netip.MustParseAddrPort("192.0.2.1:62000") // nobody answers there
	again := func() {
		p.a.do(func(now time.Time, out *Output) {
			p.a.e.initiate(now, p.a.e.peers[endpoints{local: addrA, remote: addrB}][0], &newChild{flow: p.a.e.flows["f0"]}, out)
		})
		p.run(5 * time.Minute)
	}
	p.lose = func(from *side, data []byte) bool { // of the old one, nothing gets through
		h, err := wire.ParseHeader(data)
		return err == nil && h.SPIi == first.spiI
	}
	again()
	if failed := find[Failed](p.a); len(failed) != 1 || failed[0].Reason != ReasonAuthFailed || first.state != dead {
		p.fail("failures %v, and the old SA is in state %v", failed, first.state)
	}
	again()
	if p.b.e.Len() != 1 {
		p.fail("%d IKE SAs at B after the old one was found dead, want the new one", p.b.e.Len())
	}
}
