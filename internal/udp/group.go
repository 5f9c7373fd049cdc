package udp

import (
	"errors"
	"fmt"
	"net/netip"
)

// ListenGroup opens n sockets on one address, so that several goroutines can receive without meeting: the first four octets of a datagram,
// which in ESP are the SPI, decide which one it comes to. Those of one SA come to one socket, in order; messages behind the non-ESP marker
// come to the first. Datagrams that go or come together (GSO, GRO) go where the first of them goes. Each socket may send to anybody. Where the
// system cannot do that it opens one, and a group of one is what Listen opens, but for Options.MayFragment.
func ListenGroup(addr netip.AddrPort, n int, o Options) ([]Conn, error) {
	first, err := Listen(addr, o)
	loose := err == nil && o.MayFragment && canLoosen(first)
	if err != nil || n <= 1 && !loose || o.Portable {
		return []Conn{first}, err
	}
	group := []Conn{first}
	fail := func(err error) ([]Conn, error) {
		for _, c := range group {
			c.Close()
		}
		return nil, fmt.Errorf("udp: listen %v: group of %d: %w", addr, n, err)
	}
	// Only now, so that the address was free: two that both allow it can have it at the same time.
	if err := setReusePort(first); errors.Is(err, errors.ErrUnsupported) {
		return group, nil
	} else if err != nil {
		return fail(err)
	}
	o.reusePort = true
	for len(group) < n {
		c, err := Listen(first.LocalAddr(), o)
		if err != nil {
			return fail(err)
		}
		group = append(group, c)
	}
	if loose { // behind those that are to be chosen
		for _, c := range group {
			if err := loosen(c, func() (Conn, error) { return Listen(first.LocalAddr(), o) }); err != nil {
				return fail(err)
			}
		}
	}
	if err := steer(first, n); err != nil {
		return fail(err)
	}
	return group, nil
}
