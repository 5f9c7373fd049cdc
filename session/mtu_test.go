package session

import (
	"strings"
	"testing"

	"seikan/ike"
	"seikan/sadb"
)

// The line about MTUs has what fits the SA, its path's and its interface's, which differ.
func TestMTUs(t *testing.T) {
	for _, tt := range []struct {
		name      string
		transport bool
		path      int // learnt; 0: not
		outside   string
		want      string
	}{
		{"tunnel mode", false, 0, "", "plaintext mtu 1438, path mtu 1500, ip mtu 1500, ip mtu idb vA"},
		{"path learnt", false, 1400, "", "plaintext mtu 1338, path mtu 1400, ip mtu 1500, ip mtu idb vA"},
		{"wider path than interface", false, 9000, "", "plaintext mtu 1438, path mtu 1500, ip mtu 1500, ip mtu idb vA"},
		{"transport mode", true, 1400, "", "plaintext mtu 1358, path mtu 1400, ip mtu 1500, ip mtu idb vA"},
		{"tunnel interface", true, 0, "eth0", "plaintext mtu 1458, path mtu 1500, ip mtu 1500, ip mtu idb eth0"},
	} {
		cfg := site()
		cfg.Sessions[0].Outside = tt.outside
		cfg.MTUs = map[sadb.Host]int{{Addr: cfg.Sessions[0].Local}: 1500}
		r := newRig(t, cfg)
		ev := child(1, 0x1001, t0, cfg.Sessions[0].Policies...)
		ev.Spec.Path, ev.Spec.Transport = path4500, tt.transport
		sa := active(1, t0)
		sa.Path, sa.ESP = path4500, path4500
		r.do(t0, ike.SAUp{SA: sa}, ev)
		r.SetPathMTU(path4500.RemoteHost(), tt.path)
		if got := render(t, r.Snapshot(t0), View{Show: ShowIPsec}); !strings.Contains(got, "     "+tt.want+"\n") {
			t.Errorf("%s: want %q in\n%s", tt.name, tt.want, got)
		}
	}
}
