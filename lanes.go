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
	l := &uplinkLane{newUplink(r, uplinkBatch, lane), d.NewReader()}
	l.noSA = r.acquire
	return l
}

// newUplinkLane makes the lane of another device: of a tunnel, which is down without an SA and holds nothing, or of crypto maps.
func newUplinkLane(r *Router, via string, maps bool, d tun.Device) *uplinkLane {
	l := &uplinkLane{newUplink(r, uplinkBatch, 0), d.NewReader()}
	if l.via = via; maps {
		l.noSA = r.acquire
	}
	return l
}

// run works until the device is closed.
func (l *uplinkLane) run() error {
	for {
		frames, err := l.reader.ReadBatch()
		if len(frames) > 0 {
			now := time.Now().UnixNano()
			for _, f := range frames {
				l.take(now, f)
			}
			l.end(now)
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

// run works until the socket is closed.
func (d *downlink) run() error {
	return d.serve(func(n int) { d.step(time.Now().UnixNano(), n) })
}

// ikeReader reads a socket for bare IKE.
type ikeReader struct {
	inlet
	r *Router
}

func newIKEReader(r *Router, s Socket) *ikeReader { return &ikeReader{newInlet(s, 0, ikeBatch), r} }

// run works until the socket is closed.
func (l *ikeReader) run() error {
	return l.serve(func(n int) {
		for _, m := range l.msgs[:n] {
			l.r.takeIKE(l.path(m.Remote), m.Data)
		}
	})
}

// inlet is the receiving side of a socket, as one goroutine holds it.
type inlet struct {
	local  netip.AddrPort
	vrf    string
	reader udp.Reader
	msgs   []udp.Message
}

// newInlet takes of a group of sockets the one for a lane.
func newInlet(s Socket, lane, n int) inlet {
	c := s.of(lane)
	return inlet{c.LocalAddr(), s.VRF, c.NewReader(), make([]udp.Message, n)}
}

// path is the way that a datagram has come.
func (in *inlet) path(from netip.AddrPort) sadb.Path {
	return sadb.Path{Local: in.local, Remote: from, VRF: in.vrf}
}

// serve calls take for each batch, with its length, until the socket is closed.
func (in *inlet) serve(take func(n int)) error {
	for {
		n, err := in.reader.ReadBatch(in.msgs)
		if n > 0 {
			take(n)
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
