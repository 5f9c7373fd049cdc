package sadb

import (
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"seikan/esp"
)

func newOutbound(t *testing.T, first uint64) *Outbound {
	t.Helper()
	s, err := esp.NewSealer(esp.Params{SPI: 0x1001, Suite: esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}, Key: make([]byte, 20), FirstSeq: first})
	if err != nil {
		t.Fatal(err)
	}
	o := &Outbound{Sealer: s}
	o.turns.begin(s.Sent() + 1)
	return o
}

// Runs that several goroutines seal are sent in the order of their sequence numbers, also where one does not wait for its turn.
func TestTurns(t *testing.T) {
	o := newOutbound(t, 41)
	var mu sync.Mutex
	var wg sync.WaitGroup
	var waited []uint64
	total := 0
	for k := range 6 {
		wg.Go(func() {
			r := rand.New(rand.NewPCG(uint64(k), 1))
			for range 300 {
				frames := make([]esp.Frame, 1+r.IntN(5))
				for i := range frames {
					frames[i] = esp.Frame{Data: []byte{1}, Next: 59}
				}
				o.Seal(new(esp.Scratch), make([]byte, 0, 1000), frames)
				first := frames[0].Seq
				if k > 0 {
					o.WaitTurn(first)
				}
				mu.Lock()
				total += len(frames)
				for i := range frames {
					if frames[i].Seq != first+uint64(i) {
						t.Errorf("sequence number %d, want %d", frames[i].Seq, first+uint64(i))
					}
					if k > 0 {
						waited = append(waited, frames[i].Seq)
					}
				}
				mu.Unlock()
				o.EndTurn(first, uint64(len(frames)))
			}
		})
	}
	wg.Wait()
	if !slices.IsSorted(waited) {
		t.Error("packets were sent out of order")
	}
	if o.turns.next != 42+uint64(total) || len(o.turns.gone) != 0 {
		t.Errorf("next is %d with %d left over, want %d and none", o.turns.next, len(o.turns.gone), 42+total)
	}
}
