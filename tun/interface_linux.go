package tun

import (
	"errors"
	"fmt"
	"net/netip"
	"os"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
)

// SetAddrs has the interface have exactly these addresses, each with the length of its prefix, beside those that the kernel gives it by
// itself. It goes on after an error.
func (h *Host) SetAddrs(want []netip.Prefix) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fmt.Errorf("tun: %s: addresses: %w", h.Name(), os.ErrClosed)
	}
	var errs []error
	there := make(map[netip.Prefix]bool)
	have, err := h.nl.AddrList(h.link, netlink.FAMILY_ALL)
	if err != nil {
		return fmt.Errorf("tun: %s: addresses: %w", h.Name(), err)
	}
	for _, a := range have {
		ip, _ := netip.AddrFromSlice(a.IP)
		bits, _ := a.Mask.Size()
		there[netip.PrefixFrom(ip.Unmap(), bits)] = true
	}
	for _, p := range want {
		if there[p] {
			delete(there, p)
			continue
		}
		// There is nobody on the other side who could have the address as well.
		a := &netlink.Addr{IPNet: ipNet(p), Flags: unix.IFA_F_NODAD}
		if err := h.nl.AddrAdd(h.link, a); err != nil {
			errs = append(errs, fmt.Errorf("tun: %s: address %v: %w", h.Name(), p, err))
		}
	}
	for p := range there {
		if p.Addr().IsLinkLocalUnicast() {
			continue
		}
		if err := h.nl.AddrDel(h.link, &netlink.Addr{IPNet: ipNet(p)}); err != nil {
			errs = append(errs, fmt.Errorf("tun: %s: address %v: %w", h.Name(), p, err))
		}
	}
	return errors.Join(errs...)
}

// SetCarrier tells the kernel whether packets can get through. While they cannot, what is routed to the interface is dropped.
func (h *Host) SetCarrier(up bool) error {
	v := 0
	if up {
		v = 1
	}
	var err error
	if cerr := h.raw.Control(func(fd uintptr) { err = unix.IoctlSetPointerInt(int(fd), unix.TUNSETCARRIER, v) }); cerr != nil {
		err = cerr
	}
	if err != nil {
		return fmt.Errorf("tun: %s: carrier: %w", h.Name(), err)
	}
	return nil
}
