// Package udp moves datagrams in batches: as many as there are in one call, without allocating.
//
// On Linux a batch is one recvmmsg or sendmmsg. Elsewhere, and where Options.Portable asks for it, a batch is a loop over
// the sockets of package net. Both behave alike and pass the same tests; package udptest has a third kind, in memory.
//
// A Conn is one bound socket. A Reader or Writer is one goroutine's view of it, with the scratch that it needs.
package udp
