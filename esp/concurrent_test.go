package esp

import (
	"bytes"
	"encoding/binary"
	"sync"
	"sync/atomic"
	"testing"
)

// Goroutines that share a Sealer and an Opener use no number twice, and open each packet once.
func TestConcurrent(t *testing.T) {
	const workers, batches, batch = 4, 25, 8
	for _, suite := range []Suite{{Encr: ENCR_AES_GCM_16, KeyBits: 128}, {Encr: ENCR_AES_CBC, KeyBits: 256, Integ: AUTH_HMAC_SHA2_256_128}} {
		p := testParams(suite, true)
		p.Window = 8192
		s, o := newSealer(t, p), newOpener(t, p)
		var mu sync.Mutex
		var sealed [][]byte
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				var sc Scratch
				for range batches {
					frames := make([]Frame, batch)
					for i := range frames {
						frames[i] = Frame{Data: ping(100), Next: 4}
					}
					s.Seal(&sc, make([]byte, 0, batch*s.SealedLen(100)), frames)
					mu.Lock()
					for _, f := range frames {
						sealed = append(sealed, f.Data)
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		if got, want := numbers(sealed), workers*batches*batch; got != want || s.Sent() != uint64(want) {
			t.Fatalf("%v: %d numbers, sent %d, want %d", suite, got, s.Sent(), want)
		}
		opened := 0
		for range workers { // each gets all of them
			wg.Go(func() {
				var sc Scratch
				frames := make([]Frame, len(sealed))
				for i := range frames {
					frames[i].Data = bytes.Clone(sealed[i])
				}
				o.Open(&sc, frames)
				mu.Lock()
				defer mu.Unlock()
				for _, f := range frames {
					switch f.Err {
					case nil:
						opened++
					case ErrReplay:
					default:
						t.Errorf("%v: %v", suite, f.Err)
					}
				}
			})
		}
		wg.Wait()
		if opened != len(sealed) {
			t.Errorf("%v: opened %d of %d", suite, opened, len(sealed))
		}
	}
}

// numbers is how many different numbers packets have.
func numbers(packets [][]byte) int {
	seen := make(map[string]bool)
	for _, p := range packets {
		seen[string(p[seqAt:headerLen])] = true
	}
	return len(seen)
}

// Goroutines that race for the last numbers get each of them once, and no other (RFC 4303 §3.3.3).
func TestConcurrentEnd(t *testing.T) {
	const workers, batch, left = 4, 7, 100
	for _, esn := range []bool{false, true} {
		p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, esn)
		p.FirstSeq = p.lastSeq() - left
		s := newSealer(t, p)
		var mu sync.Mutex
		numbers := make(map[uint64]int)
		var wg sync.WaitGroup
		for range workers {
			wg.Go(func() {
				var sc Scratch
				for range left / batch {
					frames := make([]Frame, batch)
					for i := range frames {
						frames[i] = Frame{Data: ping(20), Next: 4}
					}
					s.Seal(&sc, make([]byte, 0, batch*s.SealedLen(20)), frames)
					mu.Lock()
					for _, f := range frames {
						switch f.Err {
						case nil: // the IV of AES-GCM is the whole number
							numbers[binary.BigEndian.Uint64(f.Data[headerLen:])]++
						case ErrSeqExhausted:
						default:
							t.Error(f.Err)
						}
					}
					mu.Unlock()
				}
			})
		}
		wg.Wait()
		for n := p.FirstSeq; n < p.lastSeq(); n++ {
			if numbers[n+1] != 1 {
				t.Errorf("ESN %v: number %d was used %d times", esn, n+1, numbers[n+1])
			}
		}
		if len(numbers) != left || s.Left() != 0 || s.Sent() != p.lastSeq() {
			t.Errorf("ESN %v: %d numbers, sent %d, left %d; want %d, %d, 0", esn, len(numbers), s.Sent(), s.Left(), left, p.lastSeq())
		}
	}
}

// Goroutines that do nothing but take numbers get each number once.
func TestConcurrentTake(t *testing.T) {
	const workers, times, last = 4, 20000, 70000
	p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, true)
	s := newSealer(t, p)
	s.last = last
	taken := make([]atomic.Int32, last+1)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			for range times {
				first, n := s.take(uint64(w))
				for i := range n {
					if first+i > last {
						t.Errorf("number %d is behind the last", first+i)
						return
					}
					taken[first+i].Add(1)
				}
			}
		})
	}
	wg.Wait()
	for n := range taken[1:] {
		if got := taken[n+1].Load(); got != 1 {
			t.Fatalf("number %d was taken %d times", n+1, got)
		}
	}
	if s.Sent() != last || s.Left() != 0 {
		t.Errorf("sent %d, left %d", s.Sent(), s.Left())
	}
}
