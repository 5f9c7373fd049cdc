package main

import (
	"context"
	"errors"
	"fmt"
	"net/netip"

	"github.com/rs/zerolog"
	"golang.zx2c4.com/wireguard/tun/netstack"

	"seikan"
	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
	"seikan/sadb"
	"seikan/session"
	"seikan/tun"
)

// site is one end of the demonstration: a router, and a host behind it with a TCP/IP stack of its own.
type site struct {
	name   string
	inner  netip.Addr     // of the host
	ike    netip.AddrPort // of the router, for bare IKE
	esp    netip.AddrPort // of the router, for IKE and ESP
	bare   seikan.Conn
	natt   seikan.Conn
	host   *netstack.Net
	router *seikan.Router

	cancel context.CancelFunc
	done   chan error
}

// demoSuite protects the packets of the demonstration.
var demoSuite = esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}

// startPair starts two routers that have each other as the peer. Neither has an SA until there is traffic.
func startPair(ctx context.Context, log zerolog.Logger) (a, b *site, err error) {
	a, err = listen("siteA", "10.10.10.1")
	if err != nil {
		return nil, nil, err
	}
	b, err = listen("siteB", "10.30.30.1")
	if err != nil {
		return nil, nil, errors.Join(err, a.closeSockets())
	}
	key := esp.Secret("only-for-this-demonstration")
	if err = a.start(ctx, b, key, log); err != nil {
		return nil, nil, errors.Join(err, a.closeSockets(), b.closeSockets())
	}
	if err = b.start(ctx, a, key, log); err != nil {
		return nil, nil, errors.Join(err, a.stop(), b.closeSockets())
	}
	return a, b, nil
}

// listen opens the sockets of a site, on ports that the system chooses.
func listen(name, inner string) (*site, error) {
	s := &site{name: name, inner: netip.MustParseAddr(inner)}
	loopback := netip.MustParseAddrPort("127.0.0.1:0")
	var err error
	if s.bare, err = seikan.Listen(loopback, seikan.ListenOptions{}); err != nil {
		return nil, err
	}
	if s.natt, err = seikan.Listen(loopback, seikan.ListenOptions{}); err != nil {
		return nil, errors.Join(err, s.bare.Close())
	}
	s.ike, s.esp = s.bare.LocalAddr(), s.natt.LocalAddr()
	return s, nil
}

func (s *site) closeSockets() error { return errors.Join(s.bare.Close(), s.natt.Close()) }

// start runs the router of the site. The sockets are the router's from then on.
func (s *site) start(ctx context.Context, peer *site, key esp.Secret, log zerolog.Logger) error {
	const outerMTU, outerHeaders = 1500, 20 + 8
	dev, host, err := netstack.CreateNetTUN([]netip.Addr{s.inner}, nil, demoSuite.MaxInner(outerMTU-outerHeaders))
	if err != nil {
		return fmt.Errorf("network stack: %w", err)
	}
	local, remote := hostSelector(s.inner), hostSelector(peer.inner)
	flow := ike.Flow{
		ID: "DEMO", Local: local, Remote: remote,
		Proposals: []ike.Proposal{{Encr: []ike.Encr{{ID: uint16(demoSuite.Encr), KeyBits: uint16(demoSuite.KeyBits)}}}},
		Window:    4096,
	}
	policy := sadb.Policy{ID: flow.ID, Action: sadb.Protect, Local: local, Remote: remote}
	s.router, err = seikan.New(seikan.Config{
		IKE: ike.Config{
			Port: s.ike.Port(), NATTPort: s.esp.Port(),
			Peers: []ike.Peer{{
				Name: peer.name, Interface: "lo", Local: s.ike.Addr(), Remote: peer.ike.Addr(), Port: peer.ike.Port(), NATTPort: peer.esp.Port(),
				LocalID:   ike.Identity{Kind: wire.ID_FQDN, Data: s.name},
				RemoteIDs: []ike.Match{{Kind: wire.ID_FQDN, Data: peer.name}},
				LocalKey:  key, RemoteKey: key,
				Proposals: []ike.Proposal{{
					Encr: []ike.Encr{{ID: wire.ENCR_AES_GCM_16, KeyBits: 128}}, PRF: []uint16{wire.PRF_HMAC_SHA2_256}, Groups: []wire.GroupID{wire.CURVE25519},
				}},
				Flows: []ike.Flow{flow},
			}},
		},
		Policies: []sadb.Policy{policy},
		Session: session.Config{
			Sessions: []session.Configured{{
				Interface: "lo", Local: s.ike.Addr(), Peer: peer.ike, PeerName: peer.name, Policies: []sadb.Policy{policy},
			}},
			Descriptions: map[session.DescriptionKey]string{{Peer: peer.ike.Addr()}: "the other end of the demonstration"},
			Logging:      true, NATTPort: s.esp.Port(),
		},
		Device:  tun.Adapt(dev),
		Sockets: []seikan.Socket{{Conn: s.bare}, {Conn: s.natt, NATT: true}},
		Log:     log.With().Str("router", s.name).Logger(),
	})
	if err != nil {
		return errors.Join(err, dev.Close())
	}
	s.host = host
	// The router outlives ctx: the sessions are shown, and ended at the peer, after a transfer that took too long.
	ctx, s.cancel = context.WithCancel(context.WithoutCancel(ctx))
	s.done = make(chan error, 1)
	go func() { s.done <- s.router.Run(ctx) }()
	return nil
}

// stop ends the router and waits for it.
func (s *site) stop() error {
	s.cancel()
	return <-s.done
}

func hostSelector(a netip.Addr) []sadb.Selector {
	return []sadb.Selector{sadb.SelectorFromPrefix(netip.PrefixFrom(a, a.BitLen()), 0)}
}
