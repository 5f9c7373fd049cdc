package seikan

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"seikan/internal/udp"
	"seikan/sadb"
	"seikan/tun"
)

// Packets that are sealed at once, and datagrams that are read at once.
const (
	uplinkBatch   = 128
	downlinkBatch = 128
	ikeBatch      = 8
)

// uplinkLane reads the device and hands what it read to its uplink.
type uplinkLane struct {
	*uplink
	device tun.Device
	reader tun.Reader
}

// queue is the queue of the device for all that a lane takes.
func (r *Router) queue(lane int) tun.Device {
	if i := lane % (1 + len(r.cfg.Queues)); i > 0 {
		return r.cfg.Queues[i-1]
	}
	return r.cfg.Device
}

// newMapLane makes the lane of a queue of the device for all.
func newMapLane(r *Router, d tun.Device, lane int) *uplinkLane {
	l := &uplinkLane{newUplink(r, uplinkBatch, lane), d, d.NewReader()}
	l.noSA = r.acquire
	return l
}

// newUplinkLane makes the lane of another device: of a tunnel, which is down without an SA and holds nothing, or of crypto maps.
func newUplinkLane(r *Router, via string, maps bool, d tun.Device) *uplinkLane {
	l := &uplinkLane{newUplink(r, uplinkBatch, 0), d, d.NewReader()}
	if l.via = via; maps {
		l.noSA = r.acquire
	}
	return l
}

// run works until the device is closed.
func (l *uplinkLane) run() error {
	for {
		frames, err := l.read()
		if len(frames) > 0 {
			l.batch(frames)
		}
		switch {
		case err == nil:
		case errors.Is(err, os.ErrClosed):
			return nil
		default:
			return fmt.Errorf("seikan: read device: %w", err)
		}
	}
}

// read reads a batch. A panic there costs the Reader.
func (l *uplinkLane) read() (frames []tun.Frame, err error) {
	defer func() {
		if v := recover(); v != nil {
			l.reader = l.device.NewReader()
			frames, err = nil, l.r.caughtReading("device", v)
		}
	}()
	return l.reader.ReadBatch()
}

// batch sends a batch. A panic costs what is left of it.
func (l *uplinkLane) batch(frames []tun.Frame) {
	defer func() {
		if v := recover(); v != nil {
			l.abandon()
			l.r.caughtIn("outbound packets", len(frames), v)
		}
	}()
	now := l.r.db.Stamp(time.Now())
	for _, f := range frames {
		l.take(now, f)
	}
	l.end(now)
}

// run works until the socket is closed.
func (d *downlink) run() error {
	return d.serve(d.r, func(n int) { d.step(d.r.db.Stamp(time.Now()), n) }, d.abandon)
}

// ikeReader reads a socket for bare IKE.
type ikeReader struct {
	inlet
	r *Router
}

func newIKEReader(r *Router, s Socket) *ikeReader { return &ikeReader{newInlet(s, 0, ikeBatch), r} }

// run works until the socket is closed.
func (l *ikeReader) run() error {
	return l.serve(l.r, func(n int) {
		for _, m := range l.msgs[:n] {
			l.r.takeIKE(l.path(m.Remote), m.Data)
		}
	}, func() {})
}

// inlet is the receiving side of a socket, as one goroutine holds it.
type inlet struct {
	conn   udp.Conn
	local  netip.AddrPort
	vrf    string
	reader udp.Reader
	msgs   []udp.Message
}

// newInlet takes of a group of sockets the one for a lane.
func newInlet(s Socket, lane, n int) inlet {
	c := s.of(lane)
	return inlet{c, c.LocalAddr(), s.VRF, c.NewReader(), make([]udp.Message, n)}
}

// path is the way that a datagram has come.
func (in *inlet) path(from netip.AddrPort) sadb.Path {
	return sadb.Path{Local: in.local, Remote: from, VRF: in.vrf}
}

// serve calls take for each batch, with its length, until the socket is closed; and abandon when a panic has ended a call.
func (in *inlet) serve(r *Router, take func(n int), abandon func()) error {
	for {
		n, err := in.read(r)
		if n > 0 {
			in.batch(r, n, take, abandon)
		}
		switch {
		case err == nil:
		case errors.Is(err, net.ErrClosed):
			return nil
		default:
			return fmt.Errorf("seikan: read %v%s: %w", in.local, inVRF(in.vrf), err)
		}
	}
}

// read reads a batch. A panic there costs the Reader.
func (in *inlet) read(r *Router) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			in.reader = in.conn.NewReader()
			n, err = 0, r.caughtReading("socket", v)
		}
	}()
	return in.reader.ReadBatch(in.msgs)
}

// batch takes a batch of n. A panic costs what is left of it.
func (in *inlet) batch(r *Router, n int, take func(n int), abandon func()) {
	defer func() {
		if v := recover(); v != nil {
			abandon()
			r.caughtIn("inbound packets", n, v)
		}
	}()
	take(n)
}
