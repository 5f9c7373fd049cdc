package tuntest

import (
	"bytes"
	"errors"
	"os"
	"testing"
	"testing/synctest"

	"seikan/tun"
)

// buffers makes n buffers of size octets.
func buffers(n, size int) [][]byte {
	bufs := make([][]byte, n)
	for i := range bufs {
		bufs[i] = make([]byte, size)
	}
	return bufs
}

func TestReadTakesWhatIsThere(t *testing.T) {
	m := NewMem(1400)
	for i := range byte(5) {
		m.Send(bytes.Repeat([]byte{i}, 10+int(i)))
	}
	bufs, sizes := buffers(3, 100), make([]int, 3)
	for _, want := range []struct{ first, n int }{{0, 3}, {3, 2}} {
		n, err := m.Read(bufs, sizes, 16)
		if err != nil || n != want.n {
			t.Fatalf("got %d packets, %v; want %d", n, err, want.n)
		}
		for i := range n {
			p := bytes.Repeat([]byte{byte(want.first + i)}, 10+want.first+i)
			if got := bufs[i][16:][:sizes[i]]; !bytes.Equal(got, p) {
				t.Errorf("packet %d: got %x, want %x", want.first+i, got, p)
			}
		}
	}
}

func TestFrames(t *testing.T) {
	m := NewMem(1400)
	r, w := m.NewReader(), m.NewWriter()
	f := tun.Frame{Data: []byte("segments")}
	f.Size = 7
	m.SendFrame(f)
	m.Send([]byte("packet"))
	got, err := r.ReadBatch()
	if err != nil || len(got) != 2 || string(got[0].Data) != "segments" || got[0].Size != 7 || string(got[1].Data) != "packet" {
		t.Fatalf("got %+v, %v; want both", got, err)
	}
	ps := [][]byte{[]byte("one"), []byte("two")}
	if n, err := w.WriteBatch(ps); n != 2 || err != nil {
		t.Fatalf("got %d, %v; want 2", n, err)
	}
	if a, b := <-m.Recv(), <-m.Recv(); string(a) != "one" || string(b) != "two" || ps[0][0] != 0xee {
		t.Errorf("got %q and %q, left %q; want what was written, and that overwritten", a, b, ps)
	}
	m.Close()
	if _, err := r.ReadBatch(); !errors.Is(err, os.ErrClosed) {
		t.Errorf("read: got %v, want %v", err, os.ErrClosed)
	}
	if _, err := w.WriteBatch(ps); !errors.Is(err, os.ErrClosed) {
		t.Errorf("write: got %v, want %v", err, os.ErrClosed)
	}
}

func TestReadWithoutRoom(t *testing.T) {
	m := NewMem(1400)
	m.Send(make([]byte, 50))
	m.Send(make([]byte, 101))
	if n, err := m.Read(buffers(2, 100), make([]int, 2), 0); n != 1 || err == nil {
		t.Errorf("got %d packets, error %v; want one and an error", n, err)
	}
}

func TestWriteReachesTheHostAndUsesItsRoom(t *testing.T) {
	m := NewMem(1400)
	mem := bytes.Repeat([]byte{7}, 200)
	first, second := mem[0:headroom+10:60], mem[100:100+headroom+20:200]
	if n, err := m.Write([][]byte{first, second}, headroom); n != 30 || err != nil {
		t.Fatalf("got %d octets, %v; want 30", n, err)
	}
	for _, want := range []int{10, 20} {
		if p := <-m.Recv(); !bytes.Equal(p, bytes.Repeat([]byte{7}, want)) {
			t.Errorf("got %x, want %d octets as written", p, want)
		}
	}
	for _, at := range []int{0, headroom - 1, headroom + 10, 100, 100 + headroom + 20} {
		if mem[at] != 0xee {
			t.Errorf("octet %d: got %#x, want it overwritten", at, mem[at])
		}
	}
	if mem[60] != 7 || mem[99] != 7 {
		t.Error("octets behind a buffer's capacity were overwritten")
	}
	if _, err := m.Write([][]byte{first}, headroom-1); err == nil {
		t.Error("got no error for too little headroom")
	}
}

func TestWriteDropsWhenNobodyReceives(t *testing.T) {
	m := NewMem(1400)
	p := [][]byte{make([]byte, headroom+20)}
	for range queueLen + 3 {
		if _, err := m.Write(p, headroom); err != nil {
			t.Fatal(err)
		}
	}
	if got := m.Overflows(); got != 3 {
		t.Errorf("got %d overflows, want 3", got)
	}
}

func TestClose(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		m := NewMem(1400)
		errs := make(chan error, 2)
		go func() {
			_, err := m.Read(buffers(1, 100), make([]int, 1), 0)
			errs <- err
			for m.Send(nil) {
			}
			errs <- os.ErrClosed
		}()
		synctest.Wait()
		m.Write([][]byte{make([]byte, headroom+1)}, headroom)
		if err := errors.Join(m.Close(), m.Close()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := <-errs; !errors.Is(err, os.ErrClosed) {
				t.Errorf("got %v, want %v", err, os.ErrClosed)
			}
		}
		if _, err := m.Write(nil, headroom); !errors.Is(err, os.ErrClosed) {
			t.Errorf("write: got %v, want %v", err, os.ErrClosed)
		}
		received := 0
		for range m.Recv() {
			received++
		}
		if received != 1 {
			t.Errorf("received %d packets, want the one of before Close", received)
		}
	})
}

func TestMTU(t *testing.T) {
	m := NewMem(1400)
	m.SetMTU(1300)
	if got, err := m.MTU(); got != 1300 || err != nil {
		t.Errorf("got %d, %v; want 1300", got, err)
	}
}
