//go:build linux

package udp

import (
	"encoding/binary"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// control is what goes along with a message, in either direction: the size of the datagrams that it is put together of, and its class of
// service. It has room for a control message with a number for each.
type control [2 * cmsgSpace]byte

const cmsgSpace = unix.SizeofCmsghdr + 8 // at least

// number is where the number of a control message is.
var number = unix.CmsgLen(0)

// write describes a message of n datagrams whose first is m, and returns the octets that it takes; 0: there is nothing to say.
func (c *control) write(n int, m *Message, v6 bool) int {
	at := 0
	if n > 1 {
		binary.NativeEndian.PutUint16(c.put(at, unix.SOL_UDP, unix.UDP_SEGMENT, 2), uint16(len(m.Data)))
		at += unix.CmsgSpace(2)
	}
	if m.TOS != 0 {
		level, kind := int32(unix.IPPROTO_IP), int32(unix.IP_TOS)
		if v6 {
			level, kind = unix.IPPROTO_IPV6, unix.IPV6_TCLASS
		}
		binary.NativeEndian.PutUint32(c.put(at, level, kind, 4), uint32(m.TOS))
		at += unix.CmsgSpace(4)
	}
	return at
}

// put writes the header of a control message with n octets, and returns those.
func (c *control) put(at int, level, kind int32, n int) []byte {
	h := (*unix.Cmsghdr)(unsafe.Pointer(&c[at]))
	h.Level, h.Type = level, kind
	h.SetLen(unix.CmsgLen(n))
	return c[at+number:][:n]
}

// read is what the first n octets, which the kernel has written, say: the size of the datagrams, 0 if it is one datagram, and the class of
// service.
func (c *control) read(n int) (size int, tos uint8) {
	for at := 0; at+number <= min(n, len(c)); {
		h := (*unix.Cmsghdr)(unsafe.Pointer(&c[at]))
		if int(h.Len) < number || int(h.Len) > len(c)-at {
			break
		}
		switch data := c[at+number : at+int(h.Len)]; {
		case h.Level == unix.SOL_UDP && h.Type == unix.UDP_GRO && len(data) >= 4:
			size = int(int32(binary.NativeEndian.Uint32(data)))
		case h.Level == unix.IPPROTO_IP && h.Type == unix.IP_TOS && len(data) >= 1:
			tos = data[0]
		case h.Level == unix.IPPROTO_IPV6 && h.Type == unix.IPV6_TCLASS && len(data) >= 4:
			tos = uint8(binary.NativeEndian.Uint32(data))
		}
		at += unix.CmsgSpace(int(h.Len) - number)
	}
	return size, tos
}

// reportTOS asks for the class of service of what comes. A kernel that does not tell leaves it 0.
func reportTOS(raw syscall.RawConn, v6 bool) {
	_ = raw.Control(func(fd uintptr) {
		if v6 {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IPV6, unix.IPV6_RECVTCLASS, 1)
		} else {
			_ = unix.SetsockoptInt(int(fd), unix.IPPROTO_IP, unix.IP_RECVTOS, 1)
		}
	})
}
