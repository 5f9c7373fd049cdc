package tun

import (
	"errors"
	"fmt"
	"net/netip"
	"os"
	"sync"
	"sync/atomic"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"seikan/internal/netns"
)

// queueLen is how many packets wait in the kernel to be read. The kernel's default for such devices, 500, is filled by a burst of
// small packets within a scheduler's slice.
const queueLen = 1000

// Host is a device of the operating system, and the routes that lead into it. It is there until Close, or until the process
// ends. Of a process that is killed the barriers and the rules stay: what was to be protected is refused, until Sweep.
type Host struct {
	*queue
	more []*queue
	link netlink.Link
	nl   *netlink.Handle // to the namespace of the device
	icmp icmp            // from that

	static bool // as in Config

	mu      sync.Mutex // guards what follows, and keeps nl open
	routes  routeSet
	mtus    map[netip.Prefix]int // of destinations, where they differ from the device's
	rules   map[int]bool         // by family: the rule is there
	chains  chains
	chained bool // chains is what the kernel has: SetRoutes was called
	closed  bool
}

// Open makes a device and sets it up. It needs the right to administer the network (CAP_NET_ADMIN) and /dev/net/tun, and for ICMP that to raw
// sockets (CAP_NET_RAW).
func Open(c Config) (*Host, error) {
	c = c.withDefaults()
	var h *Host
	err := netns.Do(c.Netns, func() (err error) {
		h, err = openHere(c)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("tun: open %s: %w", c.Name, err)
	}
	return h, nil
}

// openHere is Open in the network namespace of the thread, where the device and the netlink sockets stay.
func openHere(c Config) (*Host, error) {
	off := new(atomic.Uint32)
	off.Store(uint32(c.Off))
	q, name, err := create(c, c.Name, off)
	if err != nil {
		return nil, err
	}
	h := &Host{queue: q, icmp: openICMP(), static: c.Static, routes: routeSet{}, mtus: map[netip.Prefix]int{}, rules: map[int]bool{}}
	for i := 1; i < c.Queues && err == nil; i++ {
		if q, _, err = create(c, name, off); err == nil {
			h.more = append(h.more, q)
		}
	}
	if err == nil {
		h.nl, err = netlink.NewHandle(unix.NETLINK_ROUTE)
	}
	if err == nil {
		err = h.setUp(name, c.MTU)
	}
	if err != nil {
		h.release()
		return nil, err
	}
	return h, nil
}

// Queues are those of the device beside the one that the Host is itself. They share what is off, and Close of the Host closes them.
func (h *Host) Queues() (ds []Device) {
	for _, q := range h.more {
		ds = append(ds, q)
	}
	return ds
}

// release closes the queues, with the last of which the device ends.
func (h *Host) release() error {
	if h.nl != nil {
		h.nl.Close()
	}
	err := errors.Join(h.queue.Close(), h.icmp.close())
	for _, q := range h.more {
		err = errors.Join(err, q.Close())
	}
	return err
}

// create makes the device, or one more queue of it, and tells what the kernel called it.
func create(c Config, name string, off *atomic.Uint32) (*queue, string, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, "", &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		unix.Close(fd)
		return nil, "", err
	}
	flags := uint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if c.Queues > 1 {
		flags |= unix.IFF_MULTI_QUEUE
	}
	ifr.SetUint16(flags)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		unix.Close(fd)
		return nil, "", os.NewSyscallError("ioctl TUNSETIFF", err)
	}
	q, err := newQueue(fd, off, c.Refused)
	return q, ifr.Name(), err
}

func (h *Host) setUp(name string, mtu int) (err error) {
	if h.link, err = h.nl.LinkByName(name); err != nil {
		return err
	}
	if err := h.nl.LinkSetMTU(h.link, mtu); err != nil {
		return fmt.Errorf("mtu %d: %w", mtu, err)
	}
	if err := h.nl.LinkSetTxQLen(h.link, queueLen); err != nil {
		return fmt.Errorf("queue length: %w", err)
	}
	// Without a link-local address the kernel has nothing to send here on its own, as neighbour and router discovery. A
	// kernel without IPv6 has no such file, and where it is read-only we read and drop those packets.
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/addr_gen_mode", []byte("1"), 0)
	if err := h.nl.LinkSetUp(h.link); err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	return nil
}

// Name is the name of the interface.
func (h *Host) Name() string { return h.link.Attrs().Name }

// MTU is the largest packet that the host sends here.
func (h *Host) MTU() (int, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return 0, fmt.Errorf("tun: %s: mtu: %w", h.Name(), os.ErrClosed)
	}
	link, err := h.nl.LinkByIndex(h.link.Attrs().Index)
	if err != nil {
		return 0, fmt.Errorf("tun: %s: mtu: %w", h.Name(), err)
	}
	return link.Attrs().MTU, nil
}

// SetMTU sets the largest packet that the host sends here. Below 1280 the kernel takes IPv6 and its routes off the
// interface.
func (h *Host) SetMTU(n int) error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return fmt.Errorf("tun: %s: mtu %d: %w", h.Name(), n, os.ErrClosed)
	}
	if err := h.nl.LinkSetMTU(h.link, n); err != nil {
		return fmt.Errorf("tun: %s: mtu %d: %w", h.Name(), n, err)
	}
	return nil
}

// Close removes the routes, the rules that no other process needs, and the device.
func (h *Host) Close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil
	}
	h.closed = true
	err := h.replace(routeSet{}, chains{})
	return errors.Join(err, h.release())
}
