package seikan

import (
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/session"
)

// forger sends packets as b would, or nearly so.
type forger struct {
	out *sadb.Outbound
	w   udp.Writer
	to  netip.AddrPort
}

func (g *rig) forger() *forger {
	f := &forger{to: netip.AddrPortFrom(outerA, 4500)}
	for c := range g.b.router.db.Children() {
		f.out = c.Out
	}
	conn := g.net.Listen(netip.MustParseAddrPort("203.0.113.1:4500"))
	g.t.Cleanup(func() { conn.Close() })
	f.w = conn.NewWriter()
	return f
}

func (f *forger) seal(inner []byte) []byte {
	frames := []esp.Frame{{Data: inner, Next: nextIPv4}}
	f.out.Seal(new(esp.Scratch), make([]byte, 0, 4096), frames)
	return frames[0].Data
}

// send sends a datagram n times, so that each is a batch or all are one.
func (f *forger) send(data []byte, n int) {
	batch := make([]udp.Message, n)
	for i := range batch {
		batch[i] = udp.Message{Data: data, Remote: f.to}
	}
	f.w.WriteBatch(batch)
	time.Sleep(time.Second)
}

// Each kind of bad packet is told of in a classic router's words, once a minute for each SA, and then how many more there were.
func TestDropMessages(t *testing.T) {
	engine(t, func(a, _ *Config) {
		address := []string{outerA.String() + "/24"}
		a.Session.Interfaces = []session.Interface{{Name: "eth9", VRF: "RED", Addresses: address}, {Name: "eth0", Addresses: address}}
	}, func(t *testing.T, g *rig) {
		g.up()
		f := g.forger()
		outside := f.seal(packet(innerB, outerA, 1, 100))
		forged := f.seal(packet(innerB, innerA, 2, 100))
		forged[len(forged)-1] ^= 1
		unknown := f.seal(packet(innerB, innerA, 3, 100))
		unknown[0] ^= 0x80
		for range 2 {
			f.send(forged, 5)
			f.send(outside, 4) // one outside of the selectors, the others replays
			f.send(unknown, 3)
		}
		for mnemonic, want := range map[string]string{
			macError:     "decrypt: mac verify failed for connection id=1 local=192.0.2.1 remote=203.0.113.1 spi=",
			replayError:  "decrypt: replay check failed connection id=1, sequence number=",
			invalidIdent: "identity doesn't match negotiated identity connection id=1 (ip) dest_addr= 192.0.2.1, src_addr= 10.30.30.1, prot= 17",
			invalidSPI:   "decaps: rec'd IPSEC packet has invalid spi for destaddr=192.0.2.1, prot=50, spi=",
		} {
			line := g.a.wantLog(1, "%"+mnemonic+": "+want)[0]
			if text := line[zerolog.MessageFieldName].(string); mnemonic == invalidSPI && !strings.HasSuffix(text, ", srcaddr=203.0.113.1, input interface=eth0") {
				t.Errorf("got %s", text)
			}
		}
		g.a.wantLog(0, "%"+notLogged)
		time.Sleep(time.Minute)
		f.send(unknown, 1)
		for prefix, count := range map[string]float64{"9 more messages": 9, "6 more messages": 6, "5 more packets of unknown SPIs": 5} {
			if line := g.a.wantLog(1, "%"+notLogged+": "+prefix)[0]; line["count"] != count {
				t.Errorf("got %v, want count %v", line, count)
			}
		}
		f.send(forged, 1)
		g.a.wantLog(2, "%"+macError)
		g.a.wantLog(2, "%"+invalidSPI)
		g.a.wantLog(1, "%"+replayError)
		g.a.wantLog(0, "IPSEC(")
	})
}

// Where IPsec is debugged, one drop a second is told of for each SA and reason, of the peers that are wanted.
func TestDebugDrops(t *testing.T) {
	engine(t, nil, func(t *testing.T, g *rig) {
		g.up()
		f := g.forger()
		forged := f.seal(packet(innerB, innerA, 2, 100))
		forged[len(forged)-1] ^= 1
		unknown := f.seal(packet(innerB, innerA, 3, 100))
		unknown[0] ^= 0x80
		g.a.debug(func(d *session.Debug) { d.IPsec = true })
		for range 3 {
			f.send(forged, 10)
		}
		f.send(unknown, 10)
		g.a.wantLog(3, "IPSEC(drop): packet from 203.0.113.1, sequence number 1: bad ICV, (sa) inbound sa_dest= 192.0.2.1, sa_proto= 50, sa_spi= 0x")
		g.a.wantLog(1, "IPSEC(drop): packet from 203.0.113.1 to 192.0.2.1: unknown SPI 0x")
		g.a.debug(func(d *session.Debug) { d.Peers = []netip.Addr{outerA} })
		f.send(forged, 10)
		g.a.wantLog(3, "IPSEC(drop): packet from 203.0.113.1, sequence")
		g.a.wantLog(1, "%"+macError)
	})
}

// Packets of unknown SPIs are told of with how many there were before, also of those for which the queue had no room.
func TestUnknownSPINotes(t *testing.T) {
	h := newHalf(t, outerA, outerB, innerA, innerB)
	take := func(now time.Duration, n int) {
		for i := range n {
			h.down.msgs[i].Data, h.down.msgs[i].Remote = []byte{0x80, 0, 0, 9, 0, 0, 0, 1}, netip.AddrPortFrom(outerB, 4500)
		}
		h.down.step(int64(now), n)
	}
	for h.r.tell(note{kind: noteUsed}) {
	}
	take(time.Hour, 5) // no room
	for len(h.r.notes) > 0 {
		<-h.r.notes
	}
	for i, want := range []uint64{5, 2 + 1} {
		take(time.Hour+time.Duration(i)*quietTime, 3)
		if n := <-h.r.notes; n.kind != noteUnknownSPI || n.count != want {
			t.Errorf("note %d: got %+v, want %d more", i, n, want)
		}
		take(time.Hour+time.Duration(i)*quietTime+time.Second, 1)
	}
	if len(h.r.notes) != 0 {
		t.Errorf("%d notes more", len(h.r.notes))
	}
}
