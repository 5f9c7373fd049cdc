//go:build linux

package udp

import (
	"unsafe"

	"golang.org/x/sys/unix"
)

// overflows is how many datagrams the kernel has dropped because the socket's queue was full (SK_MEMINFO_DROPS), modulo 2^32.
func (c *linuxConn) overflows() uint64 {
	const drops, values = 8, 9
	var info [values]uint32
	size := uint32(unsafe.Sizeof(info))
	ok := false
	err := c.raw.Control(func(fd uintptr) {
		_, _, errno := unix.Syscall6(unix.SYS_GETSOCKOPT, fd, unix.SOL_SOCKET, unix.SO_MEMINFO,
			uintptr(unsafe.Pointer(&info)), uintptr(unsafe.Pointer(&size)), 0)
		ok = errno == 0 && size >= uint32(unsafe.Sizeof(info))
	})
	if err != nil || !ok {
		return 0
	}
	return uint64(info[drops])
}
