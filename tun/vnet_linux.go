package tun

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"seikan/internal/gso"
)

// vnetLen is the length of the header in front of each frame, struct virtio_net_hdr of the kernel: flags, kind of segments, length of the
// headers, size of a segment, where the checksum begins and where in that it is stored; 16-bit numbers in the order of this machine.
const vnetLen = 10

// decode reads the header of a frame from the kernel. How long the headers are it says wrongly of frames that it forwards, and is not read.
func decode(h *[vnetLen]byte) (o gso.Offload) {
	ne := binary.NativeEndian
	switch h[1] &^ unix.VIRTIO_NET_HDR_GSO_ECN {
	case unix.VIRTIO_NET_HDR_GSO_TCPV4, unix.VIRTIO_NET_HDR_GSO_TCPV6:
		o.Kind = gso.TCP
	case unix.VIRTIO_NET_HDR_GSO_UDP_L4:
		o.Kind = gso.UDP
	}
	if o.Kind != gso.None {
		o.Size = int(ne.Uint16(h[4:]))
	}
	if h[0]&unix.VIRTIO_NET_HDR_F_NEEDS_CSUM != 0 {
		o.Partial, o.Start, o.Field = true, int(ne.Uint16(h[6:])), int(ne.Uint16(h[8:]))
	}
	return o
}

// encode writes the header of a frame for the kernel. first is its first packet.
func encode(h *[vnetLen]byte, o gso.Offload, first []byte) {
	*h = [vnetLen]byte{}
	if !o.Partial {
		return
	}
	ne := binary.NativeEndian
	h[0] = unix.VIRTIO_NET_HDR_F_NEEDS_CSUM
	ne.PutUint16(h[6:], uint16(o.Start))
	ne.PutUint16(h[8:], uint16(o.Field))
	switch {
	case o.Kind == gso.None:
		return
	case o.Kind == gso.UDP:
		h[1] = unix.VIRTIO_NET_HDR_GSO_UDP_L4
	case first[0]>>4 == 4:
		h[1] = unix.VIRTIO_NET_HDR_GSO_TCPV4
	default:
		h[1] = unix.VIRTIO_NET_HDR_GSO_TCPV6
	}
	ne.PutUint16(h[2:], uint16(len(first)-o.Size))
	ne.PutUint16(h[4:], uint16(o.Size))
}

// write is one writev of a frame. There is no waiting: the kernel queues what is written, or drops it.
func (w *queueWriter) write(fd uintptr, parts [][]byte, o gso.Offload) syscall.Errno {
	encode(&w.hdr, o, parts[0])
	w.iovs[0].Base = &w.hdr[0]
	w.iovs[0].SetLen(vnetLen)
	for i, p := range parts {
		w.iovs[1+i].Base = unsafe.SliceData(p)
		w.iovs[1+i].SetLen(len(p))
	}
	return w.writev(fd, w.iovs[:1+len(parts)])
}

// writev is the system call, kept from the Go scheduler as read is.
func writev(fd uintptr, iovs []unix.Iovec) syscall.Errno {
	for {
		_, _, errno := unix.RawSyscall(unix.SYS_WRITEV, fd, uintptr(unsafe.Pointer(unsafe.SliceData(iovs))), uintptr(len(iovs)))
		if errno != unix.EINTR {
			return errno
		}
	}
}
