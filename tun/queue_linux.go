package tun

import (
	"fmt"
	"os"
	"sync/atomic"
	"syscall"
	"unsafe"

	"golang.org/x/sys/unix"

	"seikan/internal/gso"
)

// queue is the descriptor of a device, with the header in front of each frame that tells of segments and checksums. It does not block:
// package os waits.
type queue struct {
	file    *os.File
	raw     syscall.RawConn
	refused func(Offload, error)
	off     *atomic.Uint32 // the set of Offload that is not used, by any queue of the device
	closed  atomic.Bool
}

// newQueue takes fd over, also when it fails.
func newQueue(fd int, off *atomic.Uint32, refused func(Offload, error)) (*queue, error) {
	if err := unix.SetNonblock(fd, true); err != nil {
		unix.Close(fd)
		return nil, os.NewSyscallError("fcntl", err)
	}
	q := &queue{file: os.NewFile(uintptr(fd), "/dev/net/tun"), refused: refused, off: off}
	raw, err := q.file.SyscallConn()
	if err != nil {
		q.file.Close()
		return nil, err
	}
	q.raw = raw
	if err := raw.Control(q.setOffload); err != nil {
		q.file.Close()
		return nil, err
	}
	return q, nil
}

// Sets of TUNSETOFFLOAD: what the kernel may leave to us. TSO_ECN goes with TSO: we know that CWR is of the first segment only.
const (
	tunTCP = unix.TUN_F_CSUM | unix.TUN_F_TSO4 | unix.TUN_F_TSO6 | unix.TUN_F_TSO_ECN
	tunUDP = unix.TUN_F_CSUM | unix.TUN_F_USO4 | unix.TUN_F_USO6
)

// setOffload tells the kernel what it may leave to us. One that is older than Linux 6.2 knows no UDP segments in either direction.
func (q *queue) setOffload(fd uintptr) {
	set := func() error {
		flags := 0
		if q.uses(TCPSegmentation) {
			flags |= tunTCP
		}
		if q.uses(UDPSegmentation) {
			flags |= tunUDP
		}
		return unix.IoctlSetInt(int(fd), unix.TUNSETOFFLOAD, flags)
	}
	err := set()
	if err != nil && q.uses(UDPSegmentation) {
		q.refuse(UDPSegmentation, err)
		if q.uses(UDPCoalescing) {
			q.refuse(UDPCoalescing, err)
		}
		err = set()
	}
	if err != nil && q.uses(TCPSegmentation) {
		q.refuse(TCPSegmentation, err)
		_ = set() // of nothing, which is how the device began
	}
}

func (q *queue) uses(o Offload) bool { return Offload(q.off.Load())&o == 0 }

// refuse switches an offload off, and says so the first time.
func (q *queue) refuse(o Offload, err error) {
	if old := q.off.Or(uint32(o)); Offload(old)&o == 0 {
		q.refused(o, err)
	}
}

func (q *queue) Close() error {
	if q.closed.Swap(true) {
		return nil
	}
	return q.file.Close()
}

// A batch ends when this much was read, or there is nothing more: what was read is sent before it has left the cache.
const (
	readEnough = 64 << 10
	readFrames = 128
)

// queueReader reads frames back to back into one buffer.
type queueReader struct {
	*queue
	fill   func(fd uintptr) bool
	buf    []byte
	frames []Frame
	err    error
}

func (q *queue) NewReader() Reader {
	r := &queueReader{queue: q, buf: make([]byte, readEnough+slotLen), frames: make([]Frame, 0, readFrames)}
	r.fill = r.readAll
	return r
}

func (r *queueReader) ReadBatch() ([]Frame, error) {
	r.frames, r.err = r.frames[:0], nil
	if err := r.raw.Read(r.fill); err != nil {
		if r.closed.Load() {
			return nil, os.ErrClosed
		}
		r.err = fmt.Errorf("tun: read: the device is gone: %w", err) // somebody removed it
	}
	return r.frames, r.err
}

// readAll reads until there is nothing left, or enough. It is false when there was nothing at all.
func (r *queueReader) readAll(fd uintptr) bool {
	for used := 0; used < readEnough && len(r.frames) < readFrames; {
		b := r.buf[used:]
		n, errno := read(fd, b)
		switch {
		case errno == unix.EINTR:
			continue
		case errno == unix.EAGAIN:
			return len(r.frames) > 0
		case errno != 0:
			r.err = fmt.Errorf("tun: read: %w", errno)
			return true
		case n < vnetLen:
			r.err = fmt.Errorf("tun: read: %d octets of a header of %d", n, vnetLen)
			return true
		}
		r.frames = append(r.frames, Frame{Data: b[vnetLen:n:n], Offload: decode((*[vnetLen]byte)(b))})
		used += n
	}
	return true
}

// read is the system call. It is kept from the Go scheduler, which would take the processor away from a thread that is in a system call for
// 20 µs, although this one never waits: see ARCHITECTURE.md.
func read(fd uintptr, b []byte) (int, syscall.Errno) {
	n, _, errno := unix.RawSyscall(unix.SYS_READ, fd, uintptr(unsafe.Pointer(unsafe.SliceData(b))), uintptr(len(b)))
	return int(n), errno
}

// queueWriter joins packets, and writes each frame at once from where its parts are.
type queueWriter struct {
	*queue
	deliver func(fd uintptr)
	writev  func(fd uintptr, iovs []unix.Iovec) syscall.Errno // a test has a kernel that refuses
	join    gso.Coalescer
	frames  int
	hdr     [vnetLen]byte
	iovs    []unix.Iovec
	lost    int
	err     error
}

func (q *queue) NewWriter() Writer {
	w := &queueWriter{queue: q, writev: writev, iovs: make([]unix.Iovec, 1+gso.MaxParts)}
	w.deliver = w.writeAll
	return w
}

func (w *queueWriter) WriteBatch(packets [][]byte) (int, error) {
	w.join.Off[gso.TCP], w.join.Off[gso.UDP] = !w.uses(TCPCoalescing), !w.uses(UDPCoalescing)
	w.frames, w.lost, w.err = w.join.Coalesce(packets), 0, nil
	if err := w.raw.Control(w.deliver); err != nil {
		return 0, os.ErrClosed
	}
	return len(packets) - w.lost, w.err
}

func (w *queueWriter) writeAll(fd uintptr) {
	for i := range w.frames {
		parts, o := w.join.Frame(i)
		errno := w.write(fd, parts, o)
		switch {
		case errno == 0:
		case o.Kind != gso.None && errno == unix.EINVAL: // so it says where it knows nothing of this kind
			w.apart(fd, i, o.Kind)
		default:
			w.fail(len(parts), errno)
		}
	}
}

// apart writes the packets of frame i by themselves. Where the kernel takes them, it is the kind of frame that it does not take.
func (w *queueWriter) apart(fd uintptr, i int, kind gso.Kind) {
	before := w.lost
	packets := w.join.Undo(i)
	for k := range packets {
		if errno := w.write(fd, packets[k:k+1], gso.Offload{}); errno != 0 {
			w.fail(1, errno)
		}
	}
	if w.lost > before {
		return
	}
	off := TCPCoalescing
	if kind == gso.UDP {
		off = UDPCoalescing
	}
	w.join.Off[kind] = true
	w.refuse(off, os.NewSyscallError("writev", unix.EINVAL))
}

func (w *queueWriter) fail(n int, errno syscall.Errno) {
	w.lost += n
	if w.err == nil {
		w.err = fmt.Errorf("tun: write: %w", errno)
	}
}
