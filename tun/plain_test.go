package tun

import (
	"bytes"
	"errors"
	"slices"
	"testing"

	wgtun "golang.zx2c4.com/wireguard/tun"
)

var _ Plain = wgtun.Device(nil)

// fake is a Plain that reads and writes as it is told.
type fake struct {
	reads   [][]byte
	readErr error
	wrote   [][]byte
	errs    []error // of each Write in turn
}

func (f *fake) BatchSize() int { return 2 }
func (f *fake) Close() error   { return nil }

func (f *fake) Read(bufs [][]byte, sizes []int, offset int) (int, error) {
	n := min(len(bufs), len(f.reads))
	for i, p := range f.reads[:n] {
		sizes[i] = copy(bufs[i][offset:], p)
	}
	f.reads = f.reads[n:]
	return n, f.readErr
}

func (f *fake) Write(bufs [][]byte, offset int) (int, error) {
	for _, b := range bufs {
		f.wrote = append(f.wrote, bytes.Clone(b[offset:]))
		clear(b[:cap(b)]) // it may use all of the buffer
	}
	if len(f.errs) == 0 {
		return len(bufs), nil
	}
	err := f.errs[0]
	f.errs = f.errs[1:]
	return len(bufs), err
}

func TestAdaptReads(t *testing.T) {
	f := &fake{reads: [][]byte{{1}, {2, 2}, {3}}, readErr: wgtun.ErrTooManySegments}
	r := Adapt(f).NewReader()
	for _, want := range [][][]byte{{{1}, {2, 2}}, {{3}}} {
		frames, err := r.ReadBatch()
		if err != nil || len(frames) != len(want) {
			t.Fatalf("got %d frames, %v; want %d", len(frames), err, len(want))
		}
		for i, fr := range frames {
			if !bytes.Equal(fr.Data, want[i]) || fr.Kind != 0 || fr.Partial {
				t.Errorf("got %+v, want % x", fr, want[i])
			}
		}
	}
	f.readErr = errors.New("broken")
	if _, err := r.ReadBatch(); !errors.Is(err, f.readErr) {
		t.Errorf("got %v, want %v", err, f.readErr)
	}
}

func TestAdaptWrites(t *testing.T) {
	var packets [][]byte
	for i := range plainBatch + 3 {
		packets = append(packets, bytes.Repeat([]byte{byte(i)}, 20+i))
	}
	want := slices.Clone(packets)
	for i := range want {
		want[i] = bytes.Clone(want[i])
	}
	first, second := errors.New("first"), errors.New("second")
	for _, tt := range []struct {
		name string
		errs []error
		lost int
	}{
		{"all", nil, 0},
		{"one refused", []error{nil, second}, 1},
		{"some refused", []error{errors.Join(first, errors.Join(second, second)), second}, 4},
	} {
		f := &fake{errs: tt.errs}
		n, err := Adapt(f).NewWriter().WriteBatch(packets)
		if n != len(packets)-tt.lost || (err != nil) != (tt.lost > 0) {
			t.Errorf("%s: got %d, %v; want %d", tt.name, n, err, len(packets)-tt.lost)
		}
		if !slices.EqualFunc(f.wrote, want, bytes.Equal) {
			t.Errorf("%s: wrote %d packets that differ, want %d", tt.name, len(f.wrote), len(want))
		}
	}
}

func TestOffloadNames(t *testing.T) {
	if got, want := (TCPSegmentation | UDPCoalescing).String(), "TCP segmentation, UDP coalescing"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if got := Offload(0).String(); got != "none" {
		t.Errorf("got %q, want none", got)
	}
}
