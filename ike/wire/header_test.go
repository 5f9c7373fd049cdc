package wire

import (
	"bytes"
	"encoding/hex"
	"errors"
	"strings"
	"testing"
)

// octets reads hexadecimal digits; blanks between them are for the reader.
func octets(t testing.TB, s string) []byte {
	t.Helper()
	b, err := hex.DecodeString(strings.Join(strings.Fields(s), ""))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

const (
	spis      = "0102030405060708 1112131415161718 "
	emptyAuth = spis + "00 20 23 08 00000001 0000001c"
)

func TestParseHeader(t *testing.T) {
	ok := Header{SPIi: 0x0102030405060708, SPIr: 0x1112131415161718, Next: PayloadSA, Version: Version2, Exchange: IKE_SA_INIT, Flags: FlagInitiator, Length: 0x1b4}
	with := func(f func(*Header)) Header { h := ok; f(&h); return h }
	tests := []struct {
		name string
		in   string
		want Header
		err  error
	}{
		{"request", spis + "21 20 22 08 00000000 000001b4", ok, nil},
		{"response", spis + "21 20 22 20 00000000 000001b4", with(func(h *Header) { h.Flags = FlagResponse }), nil},
		{"octets follow", spis + "21 20 22 08 00000000 000001b4 2200", ok, nil},
		{"reserved flags are ignored", spis + "21 20 22 cf 00000000 000001b4", ok, nil},
		{"higher version possible", spis + "21 20 22 18 00000000 000001b4", with(func(h *Header) { h.Flags |= FlagVersion }), nil},
		{"minor version is ignored", spis + "21 2f 22 08 00000000 000001b4", with(func(h *Header) { h.Version = 0x2f }), nil},
		{"unknown exchange", spis + "21 20 ff 08 00000000 000001b4", with(func(h *Header) { h.Exchange = 255 }), nil},
		{"all ones", spis + "21 20 22 08 ffffffff ffffffff", with(func(h *Header) { h.MessageID, h.Length = 1<<32-1, 1<<32-1 }), nil},
		{"IKEv1", spis + "01 10 02 00 00000000 000001b4", with(func(h *Header) { h.Next, h.Version, h.Exchange, h.Flags = 1, 0x10, 2, 0 }), nil},
		{"major version 3", spis + "21 30 22 08 00000000 000001b4", with(func(h *Header) { h.Version = 0x30 }), ErrVersion},
		{"major version 15", spis + "21 f0 22 08 00000000 000001b4", with(func(h *Header) { h.Version = 0xf0 }), ErrVersion},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := ParseHeader(octets(t, tt.in))
			if got != tt.want || !errors.Is(err, tt.err) {
				t.Errorf("got %+v, %v, want %+v, %v", got, err, tt.want, tt.err)
			}
		})
	}
}

func TestParseHeaderTruncated(t *testing.T) {
	b := octets(t, emptyAuth)
	for n := range HeaderLen {
		if h, err := ParseHeader(b[:n]); !errors.Is(err, ErrMalformed) || h != (Header{}) {
			t.Errorf("%d octets: got %+v, %v, want the zero Header, %v", n, h, err, ErrMalformed)
		}
	}
}

func TestHeaderAppend(t *testing.T) {
	want := octets(t, spis+"2e 20 25 28 0000002a 00000050")
	h := Header{0x0102030405060708, 0x1112131415161718, PayloadSK, Version2, INFORMATIONAL, FlagInitiator | FlagResponse, 42, 80}
	if got := h.append([]byte("before")); !bytes.Equal(got, append([]byte("before"), want...)) {
		t.Errorf("got %x, want %x", got, want)
	}
}
