package interop

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"net"
	"slices"
	"testing"

	"golang.org/x/sys/unix"
)

// start carries frames between two devices of the storm's namespace until it stops.
func (s *Storm) start(t testing.TB, one, other string) {
	t.Helper()
	var fds [2]int
	s.Enter(t, func() (err error) {
		for i, device := range []string{one, other} {
			if fds[i], err = tap(device); err != nil {
				return fmt.Errorf("%s: %w", device, err)
			}
		}
		return nil
	})
	for i := range fds {
		s.done.Add(1)
		go func() {
			defer s.done.Done()
			s.carry(fds[i], fds[1-i], rand.New(rand.NewPCG(4303, uint64(i))))
		}()
	}
	go func() { // both use both
		s.done.Wait()
		for _, fd := range fds {
			unix.Close(fd)
		}
	}()
}

// tap opens a device of this thread's namespace for whole frames.
func tap(device string) (int, error) {
	const buffer = 16 << 20
	d, err := net.InterfaceByName(device)
	if err != nil {
		return -1, err
	}
	all := uint16(unix.ETH_P_ALL)<<8 | unix.ETH_P_ALL>>8 // in network byte order
	fd, err := unix.Socket(unix.AF_PACKET, unix.SOCK_RAW|unix.SOCK_CLOEXEC, 0)
	if err != nil {
		return -1, err
	}
	err = errors.Join(
		unix.SetsockoptInt(fd, unix.SOL_PACKET, unix.PACKET_IGNORE_OUTGOING, 1),
		unix.SetsockoptInt(fd, unix.SOL_SOCKET, unix.SO_RCVBUFFORCE, buffer),
		unix.SetsockoptTimeval(fd, unix.SOL_SOCKET, unix.SO_RCVTIMEO, &unix.Timeval{Usec: 2000}),
		unix.Bind(fd, &unix.SockaddrLinklayer{Protocol: all, Ifindex: d.Index}),
	)
	if err != nil {
		unix.Close(fd)
		return -1, err
	}
	return fd, nil
}

// carry takes frames from one device to the other.
func (s *Storm) carry(from, to int, r *rand.Rand) {
	buf := make([]byte, 1<<16)
	var held []byte // the frame that is late
	waits := 0      // frames that shall pass it
	send := func(frame []byte) {
		_ = unix.Send(to, frame, 0) // what a full device does not take is lost, as elsewhere
		s.carried.Add(1)
	}
	for !s.stop.Load() {
		n, _, err := unix.Recvfrom(from, buf, 0)
		switch dice := r.IntN(1000); {
		case err != nil: // no frame for a while
			waits = 0
		case dice < stormLoss:
			s.lost.Add(1)
			continue
		case dice < stormLoss+stormLate && held == nil:
			held, waits = slices.Clone(buf[:n]), 1+r.IntN(stormHold)
			s.late.Add(1)
			continue
		default:
			send(buf[:n])
			waits--
		}
		if held != nil && waits <= 0 {
			send(held)
			held = nil
		}
	}
}
