package interop

import (
	"fmt"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// vrfEnd is one of two routers that meet in two front VRFs, by the same addresses, for the same networks in two inside VRFs. The router itself is
// in none of them.
type vrfEnd struct{ manage, front1, front2, red, blue *Namespace }

func newVRFEnd(t *testing.T, l *Lab, side, inner string, front1, front2 *Namespace) vrfEnd {
	e := vrfEnd{l.Add(t, "manage"+side), front1, front2, l.Add(t, "red"+side), l.Add(t, "blue"+side)}
	e.red.AddAddress(t, inner+"/32")
	e.blue.AddAddress(t, inner+"/32")
	return e
}

// conf is the configuration of the end at A.
func (e vrfEnd) conf() string {
	conf := strings.Split(tunnelConf("esp-gcm 128", "tunnel", "tunnel mode ipsec ipv4"), "interface Tunnel0")[0]
	conf = strings.Replace(conf, "crypto ikev2 profile PROF\n", "crypto ikev2 profile PROF\n match fvrf any\n", 1)
	var b strings.Builder
	for _, v := range []struct {
		name string
		ns   *Namespace
	}{{"INET", e.front1}, {"INET2", e.front2}, {"RED", e.red}, {"BLUE", e.blue}} {
		fmt.Fprintf(&b, "vrf definition %s\n netns %s\n", v.name, v.ns.name)
	}
	b.WriteString(conf)
	for i, v := range [][2]string{{"INET", "RED"}, {"INET2", "BLUE"}} {
		fmt.Fprintf(&b, "crypto isakmp peer address %s vrf %s\n description by %s\n", OuterB, v[0], v[0])
		b.WriteString(vrfTunnel(i, v[0], v[1]))
	}
	return b.String()
}

func vrfTunnel(n int, front, in string) string {
	return fmt.Sprintf("interface Tunnel%d\n vrf forwarding %s\n ip address %s 255.255.255.252\n tunnel source %s\n tunnel destination %s\n"+
		" tunnel vrf %s\n tunnel mode ipsec ipv4\n tunnel protection ipsec profile IPP\nip route vrf %s %s 255.255.255.255 Tunnel%d\n",
		n, in, tunnelA, OuterA, OuterB, front, in, InnerB, n)
}

// mirrorVRF is the other end of conf.
func mirrorVRF(conf string) string {
	return strings.NewReplacer(OuterA, OuterB, OuterB, OuterA, InnerB, InnerA, tunnelA, tunnelB).Replace(conf)
}

// Overlapping networks in two inside VRFs, between the same addresses in two front VRFs; neither router has any of them in its own namespace.
func TestVRF(t *testing.T) {
	t.Parallel()
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l, second := NewLab(t), NewLab(t)
	at := newVRFEnd(t, l, "A", InnerA, l.A, second.A)
	bt := newVRFEnd(t, l, "B", InnerB, l.B, second.B)
	a := StartRouterIn(t, l, at.manage, binary, at.conf())
	b := StartRouterIn(t, l, bt.manage, binary, mirrorVRF(bt.conf()))
	up := func(r *Router) {
		t.Helper()
		Eventually(t, "both tunnels are up", func() (bool, string) {
			out := r.VTY(t, "show interfaces")
			return strings.Count(out, "line protocol is up") == 2+1, out
		})
	}
	up(a)
	up(b)

	at.red.Ping(t, tunnelA, tunnelB, 3)
	at.red.Ping(t, InnerA, InnerB, 4)
	at.blue.Ping(t, InnerA, InnerB, 5)
	for _, s := range a.Sessions(t) {
		want := map[string]string{"Tunnel0": "INET/RED 7", "Tunnel1": "INET2/BLUE 5"}[s.Interface]
		if got := fmt.Sprintf("%s/%s %d", s.FVRF, s.IVRF, s.Flows[0].Out.Packets); got != want || s.Flows[0].In.Packets != s.Flows[0].Out.Packets {
			t.Errorf("%s: got %s (%+v), want %s", s.Interface, got, s.Flows[0], want)
		}
	}
	a.WaitLog(t, "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer "+OuterB+":4500 fvrf=INET ivrf=RED Description: by INET Id: "+OuterB)
	a.WaitLog(t, "Crypto tunnel is UP. Peer "+OuterB+":4500 fvrf=INET2 ivrf=BLUE Description: by INET2 Id: "+OuterB)
	for command, want := range map[string]string{
		"show crypto session brief":                                "ivrf = BLUE",
		"show crypto session fvrf INET2 detail":                    "Peer: " + OuterB + " port 4500 fvrf: INET2 ivrf: BLUE",
		"show crypto ikev2 sa fvrf INET":                           "INET/RED",
		"show crypto ipsec sa vrf RED":                             "protected vrf: RED",
		"show ip route vrf BLUE":                                   InnerB + "/32 is directly connected, Tunnel1",
		"show vrf RED":                                             "Tunnel0",
		"show vrf detail":                                          "Network namespace: " + at.blue.name,
		"show interfaces Tunnel1":                                  `Tunnel VRF "INET2"`,
		"show running-config":                                      "ip route vrf BLUE " + InnerB + " 255.255.255.255 Tunnel1",
		"show crypto isakmp peers":                                 "Description: by INET2",
		"show crypto session fvrf INET ivrf RED interface Tunnel1": "Crypto session current status",
		"ping vrf RED " + tunnelB + " source Tunnel0":              "!!!!!\nSuccess rate is 100 percent (5/5)",
		"ping vrf BLUE " + InnerB + " source " + InnerA:            "!!!!!\nSuccess rate is 100 percent (5/5)",
	} {
		if out := a.VTY(t, command); !strings.Contains(out, want) {
			t.Errorf("%s: want %s in\n%s", command, want, out)
		}
	}
	if out := at.manage.Devices(t); len(out) != 2 { // lo, and the device of crypto maps of the global VRF
		t.Errorf("the router's own namespace has %v", out)
	}

	for _, tt := range []struct{ filter, vrfs, other string }{
		{"fvrf INET", "fvrf=INET ivrf=RED", "fvrf=INET2 ivrf=BLUE"}, {"ivrf BLUE", "fvrf=INET2 ivrf=BLUE", "fvrf=INET ivrf=RED"},
	} {
		down := func(vrfs string) int {
			return strings.Count(a.Log(t), "Crypto tunnel is DOWN. Peer "+OuterB+":4500 "+vrfs)
		}
		mine, others := down(tt.vrfs), down(tt.other)
		a.VTY(t, "clear crypto session "+tt.filter)
		Eventually(t, "the session is cleared", func() (bool, string) { return down(tt.vrfs) == mine+1, a.Log(t) })
		if down(tt.other) != others {
			t.Errorf("%s has cleared %s", tt.filter, tt.other)
		}
		up(a)
	}
	for _, command := range []string{"clear crypto session fvrf NONE", "clear crypto session ivrf NONE", "show ip route vrf NONE", "ping vrf NONE " + InnerB} {
		if out, err := a.vty(command); err == nil || !strings.Contains(out, " No VRF named NONE exists") {
			t.Errorf("%s: got %v, %s", command, err, out)
		}
	}

	// A tunnel goes, and another one comes, while the first one carries packets.
	ping := at.red.StartPing(t, InnerA, InnerB, 20e6)
	a.Paste(t, "configure terminal\nno ip route vrf BLUE "+InnerB+" 255.255.255.255 Tunnel1\nno interface Tunnel1\nend\n")
	Eventually(t, "the device is gone", func() (bool, string) { d := at.blue.Devices(t); return len(d) == 1, fmt.Sprint(d) })
	a.Paste(t, "configure terminal\n"+vrfTunnel(1, "INET2", "BLUE")+"end\n")
	up(a)
	at.blue.Ping(t, InnerA, InnerB, 3)
	out := a.Paste(t, "configure terminal\nvrf definition NOWHERE\nend\n")
	if !strings.Contains(out, "/run/netns/NOWHERE: no such file") {
		t.Errorf("a namespace that is not there: got %s", out)
	}
	ping.Stop(t) // which fails where one was lost
}

// A namespace that is not there is an error at the start.
func TestVRFWithoutNamespace(t *testing.T) {
	t.Parallel()
	Require(t)
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	l := NewLab(t)
	file := filepath.Join(l.dir, "gone.conf")
	writeFile(t, file, "vrf definition NOWHERE\n"+RouterConf{}.String())
	out, err := exec.Command("ip", "netns", "exec", l.A.name, binary, "run", "-c", file, "--socket", filepath.Join(l.dir, "gone.sock")).CombinedOutput()
	if err == nil || !strings.Contains(string(out), "a VRF whose network namespace is there") || !strings.Contains(string(out), "/run/netns/NOWHERE") {
		t.Errorf("got %v, %s", err, out)
	}
}

// Crypto maps: the peers in a front VRF, and what is protected in another VRF, in the same one, or in none. The router is in a namespace of its own.
func TestCryptoMapInVRF(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct{ name, ivrf, shown string }{{"another", "ivrf RED", "RED"}, {"the same", "!", "INET"}, {"none", "ivrf global", "(none)"}} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			s := newSite(t)
			binary, err := build()
			if err != nil {
				t.Fatal(err)
			}
			manage, red := s.Add(t, "manage"), s.Add(t, "red")
			inside := map[string]*Namespace{"RED": red, "INET": s.A, "(none)": manage}[tt.shown]
			if inside != s.A {
				inside.AddAddress(t, InnerA+"/32")
			}
			s.peer.Load(t, Connection{})
			conf := RouterConf{
				Global:  []string{"vrf definition INET", " netns " + s.A.name, "vrf definition RED", " netns " + red.name},
				Profile: []string{"match fvrf INET", tt.ivrf},
			}
			text := strings.Replace(conf.String(), "interface "+DeviceA+"\n", "interface "+DeviceA+"\n vrf forwarding INET\n", 1)
			r := StartRouterIn(t, s.Lab, manage, binary, text)
			inside.Ping(t, InnerA, InnerB, 5)
			if got := r.WaitStatus(t, "UP-ACTIVE"); got.FVRF != "INET" || got.IVRF != tt.shown || got.Flows[0].Out.Packets != 5 || got.Flows[0].In.Packets != 5 {
				t.Errorf("got %+v, want INET, %s and 5 packets", got, tt.shown)
			}
			r.WaitLog(t, "Crypto tunnel is UP. Peer "+OuterB+":4500 fvrf=INET")
			r.VTY(t, "clear crypto session fvrf INET")
			s.peer.WaitGone(t)
			s.peer.Initiate(t, ChildName(0)) // and so does the peer find us
			inside.Ping(t, InnerA, InnerB, 5)
			r.Stop(t)
			for _, n := range []*Namespace{manage, red, s.A} {
				if out := n.Routes(t); strings.Contains(out, "4500") {
					t.Errorf("%s has routes left:\n%s", n.name, out)
				}
			}
		})
	}
}
