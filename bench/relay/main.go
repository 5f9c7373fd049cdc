// Command relay moves packets between a device and a UDP socket with the router's own packages for both, and does nothing else: no
// policy, no SA, no encryption. What it takes for a packet is what the router cannot do without.
//
// Its packets are as long as those of ESP with AES-GCM, so that both fill the cable alike.
package main

import (
	"errors"
	"flag"
	"fmt"
	"net/netip"
	"os"

	"seikan/internal/gso"
	"seikan/internal/sched"
	"seikan/internal/udp"
	"seikan/tun"
)

// What ESP with AES-GCM puts around a packet (RFC 4303 §2, RFC 4106 §3).
const (
	front = 4 + 4 + 8 // SPI, sequence number, IV
	back  = 2 + 16    // pad length and next header, ICV
	align = 4         // of the packet with what is behind it, ICV aside
)

const (
	batch    = 128
	arenaLen = 256 << 10
)

func main() {
	name := flag.String("device", "relay%d", "name of the device")
	mtu := flag.Int("mtu", 1400, "of the device")
	local := flag.String("local", "", "address and port of the socket")
	remote := flag.String("remote", "", "address and port of the other end")
	flag.Parse()
	if err := run(*name, *mtu, *local, *remote); err != nil {
		fmt.Fprintln(os.Stderr, "relay:", err)
		os.Exit(1)
	}
}

func run(name string, mtu int, local, remote string) error {
	at, err := netip.ParseAddrPort(local)
	if err != nil {
		return fmt.Errorf("-local: %w", err)
	}
	to, err := netip.ParseAddrPort(remote)
	if err != nil {
		return fmt.Errorf("-remote: %w", err)
	}
	dev, err := tun.Open(tun.Config{Name: name, MTU: mtu})
	if err != nil {
		return err
	}
	defer dev.Close()
	conn, err := udp.Listen(at, udp.Options{})
	if err != nil {
		return err
	}
	defer conn.Close()
	if err := sched.Batch(); err != nil { // as the router does
		return err
	}
	ended := make(chan error, 2)
	go func() { ended <- up(dev.NewReader(), conn.NewWriter(), to) }()
	go func() { ended <- down(conn.NewReader(), dev.NewWriter()) }()
	fmt.Println("ready")
	return <-ended
}

// up takes packets from the device to the socket. A batch is sent before the next is read.
func up(r tun.Reader, w udp.Writer, to netip.AddrPort) error {
	var cutter gso.Segmenter
	arena, msgs := make([]byte, arenaLen), make([]udp.Message, 0, batch)
	for {
		frames, err := r.ReadBatch()
		if err != nil {
			return fmt.Errorf("read device: %w", err)
		}
		used := 0
		flush := func() {
			_, _ = w.WriteBatch(msgs) // what is not sent is lost, as on any cable
			msgs, used = msgs[:0], 0
		}
		for _, f := range frames {
			if cutter.Begin(f) != nil {
				continue
			}
			for range cutter.Len() {
				n := sealedLen(cutter.NextLen())
				if used+n > len(arena) || len(msgs) == cap(msgs) {
					flush()
				}
				p := arena[used : used+n]
				p[n-1] = byte(n - front - cutter.Put(p[front:], 0))
				msgs = append(msgs, udp.Message{Data: p, Remote: to})
				used += n
			}
		}
		flush()
	}
}

// sealedLen is the length on the cable of a packet of n octets.
func sealedLen(n int) int { return front + (n+2+align-1)&^(align-1) + back - 2 }

// down takes packets from the socket to the device. The last octet says how many are behind the packet.
func down(r udp.Reader, w tun.Writer) error {
	msgs, writes := make([]udp.Message, batch), make([][]byte, 0, batch)
	for {
		n, err := r.ReadBatch(msgs)
		if err != nil {
			return fmt.Errorf("read socket: %w", err)
		}
		writes = writes[:0]
		for _, m := range msgs[:n] {
			if p, err := opened(m.Data); err == nil {
				writes = append(writes, p)
			}
		}
		_, _ = w.WriteBatch(writes)
	}
}

var errShort = errors.New("shorter than what is around a packet")

// opened is the packet in a datagram.
func opened(b []byte) ([]byte, error) {
	if len(b) <= front+back {
		return nil, errShort
	}
	tail := int(b[len(b)-1])
	if tail < back || len(b)-tail <= front {
		return nil, errShort
	}
	return b[front : len(b)-tail], nil
}
