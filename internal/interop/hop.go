package interop

import (
	"crypto/rand"
	"os/exec"
	"strings"
	"testing"
)

// addNamespace adds one more namespace to the bench.
func (l *Lab) addNamespace(t testing.TB, kind string) *Namespace {
	t.Helper()
	n := &Namespace{strings.TrimSuffix(l.A.name, "-A") + "-" + kind + strings.ToLower(rand.Text()[:2])}
	run(t, exec.Command("ip", "netns", "add", n.name))
	t.Cleanup(func() { run(t, exec.Command("ip", "netns", "delete", n.name)) })
	return n
}

// forward makes a router of the namespace.
func (n *Namespace) forward(t testing.TB) {
	t.Helper()
	run(t, n.command("sysctl", "-q", "-w", "net.ipv4.ip_forward=1", "net.ipv6.conf.all.forwarding=1"))
}

// Outer6Behind is B's IPv6 address behind a hop, and the others the hop's.
const (
	Outer6Behind = "2001:db8:b::2"
	hop6A, hop6B = "2001:db8::fe", "2001:db8:b::fe"
	net6A, net6B = "2001:db8::/64", "2001:db8:b::/64"
)

// AddHop puts a router between A and B, which has the addresses OuterBehind and Outer6Behind then: the cable from A ends at the hop, and a new
// one, from the hop's nB, leads to B.
func (l *Lab) AddHop(t testing.TB) *Namespace {
	t.Helper()
	n := l.addNamespace(t, "N")
	l.B.ip(t, "link", "set", DeviceB, "netns", n.name)
	n.ip(t, "link", "add", "nB", "type", "veth", "peer", "name", DeviceB, "netns", l.B.name)
	n.ip(t, "address", "add", NATInsideA+"/24", "dev", DeviceB)
	n.ip(t, "address", "add", NATInsideB+"/24", "dev", "nB")
	l.B.ip(t, "address", "add", OuterBehind+"/24", "dev", DeviceB)
	for _, d := range []string{DeviceB, "nB"} {
		n.ip(t, "link", "set", d, "up")
	}
	l.B.ip(t, "link", "set", DeviceB, "up")
	l.A.ip(t, "route", "add", "203.0.113.0/24", "via", NATInsideA)
	l.B.ip(t, "route", "add", "192.0.2.0/24", "via", NATInsideB)
	n.ip(t, "address", "add", hop6A+"/64", "dev", DeviceB, "nodad")
	n.ip(t, "address", "add", hop6B+"/64", "dev", "nB", "nodad")
	l.B.ip(t, "address", "add", Outer6Behind+"/64", "dev", DeviceB, "nodad")
	l.A.ip(t, "route", "add", net6B, "via", hop6A)
	l.B.ip(t, "route", "add", net6A, "via", hop6B)
	n.forward(t)
	return n
}

// The addresses of a third end.
const (
	OuterC          = "198.51.100.2"
	InnerC, Inner6C = "10.40.40.1", "fd00:40::1"
	DeviceC         = "vC"
)

// AddEnd adds a third end behind a hop, which A reaches.
func (l *Lab) AddEnd(t testing.TB, hop *Namespace) *Namespace {
	t.Helper()
	c := l.addNamespace(t, "C")
	hop.ip(t, "link", "add", "nC", "type", "veth", "peer", "name", DeviceC, "netns", c.name)
	hop.ip(t, "address", "add", "198.51.100.254/24", "dev", "nC")
	hop.ip(t, "link", "set", "nC", "up")
	c.configure(t, DeviceC, OuterC+"/24", "2001:db8:c::1/64", InnerC+"/32", Inner6C+"/128")
	c.ip(t, "route", "add", "192.0.2.0/24", "via", "198.51.100.254")
	l.A.ip(t, "route", "add", "198.51.100.0/24", "via", NATInsideA)
	return c
}

// The addresses of a host behind A, and of A as it sees it.
const (
	HostA, Host6A   = "10.50.50.2", "fd00:50::2"
	FrontA, Front6A = "10.50.50.1", "fd00:50::1"
)

// AddHost adds a host behind A, which forwards for it then.
func (l *Lab) AddHost(t testing.TB) *Namespace {
	t.Helper()
	h := l.addNamespace(t, "H")
	l.A.ip(t, "link", "add", "vH", "type", "veth", "peer", "name", "vH", "netns", h.name)
	for n, addrs := range map[*Namespace][]string{l.A: {FrontA + "/24", Front6A + "/64"}, h: {HostA + "/24", Host6A + "/64"}} {
		n.ip(t, "address", "add", addrs[0], "dev", "vH")
		n.ip(t, "address", "add", addrs[1], "dev", "vH", "nodad")
		n.ip(t, "link", "set", "vH", "up")
	}
	h.ip(t, "link", "set", "lo", "up")
	h.ip(t, "route", "add", "default", "via", FrontA)
	h.ip(t, "-6", "route", "add", "default", "via", Front6A)
	l.A.forward(t)
	return h
}
