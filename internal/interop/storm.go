package interop

import (
	"crypto/rand"
	"os/exec"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// Storm is a namespace between A and B that carries frames from one to the other, and does it badly: it loses some, and lets others
// pass some that came after them.
type Storm struct {
	*Namespace
	carried, lost, late atomic.Int64
	stop                atomic.Bool
	done                sync.WaitGroup
}

// What it does to a frame, of each thousand.
const (
	stormLoss = 1  // is lost
	stormLate = 50 // waits until one to stormHold others have passed, or none comes any more
	stormHold = 4
)

// AddStorm puts a storm between A and B. On its cables no frame is longer than the MTU, and all checksums are complete.
func (l *Lab) AddStorm(t testing.TB) *Storm {
	t.Helper()
	const inner = "sB"
	s := &Storm{Namespace: &Namespace{strings.TrimSuffix(l.A.name, "-A") + "-S" + strings.ToLower(rand.Text()[:2])}}
	run(t, exec.Command("ip", "netns", "add", s.name))
	t.Cleanup(func() { run(t, exec.Command("ip", "netns", "delete", s.name)) })
	// The cable from A ends here, and a new one leads to B.
	l.B.ip(t, "link", "set", DeviceB, "netns", s.name)
	s.ip(t, "link", "add", inner, "type", "veth", "peer", "name", DeviceB, "netns", l.B.name)
	l.B.ip(t, "address", "add", OuterB+"/24", "dev", DeviceB)
	l.B.ip(t, "address", "add", Outer6B+"/64", "dev", DeviceB, "nodad")
	for _, d := range []struct {
		n      *Namespace
		device string
	}{{l.A, DeviceA}, {s.Namespace, DeviceB}, {s.Namespace, inner}, {l.B, DeviceB}} {
		run(t, d.n.command("ethtool", "-K", d.device, "tx", "off", "tso", "off", "gso", "off", "tx-udp-segmentation", "off", "gro", "off"))
		d.n.ip(t, "link", "set", d.device, "up")
	}
	s.start(t, DeviceB, inner)
	t.Cleanup(func() {
		s.stop.Store(true)
		s.done.Wait()
		t.Logf("storm: %d frames carried, %d lost, %d late", s.carried.Load(), s.lost.Load(), s.late.Load())
	})
	return s
}
