package esp

import (
	"bytes"
	"fmt"
	"strings"
	"sync"
	"testing"
)

// What a Sealer makes is what the RFCs say, for every suite and length, and an Opener gives back what went in.
func TestSealed(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		p.FirstSeq = 1<<32 - 3 // so that the high half of an extended number matters
		if !p.ESN {
			p.FirstSeq = 5
		}
		s, o := newSealer(t, p), newOpener(t, p)
		for i, n := range []int{20, 21, 22, 23, 28, 36, 64, 511, 512, 513, 1400, 9000} {
			seq := p.FirstSeq + uint64(i) + 1
			inner := ping(n)
			got := sealOne(t, s, inner, 4)
			l := p.Suite.layout()
			want := reference(p, seq, got[headerLen:headerLen+l.iv], padded(p.Suite, inner, 4))
			if !bytes.Equal(got, want) || len(got) != s.SealedLen(n) || len(got) != p.Suite.SealedLen(n) {
				t.Fatalf("%d octets: got  %x\nwant %x", n, got, want)
			}
			if s.Sent() != seq || s.SPI() != p.SPI || s.Suite() != p.Suite {
				t.Fatalf("sent %d, SPI %v, suite %v; want %d, %v, %v", s.Sent(), s.SPI(), s.Suite(), seq, p.SPI, p.Suite)
			}
			f := openOne(o, got)
			if f.Err != nil || f.Next != 4 || !bytes.Equal(f.Data, inner) {
				t.Fatalf("%d octets: opened %v, next header %d, %x", n, f.Err, f.Next, f.Data)
			}
		}
		if f := openOne(o, sealOne(t, s, nil, 59)); f.Err != nil || f.Next != 59 || len(f.Data) != 0 {
			t.Errorf("dummy packet: opened %v, next header %d, %x", f.Err, f.Next, f.Data)
		}
	})
}

func TestMaxInner(t *testing.T) {
	for _, s := range suites() {
		for n := range 200 {
			m := s.MaxInner(n)
			if m > 0 && s.SealedLen(m) > n || s.SealedLen(m+1) <= n {
				t.Errorf("%v: at most %d of %d octets, which seal to %d, and one more to %d", s, m, n, s.SealedLen(m), s.SealedLen(m+1))
			}
		}
	}
}

// No IV comes twice, and those of CBC are not predictable by being equal across SAs.
func TestIVs(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		l := p.Suite.layout()
		if l.iv == 0 {
			t.Skip("has no IV")
		}
		a, b := newSealer(t, p), newSealer(t, p)
		seen := make(map[string]bool)
		for range 300 {
			iv := string(l.ivOf(sealOne(t, a, ping(20), 4)))
			if seen[iv] {
				t.Fatalf("IV %x twice", iv)
			}
			seen[iv] = true
			if other := string(l.ivOf(sealOne(t, b, ping(20), 4))); p.Suite.Encr == ENCR_AES_CBC && other == iv {
				t.Fatalf("two SAs use the same IV %x", iv)
			}
		}
	})
}

// The sequence number stops at its end, for ever (RFC 4303 §3.3.3).
func TestSequenceEnds(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		last := p.lastSeq()
		p.FirstSeq = last - 3
		s := newSealer(t, p)
		frames := make([]Frame, 5)
		for i := range frames {
			frames[i] = Frame{Data: ping(20 + i), Next: 4}
		}
		s.Seal(new(Scratch), make([]byte, 0, 4096), frames)
		for i, f := range frames {
			if want := i >= 3; (f.Err == ErrSeqExhausted) != want || f.Err != nil && !want {
				t.Errorf("frame %d: got %v", i, f.Err)
			}
			if i >= 3 && !bytes.Equal(f.Data, ping(20+i)) {
				t.Errorf("frame %d was not sealed and is changed", i)
			}
		}
		for range 3 {
			again := []Frame{{Data: ping(20), Next: 4}}
			s.Seal(new(Scratch), make([]byte, 0, 4096), again)
			if again[0].Err != ErrSeqExhausted || s.Sent() != last || s.Left() != 0 {
				t.Errorf("got %v, sent %d, left %d; want %v for ever", again[0].Err, s.Sent(), s.Left(), ErrSeqExhausted)
			}
		}
	})
}

// A packet that does not fit takes no number and leaves no gap.
func TestNoRoom(t *testing.T) {
	p := testParams(suites()[0], false)
	s := newSealer(t, p)
	small, large := s.SealedLen(40), s.SealedLen(1000)
	frames := []Frame{{Data: ping(40), Next: 4}, {Data: ping(1000), Next: 4}, {Data: ping(40), Next: 4}, {Data: ping(40), Next: 4}}
	dst := make([]byte, 3, 3+2*small+large/2)
	out := s.Seal(new(Scratch), dst, frames)
	for i, want := range []error{nil, ErrNoRoom, nil, nil} {
		if frames[i].Err != want {
			t.Errorf("frame %d: got %v, want %v", i, frames[i].Err, want)
		}
	}
	if len(out) != 3+3*small || cap(out) != cap(dst) || s.Sent() != 3 {
		t.Errorf("got %d octets of %d, sent %d; want %d, and 3 numbers", len(out), cap(out), s.Sent(), 3+3*small)
	}
	if got := frames[3].Data[seqAt+3]; got != 3 {
		t.Errorf("the last packet has number %d, want 3", got)
	}
	if again := s.Seal(new(Scratch), nil, []Frame{{Data: ping(20)}}); len(again) != 0 || s.Sent() != 3 {
		t.Errorf("got %d octets in no room, sent %d", len(again), s.Sent())
	}
}

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
		numbers := make(map[string]bool)
		for _, b := range sealed {
			numbers[string(b[seqAt:headerLen])] = true
		}
		if want := workers * batches * batch; len(numbers) != want || s.Sent() != uint64(want) {
			t.Fatalf("%v: %d numbers, sent %d, want %d", suite, len(numbers), s.Sent(), want)
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

func TestParamsChecked(t *testing.T) {
	good := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, false)
	for _, tt := range []struct {
		name   string
		change func(p *Params)
		seals  bool // a Sealer does not mind
	}{
		{"reserved SPI", func(p *Params) { p.SPI = 255 }, false},
		{"no key", func(p *Params) { p.Key = nil }, false},
		{"short key", func(p *Params) { p.Key = p.Key[1:] }, false},
		{"an integrity key too many", func(p *Params) { p.Auth = make(Secret, 20) }, false},
		{"unknown encryption", func(p *Params) { p.Suite.Encr = 99 }, false},
		{"unknown key length", func(p *Params) { p.Suite.KeyBits = 129 }, false},
		{"integrity beside a combined mode", func(p *Params) { p.Suite.Integ = AUTH_HMAC_SHA1_96 }, false},
		{"no integrity", func(p *Params) { p.Suite = Suite{Encr: ENCR_AES_CBC, KeyBits: 128}; p.Key = make(Secret, 16) }, false},
		{"nothing at all", func(p *Params) { p.Suite = Suite{Encr: ENCR_NULL}; p.Key = nil }, false},
		{"a number without ESN", func(p *Params) { p.FirstSeq = 1 << 32 }, false},
		{"window of 63", func(p *Params) { p.Window = 63 }, true},
		{"window of 100", func(p *Params) { p.Window = 100 }, true},
		{"window of 8256", func(p *Params) { p.Window = 8256 }, true},
	} {
		p := good
		tt.change(&p)
		if _, err := NewOpener(p); err == nil || !strings.HasPrefix(err.Error(), "esp: ") {
			t.Errorf("%s: opener: got %v", tt.name, err)
		}
		if _, err := NewSealer(p); (err == nil) != tt.seals {
			t.Errorf("%s: sealer: got %v", tt.name, err)
		}
	}
}

// A Secret does not show.
func TestSecretHidden(t *testing.T) {
	const word = "swordfish"
	p := testParams(Suite{Encr: ENCR_AES_GCM_16, KeyBits: 128}, false)
	p.Key = Secret(word)
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q", "%x", "%X", "%d", "%o", "%b", "%c", "%U"} {
		for _, v := range []any{p.Key, &p.Key, p, &p, []Params{p}} {
			got := fmt.Sprintf(verb, v)
			for _, leak := range []string{word, "73776f7264", "73776F7264", "115 119", "0x73"} {
				if strings.Contains(got, leak) {
					t.Errorf("%s of %T shows %q", verb, v, got)
				}
			}
		}
	}
	if text, err := p.Key.MarshalText(); err != nil || string(text) != redacted {
		t.Errorf("text: %s, %v", text, err)
	}
	if !p.Key.Equal(Secret(word)) || p.Key.Equal(Secret("swordfisx")) || p.Key.Equal(nil) {
		t.Error("Equal is wrong")
	}
	p.Key.Clear()
	if !bytes.Equal(p.Key, make([]byte, len(word))) {
		t.Error("Clear leaves something")
	}
}
