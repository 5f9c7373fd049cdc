package main

import (
	"net"
	"time"

	"golang.org/x/sys/unix"
)

// setBuffer makes room for packets that wait to be read, above what the system allows others.
func setBuffer(c *net.UDPConn, n int) error {
	raw, err := c.SyscallConn()
	if err != nil {
		return err
	}
	var set error
	if err := raw.Control(func(fd uintptr) { set = unix.SetsockoptInt(int(fd), unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, n) }); err != nil {
		return err
	}
	return set
}

// nap sleeps for less than the millisecond that is the runtime's shortest.
func nap(d time.Duration) {
	t := unix.NsecToTimespec(d.Nanoseconds())
	_ = unix.Nanosleep(&t, nil)
}
