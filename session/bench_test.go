package session

import (
	"fmt"
	"io"
	"net/netip"
	"testing"
	"time"

	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
)

// many is a Tracker with n sessions that are up.
func many(b *testing.B, n int) *Tracker {
	b.Helper()
	var cfg Config
	var spd []sadb.Policy
	for i := range n {
		p := policy(sadb.PolicyID(fmt.Sprint("P ", i)), 0, "10.0.0.0/24", fmt.Sprintf("10.%d.%d.0/24", 1+i>>8, i&0xff))
		spd = append(spd, p)
		peer := netip.AddrPortFrom(netip.AddrFrom4([4]byte{198, 51, byte(i >> 8), byte(i)}), 500)
		cfg.Sessions = append(cfg.Sessions, Configured{Interface: "vA", Local: path500.Local.Addr(), Peer: peer, PeerName: fmt.Sprint("CM ", i), Policies: []sadb.Policy{p}})
	}
	db := new(sadb.DB)
	db.SetPolicies(spd)
	t := New(cfg, db)
	for i, c := range cfg.Sessions {
		id := sadb.IKEID(i + 1)
		sa := active(id, t0)
		sa.Peer, sa.Path.Remote = c.PeerName, c.Peer
		up := child(id, esp.SPI(0x1000+i), t0, c.Policies[0])
		if _, err := db.Install(t0, up.Spec); err != nil {
			b.Fatal(err)
		}
		t.Observe(t0, ike.SAUp{SA: sa})
		t.Observe(t0, up)
	}
	return t
}

func BenchmarkSnapshot(b *testing.B) {
	for _, n := range []int{100, 20000} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			t := many(b, n)
			b.ReportAllocs()
			for b.Loop() {
				t.Snapshot(t0.Add(time.Second))
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "sessions/s")
		})
	}
}

func BenchmarkRender(b *testing.B) {
	for _, n := range []int{100, 20000} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			s := many(b, n).Snapshot(t0.Add(time.Second))
			b.ReportAllocs()
			for b.Loop() {
				if err := s.Render(io.Discard, View{Detail: true}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(n)*float64(b.N)/b.Elapsed().Seconds(), "sessions/s")
		})
	}
}
