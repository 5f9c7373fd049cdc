package seikan

import (
	"net/netip"

	"seikan/esp"
)

// fits is the largest inner packets that fit the Child SAs, counted for each interface and for each destination.
type fits struct {
	of    map[esp.SPI]fit // by inbound SPI
	count map[width]int
	to    map[destination]map[int]int // how many Child SAs carry packets of a size there
	dirty map[destination]bool        // whose sizes have changed
}

// destination is where packets that come from a device for crypto maps may go. Devices may have the same destinations.
type destination struct {
	via string
	dst netip.Prefix
}

// width is a largest packet, and the tunnel interface that it comes from, "" for the device for all.
type width struct {
	via string
	n   int
}

// fit is what one Child SA can carry.
type fit struct {
	width
	to []netip.Prefix // the destinations that its policies name; none on a tunnel interface, which leads to one peer
}

func newFits() fits {
	return fits{make(map[esp.SPI]fit), make(map[width]int), make(map[destination]map[int]int), make(map[destination]bool)}
}

func (f fits) add(in esp.SPI, n fit) {
	f.remove(in)
	f.of[in] = n
	f.count[n.width]++
	for _, p := range n.to {
		to := destination{n.via, p}
		if f.to[to] == nil {
			f.to[to] = make(map[int]int)
		}
		f.to[to][n.n]++
		f.dirty[to] = true
	}
}

func (f fits) remove(in esp.SPI) {
	n, ok := f.of[in]
	if !ok {
		return
	}
	delete(f.of, in)
	if f.count[n.width]--; f.count[n.width] == 0 {
		delete(f.count, n.width)
	}
	for _, p := range n.to {
		to := destination{n.via, p}
		if f.to[to][n.n]--; f.to[to][n.n] == 0 {
			delete(f.to[to], n.n)
		}
		if len(f.to[to]) == 0 {
			delete(f.to, to)
		}
		f.dirty[to] = true
	}
}

// least is the smallest of an interface; 0: there is none.
func (f fits) least(via string) (mtu int) {
	for v := range f.count {
		if v.via == via && (mtu == 0 || v.n < mtu) {
			mtu = v.n
		}
	}
	return mtu
}

// most is the largest of an interface; 0: there is none.
func (f fits) most(via string) (mtu int) {
	for v := range f.count {
		if v.via == via {
			mtu = max(mtu, v.n)
		}
	}
	return mtu
}

// leastTo is the smallest to a destination; 0: no Child SA leads there.
func (f fits) leastTo(to destination) (mtu int) {
	for n := range f.to[to] {
		if mtu == 0 || n < mtu {
			mtu = n
		}
	}
	return mtu
}
