package tun

import (
	"errors"
	"fmt"
	"os"
	"sync"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"
	wgtun "golang.zx2c4.com/wireguard/tun"
)

// queueLen is how many packets wait in the kernel to be read. The kernel's default for such devices, 500, is filled by a burst of
// small packets within a scheduler's slice.
const queueLen = 1000

// Host is a device of the operating system, and the routes that lead into it. It is there until Close, or until the process
// ends; a rule may survive a process that is killed, and does nothing without routes.
type Host struct {
	Device
	link netlink.Link

	mu     sync.Mutex // guards routes, rules and closed
	routes routeSet
	rules  map[int]bool // by family: the rule is there
	closed bool
}

// Open makes a device and sets it up. It needs the right to administer the network (CAP_NET_ADMIN) and /dev/net/tun.
func Open(c Config) (*Host, error) {
	c = c.withDefaults()
	dev, name, err := create(c.Name)
	if err != nil {
		return nil, fmt.Errorf("tun: open %s: %w", c.Name, err)
	}
	h := &Host{Device: dev, routes: routeSet{}, rules: map[int]bool{}}
	if err := h.setUp(name, c.MTU); err != nil {
		dev.Close()
		return nil, fmt.Errorf("tun: open %s: %w", name, err)
	}
	return h, nil
}

// create makes the device with the segmentation and checksum offloads on. The file that we open ourselves, rather than
// have wireguard/tun open it, is one that nobody watches: no goroutine and no queue of events that must be read.
func create(name string) (wgtun.Device, string, error) {
	fd, err := unix.Open("/dev/net/tun", unix.O_RDWR|unix.O_CLOEXEC, 0)
	if err != nil {
		return nil, "", &os.PathError{Op: "open", Path: "/dev/net/tun", Err: err}
	}
	ifr, err := unix.NewIfreq(name)
	if err != nil {
		unix.Close(fd)
		return nil, "", err
	}
	ifr.SetUint16(unix.IFF_TUN | unix.IFF_NO_PI | unix.IFF_VNET_HDR)
	if err := unix.IoctlIfreq(fd, unix.TUNSETIFF, ifr); err != nil {
		unix.Close(fd)
		return nil, "", os.NewSyscallError("ioctl TUNSETIFF", err)
	}
	// The file is the device's from here on: closing the descriptor as well could close another file.
	return wgtun.CreateUnmonitoredTUNFromFD(fd)
}

func (h *Host) setUp(name string, mtu int) (err error) {
	if h.link, err = netlink.LinkByName(name); err != nil {
		return err
	}
	if err := netlink.LinkSetMTU(h.link, mtu); err != nil {
		return fmt.Errorf("mtu %d: %w", mtu, err)
	}
	if err := netlink.LinkSetTxQLen(h.link, queueLen); err != nil {
		return fmt.Errorf("queue length: %w", err)
	}
	// Without a link-local address the kernel has nothing to send here on its own, as neighbour and router discovery. A
	// kernel without IPv6 has no such file, and where it is read-only we read and drop those packets.
	_ = os.WriteFile("/proc/sys/net/ipv6/conf/"+name+"/addr_gen_mode", []byte("1"), 0)
	if err := netlink.LinkSetUp(h.link); err != nil {
		return fmt.Errorf("set up: %w", err)
	}
	return nil
}

// Name is the name of the interface.
func (h *Host) Name() string { return h.link.Attrs().Name }

// SetMTU sets the largest packet that the host sends here. Below 1280 the kernel takes IPv6 and its routes off the
// interface.
func (h *Host) SetMTU(n int) error {
	if err := netlink.LinkSetMTU(h.link, n); err != nil {
		return fmt.Errorf("tun: %s: mtu %d: %w", h.Name(), n, err)
	}
	return nil
}

// Close removes the routes, the rules that no other process needs, and the device.
func (h *Host) Close() error {
	h.mu.Lock()
	if h.closed {
		h.mu.Unlock()
		return nil
	}
	h.closed = true
	err := h.replace(routeSet{})
	h.mu.Unlock()
	return errors.Join(err, h.Device.Close())
}
