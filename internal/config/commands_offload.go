package config

import "seikan/tun"

// Offloads are the ways to spare the host's network stack the work of single packets that are not to be used. They are chosen when the
// router starts.
type Offloads struct {
	Device         tun.Offload // of the device of inner packets
	NoSegmentation bool        // outer datagrams do not go to the kernel together
	NoCoalescing   bool        // nor come from it together
}

// offloads are what the lines about each set, in the order of `show running-config`.
func (m *Model) offloadSettings() []offloadSetting {
	device := func(o tun.Offload) func(bool) {
		return func(off bool) {
			if m.offloads.Device &^= o; off {
				m.offloads.Device |= o
			}
		}
	}
	have := func(o tun.Offload) bool { return m.offloads.Device&o != 0 }
	return []offloadSetting{
		{"device-tcp-segmentation", have(tun.TCPSegmentation), device(tun.TCPSegmentation)},
		{"device-udp-segmentation", have(tun.UDPSegmentation), device(tun.UDPSegmentation)},
		{"device-tcp-coalescing", have(tun.TCPCoalescing), device(tun.TCPCoalescing)},
		{"device-udp-coalescing", have(tun.UDPCoalescing), device(tun.UDPCoalescing)},
		{"socket-segmentation", m.offloads.NoSegmentation, func(off bool) { m.offloads.NoSegmentation = off }},
		{"socket-coalescing", m.offloads.NoCoalescing, func(off bool) { m.offloads.NoCoalescing = off }},
	}
}

// offloadSetting is one of them.
type offloadSetting struct {
	word string
	off  bool
	set  func(off bool)
}

// maxLanes is the most processors that the data plane is spread over.
const maxLanes = 64

// platformNode is `platform`.
func platformNode() node {
	n := offloadNode(false)
	n.next = append(n.next, kw("lanes", "goroutines for each direction; for the next start",
		arg(number(1, maxLanes), "number (1-64); else half of the processors, at most 8").do(func(p *parser, a args) { p.m.lanes = int(valueOf[uint64](a, 0)) })))
	return n
}

// offloadNode is `platform`, and what follows `no`, as far as both have it.
func offloadNode(off bool) node {
	var words []node
	for _, w := range []struct{ word, help string }{
		{"device-tcp-segmentation", "the host hands over the segments of a TCP stream as one"},
		{"device-udp-segmentation", "and UDP datagrams of one size"},
		{"device-tcp-coalescing", "TCP segments that arrive together are delivered as one"},
		{"device-udp-coalescing", "and UDP datagrams of one size"},
		{"socket-segmentation", "datagrams to one peer go to the kernel as one"},
		{"socket-coalescing", "datagrams from one peer come from the kernel as one"},
	} {
		words = append(words, choice(w.word, w.help, w.word).do(func(p *parser, a args) {
			for _, s := range p.m.offloadSettings() {
				if s.word == valueOf[string](a, 0) {
					s.set(off)
				}
			}
		}))
	}
	return kw("platform", "what this machine does", kw("offload", "packets that go through its network stack together; for the next start", words...))
}

func (w *writer) offloads(m *Model) {
	if m.lanes > 0 {
		w.line("platform lanes %d", m.lanes)
	}
	for _, s := range m.offloadSettings() {
		if s.off {
			w.line("no platform offload %s", s.word)
		}
	}
}
