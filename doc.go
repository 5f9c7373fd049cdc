// Package seikan is a software VPN router: IPsec tunnels in user space, keyed by its own IKEv2.
//
// A Router joins a packet device (package tun) to UDP sockets. New makes one of a Config, and Run works until its context
// ends:
//
//	dev, err := tun.Open(tun.Config{})
//	…
//	conn, err := seikan.Listen(netip.MustParseAddrPort("192.0.2.1:4500"), seikan.ListenOptions{})
//	…
//	r, err := seikan.New(seikan.Config{IKE: …, Policies: …, Device: dev, Sockets: []seikan.Socket{{Conn: conn, NATT: true}}})
//	…
//	err = r.Run(ctx)
//
// # Inside
//
// This package is the only one of the library that starts goroutines, reads the clock and logs; the packages below it
// take octets and the time, and return results.
//
//   - The control goroutine owns the key management (ike.Endpoint), the writes to the SA database (sadb.DB), the
//     sessions (session.Tracker), the packets that wait for an SA, and the one timer.
//   - A lane is a goroutine with scratch of its own that reads a batch, transforms it and writes it, to completion.
//     There is one uplink lane, from the device to the sockets, so that the order on the wire is the order of the sequence
//     numbers, and one downlink lane for each socket that carries ESP.
//   - A socket for bare IKE has a small reader.
//
// Lanes look SAs up without locking and never wait for control. What control must know they put in bounded queues,
// and count what does not fit.
package seikan
