package udp

import (
	"errors"
	"fmt"
	"net/netip"
	"syscall"
)

// ListenGroup opens n sockets on one address, so that several goroutines can receive without meeting: the first four octets of a datagram,
// which in ESP are the SPI, decide which one it comes to. Those of one SA come to one socket, in order; messages behind the non-ESP marker
// come to the first. Datagrams that go or come together (GSO, GRO) go where the first of them goes. Each socket may send to anybody. Where the
// system cannot do that it opens one (Options.Unsteered), and a group of one is what Listen opens, but for Options.MayFragment.
func ListenGroup(addr netip.AddrPort, n int, o Options) ([]Conn, error) {
	loose := o.MayFragment && canLoosen(addr.Addr())
	if n <= 1 && !loose || o.Portable {
		return alone(addr, o)
	}
	grouped := o
	grouped.group = max(1, n)
	first, err := Listen(addr, grouped)
	var unsteered *unsteeredError
	if errors.As(err, &unsteered) {
		if o.Unsteered != nil {
			o.Unsteered(unsteered.err)
		}
		return alone(addr, o)
	}
	if err != nil {
		return nil, err
	}
	group := []Conn{first}
	fail := func(err error) ([]Conn, error) {
		for _, c := range group {
			c.Close()
		}
		return nil, fmt.Errorf("udp: listen %v: group of %d: %w", addr, n, err)
	}
	// Only now, so that the address was free: two that both allow it can have it at the same time.
	if err := setReusePort(first); err != nil {
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
	if loose { // behind those that are to be chosen: the kernel never does
		for _, c := range group {
			if err := loosen(c, func() (Conn, error) { return Listen(first.LocalAddr(), o) }); err != nil {
				return fail(err)
			}
		}
	}
	return group, nil
}

func alone(addr netip.AddrPort, o Options) ([]Conn, error) {
	c, err := Listen(addr, o)
	return []Conn{c}, err
}

// unsteeredError: the system cannot steer datagrams to the sockets of a group.
type unsteeredError struct{ err error }

func (e *unsteeredError) Error() string { return e.err.Error() }
func (e *unsteeredError) Unwrap() error { return e.err }

// steerGroup has a socket that is not bound yet be the first of a group, whose datagrams are steered from the beginning.
func (o *Options) steerGroup(raw syscall.RawConn) error {
	if o.group == 0 {
		return nil
	}
	begin := steer
	if o.steer != nil {
		begin = o.steer
	}
	if err := begin(raw, o.group); err != nil {
		return &unsteeredError{err}
	}
	return nil
}
