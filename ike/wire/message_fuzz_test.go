package wire

import (
	"bytes"
	"errors"
	"reflect"
	"testing"
)

// seedMessages are messages like those of real exchanges, and some that are not.
func seedMessages() []*Message {
	cookie := &Message{Header: Header{SPIi: 1, Version: Version2, Exchange: IKE_SA_INIT, Flags: FlagResponse}, Payloads: []Payload{&Notify{Kind: COOKIE, Data: filled(20)}}}
	wrongGroup := &Message{Header: cookie.Header, Payloads: []Payload{&Notify{Kind: INVALID_KE_PAYLOAD, Data: []byte{0, 19}}}}
	withCookie := initRequest()
	withCookie.Payloads = append([]Payload{&Notify{Kind: COOKIE, Data: filled(20)}}, withCookie.Payloads...)
	clear := &Message{Header: Header{SPIi: 1, SPIr: 2, Version: Version2, Exchange: IKE_AUTH}, Payloads: authRequest()}
	critical := &Message{Header: cookie.Header, Payloads: []Payload{&Raw{Kind: 200, Critical: true, Data: filled(3)}}}
	return []*Message{
		initRequest(), withCookie, cookie, wrongGroup, clear, critical,
		protected(&Encrypted{Next: PayloadIDi, Body: filled(200)}),
		protected(&Encrypted{Fragment: true, Num: 2, Total: 3, Body: filled(200)}),
		{Header: Header{Version: Version2}},
	}
}

// normalize makes what a parser knows of ps that Append does not write look as if it had not been there, and reports whether the
// rest can be written at all.
func normalize(ps []Payload) (writable bool) {
	for _, p := range ps {
		switch p := p.(type) {
		case *SA:
			for _, prop := range p.Proposals {
				for i := range prop.Transforms {
					prop.Transforms[i].Unknown = false
				}
			}
		case *TS: // with selectors of unknown types only
			if len(p.Selectors) == 0 {
				return false
			}
		}
	}
	return true
}

func FuzzParse(f *testing.F) {
	for _, m := range seedMessages() {
		f.Add(m.Append(nil))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		in := bytes.Clone(b)
		m, err := Parse(b)
		h, herr := ParseHeader(b)
		if !bytes.Equal(b, in) {
			t.Fatal("the parser wrote to its input")
		}
		if err != nil {
			if m != nil || !errors.Is(err, ErrMalformed) && !errors.Is(err, ErrVersion) {
				t.Fatalf("got %+v, %v, want nil and an error of this package", m, err)
			}
			return
		}
		if herr != nil || h != m.Header {
			t.Fatalf("ParseHeader: got %+v, %v, want %+v", h, herr, m.Header)
		}
		if !normalize(m.Payloads) {
			return
		}
		b2 := m.Append(nil)
		m2, err := Parse(b2)
		if err != nil {
			t.Fatalf("parse of what was appended: %v", err)
		}
		m.Length, m.Raw = m2.Length, m2.Raw
		if !reflect.DeepEqual(m2, m) {
			t.Fatalf("got %+v, want %+v", m2, m)
		}
		if b3 := m2.Append(nil); !bytes.Equal(b3, b2) {
			t.Fatalf("got %x, want %x", b3, b2)
		}
	})
}

func FuzzParsePayloads(f *testing.F) {
	for _, m := range seedMessages() {
		f.Add(uint8(FirstType(m.Payloads)), AppendPayloads(nil, m.Payloads))
	}
	for _, p := range goodBodies {
		f.Add(uint8(p.kind), alone(octets(f, p.body)))
	}
	f.Fuzz(func(t *testing.T, first uint8, b []byte) {
		ps, err := ParsePayloads(PayloadType(first), b)
		if err != nil {
			if ps != nil || !errors.Is(err, ErrMalformed) {
				t.Fatalf("got %+v, %v, want nil and %v", ps, err, ErrMalformed)
			}
			return
		}
		if got := FirstType(ps); got != PayloadType(first) {
			t.Fatalf("first payload: got %v, want %v", got, first)
		}
		if !normalize(ps) {
			return
		}
		b2 := AppendPayloads(nil, ps)
		ps2, err := ParsePayloads(FirstType(ps), b2)
		if err != nil {
			t.Fatalf("parse of what was appended: %v", err)
		}
		if !reflect.DeepEqual(ps2, ps) {
			t.Fatalf("got %+v, want %+v", ps2, ps)
		}
		if b3 := AppendPayloads(nil, ps2); !bytes.Equal(b3, b2) {
			t.Fatalf("got %x, want %x", b3, b2)
		}
	})
}
