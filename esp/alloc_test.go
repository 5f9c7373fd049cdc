package esp

import "testing"

func TestNoAllocations(t *testing.T) {
	each(t, func(t *testing.T, p Params) {
		s, o := newSealer(t, p), newOpener(t, p)
		var sc Scratch
		const n = 8
		inner, arena := ping(1400), make([]byte, 0, n*s.SealedLen(1400))
		frames := make([]Frame, n)
		seal := func() {
			for i := range frames {
				frames[i] = Frame{Data: inner, Next: 4}
			}
			s.Seal(&sc, arena, frames)
		}
		ok := func(what string) {
			for _, f := range frames {
				if f.Err != nil {
					t.Fatalf("%s: %v", what, f.Err)
				}
			}
		}
		if got := testing.AllocsPerRun(20, seal); got != 0 {
			t.Errorf("Seal: got %v allocations, want 0", got)
		}
		ok("Seal")
		if got := testing.AllocsPerRun(20, func() { seal(); o.Open(&sc, frames) }); got != 0 {
			t.Errorf("Seal and Open: got %v allocations, want 0", got)
		}
		ok("Open")
		forged := func() { // neither does what is refused
			seal()
			for i := range frames {
				frames[i].Data[len(frames[i].Data)-1] ^= 1
			}
			o.Open(&sc, frames)
		}
		if got := testing.AllocsPerRun(20, forged); got != 0 {
			t.Errorf("Open of forgeries: got %v allocations, want 0", got)
		}
		if frames[0].Err != ErrICV {
			t.Errorf("a forgery: got %v, want %v", frames[0].Err, ErrICV)
		}
	})
}
