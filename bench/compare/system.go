package compare

import (
	"crypto/ecdh"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"seikan/internal/interop"
)

// system is a way for packets from InnerA to InnerB and back.
type system struct {
	name string
	// start makes it ready in both namespaces and gives the numbers of the gateways' processes.
	start func(t testing.TB, l *interop.Lab, b *binaries) []int
}

// Names of systems that others are compared with.
const (
	cableName  = "cable"
	relayName  = "relay"
	seikanName = "seikan aes128-gcm"
	wgName     = "wireguard-go"
	swanName   = "strongSwan aes128-gcm"
	otherName  = "other"
)

// systems are all of them; with other, a program of the router, that one as well.
func systems(other string) []system {
	all := []system{
		{cableName, startCable},
		{relayName, startRelay},
		{seikanName, seikan(gcm128)},
		{"seikan aes256-gcm", seikan("esp-gcm 256")},
		{"seikan chacha20-poly1305", seikan("esp-chacha20-poly1305")},
		{"seikan aes256-cbc+sha256", seikan("esp-aes 256 esp-sha256-hmac")},
		{wgName, startWireguard},
		{swanName, startStrongSwan},
	}
	if other != "" {
		all = append(all, system{otherName, func(t testing.TB, l *interop.Lab, _ *binaries) []int {
			return startRouters(t, l, other, gcm128)
		}})
	}
	return all
}

// binaries are the programs that are built for a run, with the versions of this module.
type binaries struct{ seikan, relay, load, wireguard string }

func build(t testing.TB) *binaries {
	t.Helper()
	dir := t.TempDir()
	return &binaries{
		seikan:    interop.Build(t, dir, "seikan/cmd/seikan"),
		relay:     interop.Build(t, dir, "seikan/bench/relay"),
		load:      interop.Build(t, dir, "seikan/bench/load"),
		wireguard: interop.Build(t, dir, "golang.zx2c4.com/wireguard"),
	}
}

// side is one end of the bench.
type side struct {
	*interop.Namespace
	outer, inner string
}

func sides(l *interop.Lab) (a, b side) {
	return side{l.A, interop.OuterA, interop.InnerA}, side{l.B, interop.OuterB, interop.InnerB}
}

// startCable lets packets pass without a tunnel.
func startCable(t testing.TB, l *interop.Lab, _ *binaries) []int {
	a, b := sides(l)
	a.IP(t, "route", "add", b.inner, "via", b.outer, "src", a.inner)
	b.IP(t, "route", "add", a.inner, "via", a.outer, "src", b.inner)
	return nil
}

func startRelay(t testing.TB, l *interop.Lab, bin *binaries) (pids []int) {
	a, b := sides(l)
	for _, s := range [][2]side{{a, b}, {b, a}} {
		at, to := s[0], s[1]
		p := at.StartProgram(t, "ready", bin.relay, "-device", "relay0", "-local", at.outer+":4500", "-remote", to.outer+":4500")
		at.IP(t, "route", "add", to.inner, "dev", "relay0", "src", at.inner)
		pids = append(pids, p.PID())
	}
	return pids
}

// seikan starts two routers with a transform set.
func seikan(transform string) func(testing.TB, *interop.Lab, *binaries) []int {
	return func(t testing.TB, l *interop.Lab, bin *binaries) []int {
		return startRouters(t, l, bin.seikan, transform)
	}
}

// gcm128 is the transform set of seikanName.
const gcm128 = "esp-gcm 128"

func startRouters(t testing.TB, l *interop.Lab, program, transform string) []int {
	conf := interop.RouterConf{TransformSet: transform}.String()
	a := interop.StartRouterIn(t, l, l.A, program, conf)
	b := interop.StartRouterIn(t, l, l.B, program, interop.Mirror(conf))
	return []int{a.PID(), b.PID()}
}

// startStrongSwan starts two daemons with the suite of seikanName, the best that has hardware's help at both.
func startStrongSwan(t testing.TB, l *interop.Lab, _ *binaries) []int {
	a, b := interop.StartCharon(t, l, l.A, ""), interop.StartCharon(t, l, l.B, "")
	a.Load(t, interop.Connection{Local: interop.OuterA, Remote: interop.OuterB,
		Children: []interop.PeerChild{{LocalTS: interop.InnerA + "/32", RemoteTS: interop.InnerB + "/32"}}})
	b.Load(t, interop.Connection{})
	b.Initiate(t, "c")
	return []int{a.PID(), b.PID()}
}

// wgSockets is where wireguard-go listens to be configured, for each device by its name.
const wgSockets = "/var/run/wireguard"

func startWireguard(t testing.TB, l *interop.Lab, bin *binaries) (pids []int) {
	a, b := sides(l)
	keyA, keyB := newKey(t), newKey(t)
	for _, s := range []struct {
		at, to    side
		own, peer *ecdh.PrivateKey
	}{{a, b, keyA, keyB}, {b, a, keyB, keyA}} {
		device := "wg" + strings.ToLower(rand.Text()[:10]) // the sockets of all namespaces are in one directory
		socket := filepath.Join(wgSockets, device+".sock")
		t.Cleanup(func() { os.Remove(socket) })
		p := s.at.StartProgram(t, "", bin.wireguard, "--foreground", device)
		conf := fmt.Sprintf("set=1\nprivate_key=%s\nlisten_port=51820\nreplace_peers=true\npublic_key=%s\nendpoint=%s:51820\nallowed_ip=%s/32\n\n",
			hex.EncodeToString(s.own.Bytes()), hex.EncodeToString(s.peer.PublicKey().Bytes()), s.to.outer, s.to.inner)
		interop.Eventually(t, "wireguard-go takes its configuration", func() (bool, string) {
			answer, err := ask(socket, conf)
			return err == nil && strings.HasPrefix(answer, "errno=0\n"), fmt.Sprintf("%v\n%s\n%s", err, answer, p.Output(t))
		})
		s.at.IP(t, "link", "set", device, "up")
		s.at.IP(t, "route", "add", s.to.inner, "dev", device, "src", s.at.inner)
		pids = append(pids, p.PID())
	}
	return pids
}

func newKey(t testing.TB) *ecdh.PrivateKey {
	t.Helper()
	k, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// ask sends a request to a Unix socket and gives the answer, up to the empty line at its end.
func ask(socket, request string) (string, error) {
	c, err := net.Dial("unix", socket)
	if err != nil {
		return "", err
	}
	defer c.Close()
	if _, err := io.WriteString(c, request); err != nil {
		return "", err
	}
	var answer []byte
	for b := make([]byte, 256); !strings.HasSuffix(string(answer), "\n\n"); {
		n, err := c.Read(b)
		if answer = append(answer, b[:n]...); err != nil {
			return string(answer), err
		}
	}
	return string(answer), nil
}
