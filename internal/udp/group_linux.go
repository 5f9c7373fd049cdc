package udp

import (
	"errors"
	"os"
	"syscall"

	"golang.org/x/sys/unix"
)

// setReusePort lets other sockets of this user have the same address.
func setReusePort(c Conn) error {
	return setsockopt(c.(*linuxConn).raw, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

func reusePort(raw syscall.RawConn, on bool) error {
	if !on {
		return nil
	}
	return setsockopt(raw, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1)
}

// steer has the kernel choose among the n sockets of a group, in the order in which they are bound, by the first four octets of a datagram
// modulo n. Of what is shorter the first socket takes care. raw is the first one, and is not bound yet: so the program is there before any
// other socket is. The address is still its own: that others may have it is for setReusePort to say.
func steer(raw syscall.RawConn, n int) error {
	program := []unix.SockFilter{
		{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}, // a load beyond the end ends the program with 0
		{Code: unix.BPF_ALU | unix.BPF_MOD | unix.BPF_K, K: uint32(n)},
		{Code: unix.BPF_RET | unix.BPF_A},
	}
	fprog := unix.SockFprog{Len: uint16(len(program)), Filter: &program[0]}
	if err := setsockopt(raw, unix.SOL_SOCKET, unix.SO_REUSEPORT, 1); err != nil { // without it there is no group that could have a program
		return err
	}
	var opErr error
	err := raw.Control(func(fd uintptr) {
		opErr = unix.SetsockoptSockFprog(int(fd), unix.SOL_SOCKET, unix.SO_ATTACH_REUSEPORT_CBPF, &fprog)
	})
	if err = errors.Join(err, os.NewSyscallError("setsockopt SO_ATTACH_REUSEPORT_CBPF", opErr)); err != nil {
		return err
	}
	return setsockopt(raw, unix.SOL_SOCKET, unix.SO_REUSEPORT, 0)
}
