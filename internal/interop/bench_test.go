package interop

import (
	"os/exec"
	"strings"
	"testing"
	"time"
)

// mirror is a connection seen from A, for a second strongSwan there.
func mirror(c Connection) Connection {
	c.Local, c.Remote = OuterA, OuterB
	children := make([]PeerChild, len(c.Children))
	for i, ch := range c.Children {
		ch.LocalTS, ch.RemoteTS = or(ch.RemoteTS, InnerA+"/32"), or(ch.LocalTS, InnerB+"/32")
		children[i] = ch
	}
	c.Children = children
	return c
}

// The bench itself works: with a strongSwan at each end packets pass both ways. Where this fails, what the other tests find says
// nothing about the router.
func TestBench(t *testing.T) {
	t.Parallel()
	l := NewLab(t)
	a, b := StartCharon(t, l, l.A, ""), StartCharon(t, l, l.B, "")
	c := Connection{Children: []PeerChild{{}}}
	a.Load(t, mirror(c))
	b.Load(t, c)
	b.Initiate(t, "c")
	l.A.Ping(t, InnerA, InnerB, 5)
	l.B.Ping(t, InnerB, InnerA, 5)
	s := &site{l, b}
	s.checkPeer(t, 10)
	sa, child := s.peerSA(t)
	if sa.State != "ESTABLISHED" || !sa.Initiator || sa.LocalID != OuterB || sa.RemoteID != OuterA || sa.Suite != "AES_GCM_16-128/PRF_HMAC_SHA2_256/CURVE_25519" {
		t.Errorf("IKE SA: %+v", sa)
	}
	if child.Suite != "ESP:AES_GCM_16-128" || child.Local != InnerB+"/32" || child.Remote != InnerA+"/32" {
		t.Errorf("Child SA: %+v", child)
	}
	for _, reverse := range []bool{false, true} {
		x := l.A.TransferTCP(t, l.B, InnerA, InnerB, reverse)
		t.Logf("strongSwan to strongSwan, reverse %v: %.0f Mbit/s", reverse, x.BitsPerSecond/1e6)
	}
	b.Rekey(t, "--child", "c")
	s.waitRekeyed(t, child)
	b.Rekey(t, "--ike", ConnectionName)
	s.waitIKERekeyed(t, sa)
	l.A.Ping(t, InnerA, InnerB, 5)
	b.Terminate(t, "--ike", ConnectionName)
	a.WaitGone(t)
	b.WaitGone(t)
}

// What the bench made is gone with it.
func TestBenchLeavesNothing(t *testing.T) {
	t.Parallel()
	Require(t)
	var name string
	t.Run("bench", func(t *testing.T) {
		l := NewLab(t)
		name = l.A.name
		StartCharon(t, l, l.A, "")
		l.B.StartPing(t, OuterB, OuterA, 100*time.Millisecond)
	})
	if out := run(t, exec.Command("ip", "netns", "list")); strings.Contains(out, name) {
		t.Errorf("the namespace %s is still there:\n%s", name, out)
	}
}
