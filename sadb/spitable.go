package sadb

import (
	"sync/atomic"

	"seikan/esp"
)

// spiTable finds inbound SAs by SPI: open addressing with linear probing. One goroutine writes; readers take no lock, and meet
// each slot either before or after a change. A removed SA leaves a mark behind, so that the search for others goes on past
// it. The zero value is empty.
type spiTable struct {
	slots atomic.Pointer[[]spiSlot] // a power of 2 of them, at most half of which were ever used
	live  int                       // the writer's, like used
	used  int                       // slots with an SA or a mark
	hole  Inbound                   // its address is the mark; its SPI, 0, is reserved and no SA's
}

type spiSlot = atomic.Pointer[Inbound]

const minSPISlots = 16

// slotOf is where the search for an SPI begins, in a table of n slots. We choose the SPIs at random; the multiplication is for
// those that were chosen otherwise.
func slotOf(spi esp.SPI, n int) int { return int(uint32(spi)*0x9e3779b1>>7) & (n - 1) }

// find is the SA of an SPI, or nil. A bare ESP packet may name the SPI of the mark, which must not be found.
func (t *spiTable) find(spi esp.SPI) *Inbound {
	p := t.slots.Load()
	if p == nil || spi == 0 {
		return nil
	}
	slots := *p
	for i := slotOf(spi, len(slots)); ; i = (i + 1) & (len(slots) - 1) {
		switch in := slots[i].Load(); {
		case in == nil:
			return nil
		case in.spi == spi:
			return in
		}
	}
}

// add puts in an SA whose SPI is not there.
func (t *spiTable) add(in *Inbound) {
	p := t.slots.Load()
	if p == nil || 2*(t.used+1) > len(*p) {
		p = t.rebuilt()
		t.slots.Store(p)
	}
	t.put(*p, in)
}

func (t *spiTable) put(slots []spiSlot, in *Inbound) {
	i := slotOf(in.spi, len(slots))
	for slots[i].Load() != nil {
		i = (i + 1) & (len(slots) - 1)
	}
	slots[i].Store(in)
	t.live++
	t.used++
}

// remove takes an SA out. It is there.
func (t *spiTable) remove(spi esp.SPI) {
	slots := *t.slots.Load()
	i := slotOf(spi, len(slots))
	for slots[i].Load().spi != spi {
		i = (i + 1) & (len(slots) - 1)
	}
	slots[i].Store(&t.hole)
	t.live--
}

// rebuilt is the table without marks, and with room for as many SAs as there are.
func (t *spiTable) rebuilt() *[]spiSlot {
	n := minSPISlots
	for n < 4*(t.live+1) {
		n *= 2
	}
	fresh := make([]spiSlot, n)
	old := t.slots.Load()
	t.live, t.used = 0, 0
	if old != nil {
		for i := range *old {
			if in := (*old)[i].Load(); in != nil && in != &t.hole {
				t.put(fresh, in)
			}
		}
	}
	return &fresh
}
