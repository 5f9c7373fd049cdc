package session

import (
	"fmt"
	"io"
	"net/netip"
	"strings"
)

// InterfaceAddresses is an interface as the short listings have it.
type InterfaceAddresses struct {
	Interface string   `json:"interface"`
	Addresses []string `json:"addresses"` // of one family, without the length of the prefix
	Up        bool     `json:"up"`
}

// InterfaceAddresses is the interfaces with their addresses of one family.
func (t Tables) InterfaceAddresses(v6 bool) []InterfaceAddresses {
	list := make([]InterfaceAddresses, 0, len(t.Interfaces))
	for _, f := range t.Interfaces {
		v := InterfaceAddresses{f.Name, []string{}, f.Up}
		for _, text := range f.Addresses {
			text, _, _ = strings.Cut(text, "/")
			if a, err := netip.ParseAddr(text); err == nil && a.Is6() == v6 {
				v.Addresses = append(v.Addresses, addrText(a))
			}
		}
		list = append(list, v)
	}
	return list
}

// RenderInterfaceAddresses writes `show ip interface brief`, or with v6 `show ipv6 interface brief`. Its error is w's.
func RenderInterfaceAddresses(w io.Writer, list []InterfaceAddresses, v6 bool) error {
	var b []byte
	if !v6 {
		b = append(b, "Interface              IP-Address      OK? Method Status                Protocol\n"...)
	}
	for _, f := range list {
		state := "down"
		if f.Up {
			state = "up"
		}
		switch {
		case v6:
			b = fmt.Appendf(b, "%-22s [%s/%s]\n", f.Interface, state, state)
			for _, a := range f.Addresses {
				b = fmt.Appendf(b, "    %s\n", a)
			}
			if len(f.Addresses) == 0 {
				b = append(b, "    unassigned\n"...)
			}
		case len(f.Addresses) == 0:
			b = fmt.Appendf(b, "%-22s %-15s YES unset  %-21s %-8s\n", f.Interface, "unassigned", state, state)
		default: // the others are secondary, and not listed
			b = fmt.Appendf(b, "%-22s %-15s YES manual %-21s %-8s\n", f.Interface, f.Addresses[0], state, state)
		}
	}
	return write(w, b)
}
