package interop

import "testing"

func mirrored(conf string) string { return Mirror(conf) }

// Two of our own, with what no other peer here has: extended sequence numbers, ML-KEM, a large replay window. Packets and TCP go both
// ways over the devices of the host.
func TestTwoRouters(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name string
		conf RouterConf
		says string // in the log
	}{
		{"defaults", RouterConf{}, "esp-gcm 128"},
		{"ESN and ML-KEM", RouterConf{
			Proposal:     []string{"encryption aes-gcm-256", "prf sha384", "group 20", "addke ml-kem-1024"},
			TransformSet: "esp-gcm 256",
			PFS:          "group20 addke ml-kem-768",
			Map:          []string{"set security-association esn", "set security-association replay window-size 8192"},
		}, "ADDKE1_ML_KEM_1024"},
		{"ChaCha20 with PFS", RouterConf{TransformSet: "esp-chacha20-poly1305", PFS: "group31"}, "esp-chacha20-poly1305"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			Require(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			l := NewLab(t)
			a := StartRouterIn(t, l, l.A, binary, tt.conf.String())
			b := StartRouterIn(t, l, l.B, binary, mirrored(tt.conf.String()))
			l.A.Ping(t, InnerA, InnerB, 5)
			checkSession(t, a, up(5))
			if s := b.Session(t); s.Status != "UP-ACTIVE" || s.Interface != DeviceB || s.Peer != OuterA {
				t.Errorf("B: got %+v", s)
			}
			a.WaitLog(t, tt.says)
			for _, reverse := range []bool{false, true} {
				x := l.A.TransferTCP(t, l.B, InnerA, InnerB, reverse)
				t.Logf("TCP, reverse %v: %.0f Mbit/s", reverse, x.BitsPerSecond/1e6)
			}
			for _, r := range []*Router{a, b} {
				if f := r.Session(t).Flows[0]; f.In.Dropped != 0 || f.Out.Dropped != 0 {
					t.Errorf("drops: %+v", f)
				}
			}
			b.Stop(t)
			a.WaitStatus(t, "DOWN")
		})
	}
}
