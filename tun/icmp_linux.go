package tun

import (
	"errors"
	"net/netip"
	"os"

	"golang.org/x/sys/unix"
)

// icmp is sockets that send ICMP messages, and receive none.
type icmp struct{ v4, v6 *os.File } // nil: the kernel or its limits on this process do not let it

// openICMP opens the sockets, in the network namespace of the thread.
func openICMP() (s icmp) {
	if fd, err := unix.Socket(unix.AF_INET, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_ICMP); err == nil {
		const all = -1
		s.v4 = mute(fd, unix.SetsockoptInt(fd, unix.SOL_RAW, unix.ICMP_FILTER, all))
	}
	if fd, err := unix.Socket(unix.AF_INET6, unix.SOCK_RAW|unix.SOCK_CLOEXEC|unix.SOCK_NONBLOCK, unix.IPPROTO_ICMPV6); err == nil {
		var all unix.ICMPv6Filter
		for i := range all.Data {
			all.Data[i] = ^uint32(0)
		}
		s.v6 = mute(fd, unix.SetsockoptICMPv6Filter(fd, unix.IPPROTO_ICMPV6, unix.ICMPV6_FILTER, &all))
	}
	return s
}

// mute makes a file of a socket that was told to receive nothing, unless that was refused.
func mute(fd int, err error) *os.File {
	if err != nil {
		unix.Close(fd)
		return nil
	}
	return os.NewFile(uintptr(fd), "icmp")
}

func (s icmp) close() (err error) {
	for _, f := range [...]*os.File{s.v4, s.v6} {
		if f != nil {
			err = errors.Join(err, f.Close())
		}
	}
	return err
}

// send sends a message, or lets it be where that is not possible at once: nobody may rely on an ICMP error.
func (s icmp) send(to netip.Addr, message []byte) {
	f, sa := s.v6, unix.Sockaddr(nil)
	if to.Is4() {
		f, sa = s.v4, &unix.SockaddrInet4{Addr: to.As4()}
	} else {
		sa = &unix.SockaddrInet6{Addr: to.As16()}
	}
	if f == nil {
		return
	}
	raw, err := f.SyscallConn()
	if err != nil {
		return
	}
	_ = raw.Control(func(fd uintptr) { _ = unix.Sendto(int(fd), message, unix.MSG_DONTWAIT, sa) })
}

// ICMP sends an ICMP message from an address of the host: that which leads to the receiver. The checksum of ICMPv6 the kernel makes. It does not
// wait, nor tell whether the message has left, and may be called by several goroutines at once. Nil: this process may not (CAP_NET_RAW).
func (h *Host) ICMP() func(to netip.Addr, message []byte) {
	if h.icmp.v4 == nil {
		return nil
	}
	return h.icmp.send
}
