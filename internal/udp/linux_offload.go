//go:build linux

package udp

import (
	"net/netip"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"
)

// Segmentation offload: the kernel takes up to maxSegments datagrams of one size for one peer as one message (UDP_SEGMENT), and hands over
// those that arrived together as one (UDP_GRO). What goes through the network stack once instead of 64 times costs that much less.
const (
	maxSegments = 64
	maxTogether = 65000 // octets of one such message, with room for the headers
)

// enableGRO asks for datagrams that arrived together. A kernel that does not know of that hands each over by itself.
func enableGRO(raw syscall.RawConn) {
	_ = raw.Control(func(fd uintptr) { _ = unix.SetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_GRO, 1) })
}

// cutsUp reports whether the kernel takes datagrams together.
func cutsUp(raw syscall.RawConn) bool {
	var opErr error
	err := raw.Control(func(fd uintptr) { _, opErr = unix.GetsockoptInt(int(fd), unix.SOL_UDP, unix.UDP_SEGMENT) })
	return err == nil && opErr == nil
}

// reader is a Reader of messages that may hold several datagrams. It receives into buffers of its own, and hands the datagrams over where
// they are.
type reader struct {
	vector
	receive func(fd uintptr) bool
	bufs    [][]byte
	ctl     []control
	got     int // messages received
	errno   syscall.Errno

	next  int    // the first message that was not begun with
	begun bool   // the one before is being handed over
	rest  []byte // what is left of it
	size  int    // of its datagrams
	from  netip.AddrPort
	tos   uint8
}

// groBatch is how many messages are received at once. Each may hold maxSegments datagrams: more messages would not stay in the cache until
// they are looked at.
const groBatch = 16

func newReader(c *linuxConn) *reader {
	r := &reader{vector: vector{linuxConn: c}, ctl: make([]control, groBatch)}
	r.receive = r.recvmmsg
	r.resize(groBatch)
	for i := range groBatch {
		r.bufs = append(r.bufs, make([]byte, maxDatagram))
		r.point(i, r.bufs[i])
		r.hdrs[i].hdr.Control = (*byte)(unsafe.Pointer(&r.ctl[i]))
	}
	return r
}

func (r *reader) ReadBatch(ms []Message) (int, error) {
	if len(ms) == 0 {
		return 0, nil
	}
	if !r.begun && r.next >= r.got {
		for i := range groBatch {
			r.hdrs[i].hdr.Namelen = r.nameLen()
			r.hdrs[i].hdr.SetControllen(len(r.ctl[i]))
		}
		if err := r.raw.Read(r.receive); err != nil {
			return 0, err
		}
		if r.errno != 0 {
			return 0, sysError("recvmmsg", r.errno)
		}
		r.next = 0
	}
	n := 0
	for n < len(ms) && (r.begun || r.take()) {
		size := min(r.size, len(r.rest))
		ms[n].Data = r.rest[:size:size]
		ms[n].Remote, ms[n].TOS = r.from, r.tos
		r.rest = r.rest[size:]
		r.begun = len(r.rest) > 0
		n++
	}
	return n, nil
}

// take begins with the next message. False: there is none.
func (r *reader) take() bool {
	if r.next >= r.got {
		return false
	}
	i := r.next
	r.next++
	r.rest, r.from, r.begun = r.bufs[i][:r.hdrs[i].len], r.name(i), true
	if r.bare {
		r.rest, r.from = withoutHeader(r.rest, r.from.Addr().Is4()), netip.AddrPortFrom(r.from.Addr(), 0)
	}
	if r.size, r.tos = r.ctl[i].read(int(r.hdrs[i].hdr.Controllen)); r.size <= 0 {
		r.size = len(r.rest)
	}
	return true
}

// recvmmsg is one try. It is false when there is nothing to receive yet.
func (r *reader) recvmmsg(fd uintptr) bool {
	r.got, r.errno = r.mmsg(unix.SYS_RECVMMSG, fd, 0, groBatch)
	return r.errno != unix.EAGAIN
}

// writer is a Writer that sends datagrams of one size to one peer together.
type writer struct {
	vector
	transmit func(fd uintptr) bool
	ctl      []control
	runs     []int     // how many datagrams message i of the vector holds
	next     int       // the first message that has not been tried
	batch    []Message // that the vector holds
	sent     int       // datagrams
	errno    syscall.Errno
	prompt   bool // does not wait
	refused  int  // datagrams, from the first of ms[done:] on, that the kernel did not take together
	done     int  // datagrams that have been tried
}

func newWriter(c *linuxConn) *writer {
	w := &writer{vector: vector{linuxConn: c}}
	w.transmit = w.sendmmsg
	return w
}

func (w *writer) setPrompt() { w.prompt = true }

func (w *writer) WriteBatch(ms []Message) (int, error) {
	w.sent, w.errno = 0, 0
	single := 0 // datagrams that go one by one
	for len(ms) > 0 {
		w.plan(ms[:min(len(ms), maxBatch)], single)
		if err := w.raw.Write(w.transmit); err != nil {
			fail(ms[w.done:], err)
			w.batch = nil
			return w.sent, err
		}
		if single -= w.done; w.refused > 0 {
			single = w.refused
		}
		single = max(0, single)
		ms = ms[w.done:]
	}
	w.batch = nil
	if w.errno != 0 {
		return w.sent, sysError("sendmmsg", w.errno)
	}
	return w.sent, nil
}

// plan lays ms out in messages. The first single datagrams get one each.
func (w *writer) plan(ms []Message, single int) {
	w.resize(len(ms))
	if len(w.ctl) < len(w.hdrs) {
		w.ctl = make([]control, len(w.hdrs))
	}
	w.batch, w.runs, w.next, w.refused, w.done = ms, w.runs[:0], 0, 0, 0
	for i := 0; i < len(ms); {
		n := 1
		if i >= single && !w.noGSO.Load() {
			n = together(ms[i:])
		}
		k := len(w.runs)
		h := &w.hdrs[k].hdr
		w.setName(k, ms[i].Remote)
		h.Iov = &w.iovs[i]
		h.SetIovlen(w.gather(i, ms[i:i+n]))
		h.Control = (*byte)(unsafe.Pointer(&w.ctl[k]))
		h.SetControllen(w.ctl[k].write(n, &ms[i], !w.local.Addr().Is4()))
		w.runs = append(w.runs, n)
		i += n
	}
}

// gather points iovs at the data of ms, from iov at on, and returns how many that takes: what is back to back in memory is one.
func (w *writer) gather(at int, ms []Message) int {
	w.point(at, ms[0].Data)
	last := at
	for j := 1; j < len(ms); j++ {
		before, data := ms[j-1].Data, ms[j].Data
		if uintptr(unsafe.Pointer(unsafe.SliceData(before)))+uintptr(len(before)) == uintptr(unsafe.Pointer(unsafe.SliceData(data))) {
			w.iovs[last].SetLen(int(w.iovs[last].Len) + len(data))
			continue
		}
		last++
		w.point(last, data)
	}
	return last - at + 1
}

// together is how many datagrams from the first on can be one message: to one peer, of one class of service and one size, but the last that
// may be shorter.
func together(ms []Message) int {
	size, total := len(ms[0].Data), len(ms[0].Data)
	if size == 0 {
		return 1
	}
	n := 1
	for n < len(ms) && n < maxSegments {
		l := len(ms[n].Data)
		if ms[n].Remote != ms[0].Remote || ms[n].TOS != ms[0].TOS || l > size || l == 0 || total+l > maxTogether {
			break
		}
		n++
		if total += l; l < size {
			break
		}
	}
	return n
}

// sendmmsg sends until there is nothing left, or the kernel refuses datagrams that go together. It is false when the socket's buffer is
// full.
func (w *writer) sendmmsg(fd uintptr) bool {
	for w.next < len(w.runs) {
		n, errno := w.mmsg(unix.SYS_SENDMMSG, fd, w.next, len(w.runs))
		run := w.runs[w.next]
		switch {
		case errno == 0:
			for _, run := range w.runs[w.next : w.next+n] {
				w.sent += run
				w.done += run
			}
			w.next += n
		case errno == unix.EAGAIN && w.prompt:
			fail(w.batch[w.done:], errno)
			w.next, w.done = len(w.runs), len(w.batch)
			if w.errno == 0 {
				w.errno = errno
			}
		case errno == unix.EAGAIN:
			return false
		case run > 1: // one by one it may go: the kernel does not fragment what it has to cut up
			if errno == unix.EIO { // the device cannot, and will not the next time
				w.refuse(errno)
			}
			w.refused = run
			return true
		default:
			w.batch[w.done].Err = errno
			w.next++
			w.done++
			if w.errno == 0 {
				w.errno = errno
			}
		}
	}
	return true
}

// fail notes why none of ms was sent.
func fail(ms []Message, err error) {
	for i := range ms {
		ms[i].Err = err
	}
}
