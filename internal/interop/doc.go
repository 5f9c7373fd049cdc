// Package interop is the test bench for the router against a real peer: two network namespaces joined by a cable, strongSwan's
// charon at one end, the router's own binary at the other, and ping and iperf3 to see whether packets get through.
//
//	namespace A: seikan run            namespace B: charon, ESP by libipsec
//	  lo 10.10.10.1, fd00:10::1          lo 10.30.30.1, fd00:30::1
//	  vA 192.0.2.1, 2001:db8::1 -------- vB 192.0.2.2, 2001:db8::2
//
// Only tests use it. It needs root on Linux and a few packages, which scripts/install-peers.sh installs; Require says so and
// skips the test where something is missing. Everything that a test starts or makes has a name of its own and is gone when the
// test ends, also when it fails; no two tests get in each other's way.
//
// The helpers take the test that they work for as their first argument and end it with Fatal where they cannot go on, so they
// must be called from the test's own goroutine.
package interop
