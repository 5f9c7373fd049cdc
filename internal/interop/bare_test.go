package interop

import (
	"regexp"
	"strconv"
	"testing"
)

var nftPackets = regexp.MustCompile(`esp counter packets (\d+)`)

// Two of our own without a NAT between them need no UDP: ESP travels bare, over either family. strongSwan's ESP in user space has
// no such thing.
func TestBareESP(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		conf RouterConf
		a    string // our outer address
	}{
		{"IPv4", RouterConf{}, OuterA},
		{"IPv6", RouterConf{Peer: Outer6B}, Outer6A},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			Require(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			run(t, l.B.command("nft", "add table inet count; add chain inet count in { type filter hook input priority 0; }; add rule inet count in meta l4proto esp counter"))
			tt.conf.Profile = []string{"no nat force-encap"}
			a := StartRouterIn(t, l, l.A, binary, tt.conf.String())
			back := tt.conf
			if back.Peer != "" { // mirrored knows the addresses of IPv4
				back.Peer = tt.a
			}
			b := StartRouterIn(t, l, l.B, binary, mirrored(back.String()))
			l.A.Ping(t, InnerA, InnerB, 10)
			for _, r := range []*Router{a, b} {
				s := r.Session(t)
				if s.Status != "UP-ACTIVE" || len(s.IKE) != 1 || s.IKE[0].Capabilities != "(none)" {
					t.Errorf("got %+v, want a session without NAT", s)
				}
			}
			for _, reverse := range []bool{false, true} {
				x := l.A.TransferTCP(t, l.B, InnerA, InnerB, reverse)
				t.Logf("TCP, reverse %v: %.0f Mbit/s", reverse, x.BitsPerSecond/1e6)
			}
			m := nftPackets.FindStringSubmatch(run(t, l.B.command("nft", "list", "table", "inet", "count")))
			if m == nil {
				t.Fatal("nft shows no counter")
			}
			if n, _ := strconv.Atoi(m[1]); n < 1000 {
				t.Errorf("%d packets of ESP, want that of the whole transfer", n)
			}
			for _, r := range []*Router{a, b} {
				if f := r.Session(t).Flows[0]; f.In.Dropped != 0 || f.Out.Dropped != 0 {
					t.Errorf("drops: %+v", f)
				}
			}
		})
	}
}
