package udp

import (
	"errors"
	"net/netip"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// IPv4 has no control message for the flag DF: the kernel takes it from the socket. So messages with MayFragment have a socket of their own at
// the same address, which sends and is never chosen to receive.

// loosen gives c the second socket, which open opens.
func loosen(c Conn, open func() (Conn, error)) error {
	second, err := open()
	if err != nil {
		return err
	}
	lc, loose := c.(*linuxConn), second.(*linuxConn)
	if err := setsockopt(loose.raw, unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT); err != nil {
		return errors.Join(err, second.Close())
	}
	loose.onRefused = lc.refuse // which is said once for both
	lc.loose = loose
	return nil
}

// canLoosen reports whether there is anything to choose: IPv6 has no such flag, its routers never fragment.
func canLoosen(a netip.Addr) bool { return a.Unmap().Is4() }

// deafen has a raw socket receive nothing, as each raw socket gets a copy of all that comes. Connected to its own address, from which nothing
// comes, there is no copy at all; an address that is not here cannot be connected to, and a filter drops the copies.
func deafen(raw syscall.RawConn, addr [4]byte) error {
	var opErr error
	err := raw.Control(func(fd uintptr) {
		if opErr = unix.Connect(int(fd), &unix.SockaddrInet4{Addr: addr}); opErr == nil {
			return
		}
		nothing := unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: 0}
		opErr = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_FILTER, &unix.SockFprog{Len: 1, Filter: &nothing})
	})
	return errors.Join(err, os.NewSyscallError("setsockopt", opErr))
}

// forked is a Writer that sends by two sockets, in order.
type forked struct{ whole, loose *writer }

func (f forked) WriteBatch(ms []Message) (sent int, first error) {
	for len(ms) > 0 {
		w, n := f.whole, 1
		if ms[0].MayFragment {
			w = f.loose
		}
		for n < len(ms) && ms[n].MayFragment == ms[0].MayFragment {
			n++
		}
		m, err := w.WriteBatch(ms[:n])
		if sent += m; first == nil {
			first = err
		}
		ms = ms[n:]
	}
	return sent, first
}

func (f forked) setPrompt() {
	f.whole.setPrompt()
	f.loose.setPrompt()
}
