package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"sync"
	"testing"
)

// binaryDir is where the router is built, once for all tests.
var binaryDir string

func TestMain(m *testing.M) { os.Exit(runTests(m)) }

func runTests(m *testing.M) int {
	dir, err := os.MkdirTemp("", "seikan-interop")
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	defer os.RemoveAll(dir)
	binaryDir = dir
	return m.Run()
}

// build builds the router.
var build = sync.OnceValues(func() (string, error) {
	path := filepath.Join(binaryDir, "seikan")
	if out, err := exec.Command("go", "build", "-o", path, "seikan/cmd/seikan").CombinedOutput(); err != nil {
		return "", fmt.Errorf("go build: %w\n%s", err, out)
	}
	return path, nil
})

// startRouter starts the router at the bench's end A.
func startRouter(t *testing.T, l *Lab, conf string) *Router {
	t.Helper()
	binary, err := build()
	if err != nil {
		t.Fatal(err)
	}
	return StartRouter(t, l, binary, conf)
}

// site is a bench with strongSwan at its end B and, at A, the router once one is started.
type site struct {
	*Lab
	peer *Charon
}

func newSite(t *testing.T) *site {
	t.Helper()
	Require(t)
	if _, err := build(); err != nil { // before anything else is started
		t.Fatal(err)
	}
	l := NewLab(t)
	return &site{l, StartCharon(t, l, l.B, "")}
}

// newNATSite is a site with a NAT in front of A or of B, as hides says.
func newNATSite(t *testing.T, hides string) (*site, NAT) {
	t.Helper()
	Require(t)
	if _, err := build(); err != nil {
		t.Fatal(err)
	}
	l := NewLab(t)
	nat := l.AddNAT(t, hides)
	return &site{l, StartCharon(t, l, l.B, "")}, nat
}

// up gives strongSwan a connection and starts the router with conf.
func (s *site) up(t *testing.T, c Connection, conf RouterConf) *Router {
	t.Helper()
	s.peer.Load(t, c)
	return startRouter(t, s.Lab, conf.String())
}

// peerSA is the only IKE SA that strongSwan has, with its only Child SA.
func (s *site) peerSA(t *testing.T) (PeerSA, PeerChildSA) {
	t.Helper()
	sas := s.peer.SAs(t)
	for i := range sas { // strongSwan lists what it has deleted for some seconds more
		sas[i].Children = slices.DeleteFunc(sas[i].Children, func(c PeerChildSA) bool { return c.State == "DELETED" })
	}
	if len(sas) != 1 || len(sas[0].Children) != 1 {
		t.Fatalf("strongSwan has other than one IKE SA with one child: %+v", sas)
	}
	return sas[0], sas[0].Children[0]
}
