package tun

import (
	"errors"
	"net"
	"net/netip"
	"os"
	"sync"
	"testing"
	"time"

	"seikan/internal/gso/gsotest"
)

// Each queue of a device has a reader of its own: packets of one flow come to one of them, those of many flows to several, none is lost,
// any queue delivers, and Close ends them all.
func TestQueues(t *testing.T) {
	isolated(t, func(t *testing.T) {
		const queues, flows, each = 3, 30, 10
		h := open(t, Config{Queues: queues})
		if err := h.SetRoutes(siteRoutes(), nil); err != nil {
			t.Fatal(err)
		}
		all := append([]Device{h}, h.Queues()...)
		if len(all) != queues {
			t.Fatalf("%d queues, want %d", len(all), queues)
		}
		var mu sync.Mutex
		var wg sync.WaitGroup
		from := make(map[int]map[int]int) // packets by source port and queue
		total := 0
		for i, d := range all {
			r := d.NewReader()
			wg.Go(func() {
				for {
					frames, err := r.ReadBatch()
					mu.Lock()
					for _, p := range cutAll(t, frames) {
						port := int(p[20])<<8 | int(p[21])
						if from[port] == nil {
							from[port] = make(map[int]int)
						}
						from[port][i]++
						total++
					}
					mu.Unlock()
					if err != nil {
						if !errors.Is(err, os.ErrClosed) {
							t.Errorf("queue %d: %v", i, err)
						}
						return
					}
				}
			})
		}
		s := sites[0]
		for range flows {
			c, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.local, 0)), net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.remote, 9)))
			if err != nil {
				t.Fatal(err)
			}
			defer c.Close()
			for range each {
				if _, err := c.Write([]byte("0123456789")); err != nil {
					t.Fatal(err)
				}
			}
		}
		deadline := time.Now().Add(10 * time.Second)
		for {
			mu.Lock()
			n := total
			mu.Unlock()
			if n == flows*each {
				break
			}
			if time.Now().After(deadline) {
				t.Fatalf("%d packets were read, want %d", n, flows*each)
			}
			time.Sleep(time.Millisecond)
		}
		used := make(map[int]bool)
		for port, by := range from {
			if len(by) != 1 {
				t.Errorf("the packets from port %d came to the queues %v, want one", port, by)
			}
			for q := range by {
				used[q] = true
			}
		}
		if len(used) < 2 {
			t.Errorf("only queue %v was used", used)
		}

		in, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(s.local, 0)))
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		for i, d := range all {
			p := gsotest.Spec{UDP: true, Src: s.remote, Dst: s.local, Port: in.LocalAddr().(*net.UDPAddr).AddrPort().Port(), TTL: 64, Payload: []byte{byte(i)}}.Packet()
			if n, err := d.NewWriter().WriteBatch([][]byte{p}); n != 1 || err != nil {
				t.Fatalf("queue %d: wrote %d, %v", i, n, err)
			}
			in.SetReadDeadline(time.Now().Add(5 * time.Second))
			b := make([]byte, 10)
			if n, err := in.Read(b); err != nil || n != 1 || b[0] != byte(i) {
				t.Errorf("queue %d: got %x, %v", i, b[:n], err)
			}
		}
		if err := h.Close(); err != nil {
			t.Error(err)
		}
		wg.Wait()
	})
}
