package cli

import (
	"net"
	"os/user"
	"strconv"
	"syscall"
)

// peerName is the user of this machine at the other end of a connection, as the kernel has it; "" where it is of no socket that tells.
func peerName(conn net.Conn) string {
	c, ok := conn.(*net.UnixConn)
	if !ok {
		return ""
	}
	raw, err := c.SyscallConn()
	if err != nil {
		return ""
	}
	var who *syscall.Ucred
	var werr error
	if err := raw.Control(func(fd uintptr) {
		who, werr = syscall.GetsockoptUcred(int(fd), syscall.SOL_SOCKET, syscall.SO_PEERCRED)
	}); err != nil || werr != nil {
		return ""
	}
	id := strconv.FormatUint(uint64(who.Uid), 10)
	if u, err := user.LookupId(id); err == nil {
		return u.Username
	}
	return id
}
