package sadb

import (
	"sync/atomic"

	"seikan/esp"
)

// offered is the inbound SPIs that peers were offered, for SAs that are not there yet. Each has one place, and a later one takes it from an
// earlier one: what is forgotten loses packets that came early, nothing more. One goroutine writes, any may read.
type offered [1024]atomic.Uint32

func (o *offered) place(spi esp.SPI) *atomic.Uint32 { return &o[slotOf(spi, len(o))] }

// Offer notes that a peer is being offered an inbound SPI: as soon as it has accepted, it may send by the SA.
func (db *DB) Offer(spi esp.SPI) { db.offered.place(spi).Store(uint32(spi)) }

// Offered reports whether an SPI was offered and no SA has been installed with it since. False also where many others were offered after it.
// It is safe for use by any goroutine.
func (db *DB) Offered(spi esp.SPI) bool {
	return spi != 0 && db.offered.place(spi).Load() == uint32(spi)
}

// taken forgets an SPI whose SA is there.
func (o *offered) taken(spi esp.SPI) { o.place(spi).CompareAndSwap(uint32(spi), 0) }
