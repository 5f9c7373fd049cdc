package main

import (
	"bytes"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"os"
	"testing"

	"seikan/esp"
	"seikan/internal/udp"
	"seikan/tun"
)

// wire is a socket and a device in one: what is sent on it is received on it.
type wire struct {
	frames []tun.Frame
	sent   [][]byte
	left   int // batches to be received
	got    [][]byte
}

func (w *wire) ReadBatch() ([]tun.Frame, error) {
	f := w.frames
	w.frames = nil
	if f == nil {
		return nil, os.ErrClosed
	}
	return f, nil
}

type socket struct{ *wire }

func (s socket) WriteBatch(ms []udp.Message) (int, error) {
	for _, m := range ms {
		s.sent = append(s.sent, bytes.Clone(m.Data))
	}
	return len(ms), nil
}

func (s socket) ReadBatch(ms []udp.Message) (int, error) {
	if s.left == 0 {
		return 0, net.ErrClosed
	}
	s.left--
	for i := range s.sent {
		ms[i].Data = s.sent[i]
	}
	return len(s.sent), nil
}

func (w *wire) WriteBatch(packets [][]byte) (int, error) {
	for _, p := range packets {
		w.got = append(w.got, bytes.Clone(p))
	}
	return len(packets), nil
}

// packet is an IPv4 packet of n octets.
func packet(n int) []byte {
	p := make([]byte, n)
	p[0], p[8], p[9] = 0x45, 64, 17
	binary.BigEndian.PutUint16(p[2:], uint16(n))
	for i := 20; i < n; i++ {
		p[i] = byte(i)
	}
	return p
}

// What goes in at one end comes out at the other, and is as long between them as the ESP of the router.
func TestRelay(t *testing.T) {
	suite := esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}
	sealer, err := esp.NewSealer(esp.Params{SPI: 256, Suite: suite, Key: make([]byte, 20)})
	if err != nil {
		t.Fatal(err)
	}
	w := &wire{left: 1}
	sizes := []int{28, 29, 30, 31, 92, 1280, 1399, 1400}
	for _, n := range sizes {
		w.frames = append(w.frames, tun.Frame{Data: packet(n)})
	}
	if err := up(w, socket{w}, netip.MustParseAddrPort("192.0.2.2:4500")); !errors.Is(err, os.ErrClosed) {
		t.Fatal(err)
	}
	if err := down(socket{w}, w); !errors.Is(err, net.ErrClosed) {
		t.Fatal(err)
	}
	if len(w.got) != len(sizes) {
		t.Fatalf("got %d packets, want %d", len(w.got), len(sizes))
	}
	for i, n := range sizes {
		if got, want := len(w.sent[i]), sealer.SealedLen(n); got != want {
			t.Errorf("%d octets: %d on the cable, want %d as of ESP", n, got, want)
		}
		if !bytes.Equal(w.got[i], packet(n)) {
			t.Errorf("%d octets: got %x", n, w.got[i])
		}
	}
}

func TestOpenedShort(t *testing.T) {
	for _, b := range [][]byte{nil, {18}, make([]byte, 100), bytes.Repeat([]byte{0xff}, 100), bytes.Repeat([]byte{18}, front+back)} {
		if p, err := opened(b); err == nil {
			t.Errorf("%x: got %x, want an error", b, p)
		}
	}
}
