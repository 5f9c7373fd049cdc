package sadb

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"

	"seikan/esp"
)

// The table does what a map does, with few SPIs so that marks and refills are many.
func TestSPITableModel(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 10))
	var table spiTable
	want := make(map[esp.SPI]*Inbound)
	for i := range 50000 {
		spi := esp.SPI(256 + r.IntN(200)<<7)
		if in := want[spi]; in == nil {
			in = &Inbound{spi: spi}
			table.add(in)
			want[spi] = in
		} else if r.IntN(2) == 0 {
			table.remove(spi)
			delete(want, spi)
		}
		probe := esp.SPI(256 + r.IntN(200)<<7)
		if got := table.find(probe); got != want[probe] {
			t.Fatalf("step %d: SPI %v: got %v, want %v", i, probe, got, want[probe])
		}
	}
	if n := len(*table.slots.Load()); table.live != len(want) || n > 8*200 {
		t.Errorf("%d live in %d slots, want %d", table.live, n, len(want))
	}
}

// Lanes ask while the writer changes everything: what is there all the time is always found.
func TestReadersAndWriter(t *testing.T) {
	var db DB
	policies := []Policy{protect("P", "10.2.0.0/16"), protect("Q", "10.3.0.0/16")}
	db.SetPolicies(policies)
	fixed := install(t, &db, spec(1000, "10.2.0.0/16", "P"))
	var stop atomic.Bool
	var wg sync.WaitGroup
	for range 3 {
		wg.Go(func() {
			f, g := to("10.2.0.1"), to("10.3.0.1")
			for !stop.Load() {
				if db.Lookup(1000) != fixed.In || db.Route(f).Out == nil || fixed.In.Permit(f.Reverse()) == nil {
					t.Error("what is there all the time was not found")
					return
				}
				if o := db.Route(g).Out; o != nil {
					o.Counters.Packets.Add(1)
					_, _ = o.Path(), o.Child().Soft()
				}
				for spi := esp.SPI(2000); spi < 2010; spi++ {
					if in := db.Lookup(spi); in != nil && in.SPI() != spi {
						t.Error("the wrong SA was found")
						return
					}
				}
			}
		})
	}
	for i := range 3000 {
		spi := esp.SPI(2000 + i%10)
		s := spec(spi, "10.3.0.0/16", "Q")
		s.Standby = i%3 == 0
		install(t, &db, s)
		db.Activate(spi)
		db.SetPath(1, Path{})
		if i%7 == 0 {
			db.SetPolicies([]Policy{policies[0], protect("Q", fmt.Sprintf("10.3.%d.0/24", i%2))})
		}
		db.Retire(spi)
		db.Remove(spi)
	}
	stop.Store(true)
	wg.Wait()
}

func TestNoAllocations(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{protect("Q", "10.9.0.0/16"), protect("P", "10.2.0.0/16")})
	c := install(t, &db, spec(1000, "10.2.0.0/16", "P"))
	pkt := ipv4(17, nil, 0, false, 1, 2, 3, 4)
	got := testing.AllocsPerRun(100, func() {
		f, err := ParseFlow(pkt)
		if err != nil || db.Route(f).Out == nil || db.Lookup(1000).Permit(f.Reverse()) == nil {
			t.Fatal("not found")
		}
		c.Out.Counters.Packets.Add(1)
		_, _ = c.Soft(), c.Out.Spent()
	})
	if got != 0 {
		t.Errorf("got %v allocations, want 0", got)
	}
}

func perSecond(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "pkt/s") }

func BenchmarkParseFlow(b *testing.B) {
	for _, v := range []struct {
		name string
		pkt  []byte
	}{{"4", ipv4(6, nil, 0, false, 1, 2, 3, 4)}, {"6", ipv6(6, 1, 2, 3, 4)}} {
		b.Run("version="+v.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := ParseFlow(v.pkt); err != nil {
					b.Fatal(err)
				}
			}
			perSecond(b)
		})
	}
}
