package ping

import (
	"errors"
	"net"

	"golang.org/x/sys/unix"
)

// setFragment says whether this host and routers may fragment the requests. Left alone, the system would try for itself.
func setFragment(conn *net.IPConn, r Request) error {
	raw, err := conn.SyscallConn()
	if err != nil {
		return err
	}
	level, option, may, must := unix.IPPROTO_IP, unix.IP_MTU_DISCOVER, unix.IP_PMTUDISC_DONT, unix.IP_PMTUDISC_DO
	if r.To.Is6() {
		level, option, may, must = unix.IPPROTO_IPV6, unix.IPV6_MTU_DISCOVER, unix.IPV6_PMTUDISC_DONT, unix.IPV6_PMTUDISC_DO
	}
	if r.DontFragment {
		may = must
	}
	var serr error
	err = raw.Control(func(fd uintptr) {
		if serr = unix.SetsockoptInt(int(fd), level, option, may); serr == nil && r.To.Is6() && r.DontFragment {
			serr = unix.SetsockoptInt(int(fd), level, unix.IPV6_DONTFRAG, 1)
		}
	})
	return errors.Join(err, serr)
}
