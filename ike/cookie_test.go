package ike

import (
	"encoding/binary"
	"net/netip"
	"testing"
	"time"

	"seikan/ike/wire"
	"seikan/sadb"
)

func TestCookies(t *testing.T) {
	var c cookies
	now, from, ni := start, netip.MustParseAddrPort("192.0.2.1:500"), []byte("a nonce of 16 oc")
	cookie := c.cookie(now, 7, ni, from)
	if len(cookie) > maxCookie {
		t.Fatalf("cookie of %d octets", len(cookie))
	}
	changed := append([]byte(nil), cookie...)
	changed[len(changed)-1] ^= 1
	for _, tt := range []struct {
		name   string
		after  time.Duration
		cookie []byte
		spi    wire.SPI
		ni     []byte
		from   netip.AddrPort
		want   bool
	}{
		{"at once", 0, cookie, 7, ni, from, true},
		{"another SPI", 0, cookie, 8, ni, from, false},
		{"another nonce", 0, cookie, 7, []byte("a nonce of 16 ox"), from, false},
		{"another address", 0, cookie, 7, ni, netip.MustParseAddrPort("192.0.2.2:500"), false},
		{"another port", 0, cookie, 7, ni, netip.MustParseAddrPort("192.0.2.1:501"), false},
		{"another octet", 0, changed, 7, ni, from, false},
		{"cut short", 0, cookie[:len(cookie)-1], 7, ni, from, false},
		{"empty", 0, nil, 7, ni, from, false},
		{"under the secret before", cookieLife + 1, cookie, 7, ni, from, true},
		{"under an old secret", 2*cookieLife + 2, cookie, 7, ni, from, false},
		{"long after", time.Hour, cookie, 7, ni, from, false},
	} {
		if got := c.valid(now.Add(tt.after), tt.cookie, tt.spi, tt.ni, tt.from); got != tt.want {
			t.Errorf("%s: got %v, want %v", tt.name, got, tt.want)
		}
	}
}

// flood sends n IKE_SA_INIT requests, each with an SPI of its own, from one path.
func (s *side) flood(path sadb.Path, request []byte, n int) (answered int) {
	for i := range n {
		data := append([]byte(nil), request...)
		binary.BigEndian.PutUint64(data, uint64(i)+1<<40)
		s.deliver(path, data)
		answered += len(s.out.Datagrams)
	}
	return answered
}

// Forged requests flood in: above the threshold nothing is remembered of them, and the answers are smaller than they are. An honest
// peer gets in with a cookie.
func TestFlood(t *testing.T) {
	p := newPair(t, func(_, b *Config) { b.CookieChallenge, b.MaxHalfOpenFrom = 10, 1000 })
	p.lose = func(*side, []byte) bool { return true }
	p.a.acquire("f0")
	request := p.a.out.Datagrams[0]
	if got := p.b.flood(swap(request.Path), request.Data, 500); got != 500 {
		t.Errorf("got %d answers, want one each", got)
	}
	if got := p.b.e.Len(); got != 10 {
		t.Errorf("got %d half-open SAs, want 10", got)
	}
	if got := p.b.e.Drops()[DropCookie]; got != 490 {
		t.Errorf("got %d requests without a cookie, want 490", got)
	}
	if got := len(p.b.out.Datagrams[0].Data); got >= len(request.Data) {
		t.Errorf("the answer is of %d octets, the request of %d", got, len(request.Data))
	}
	p.lose = nil
	p.run(10 * time.Second)
	if p.agree() != 1 {
		p.fail("the honest peer did not get in: %+v", p.a.events)
	}
	p.run(time.Minute)
	p.wantOne()
	if n := len(p.b.e.openFrom); n != 0 {
		t.Errorf("%d addresses are remembered after their SAs", n)
	}
}

// Forged requests from the address of one peer, fewer than make cookies necessary for all or with little room for any: that peer gets in
// with a cookie.
func TestFloodFromOne(t *testing.T) { floodOfOne(t, nil, 25) } // half of what one address may have

// Where few half-open SAs are allowed, forged requests do not take the room of the honest peer either.
func TestFloodOfLittleRoom(t *testing.T) {
	floodOfOne(t, func(_, b *Config) { b.MaxHalfOpen = 20 }, 10) // half of what is allowed
}

// floodOfOne floods b with requests in a's name, which take the room of so many half-open SAs, and then lets a in.
func floodOfOne(t *testing.T, configure func(a, b *Config), room int) {
	t.Helper()
	p := newPair(t, configure)
	p.lose = func(*side, []byte) bool { return true }
	p.a.acquire("f0")
	request := p.a.out.Datagrams[0]
	p.b.flood(swap(request.Path), request.Data, 500)
	if got := p.b.e.Len(); got != room {
		t.Errorf("got %d half-open SAs, want %d", got, room)
	}
	p.lose = nil
	p.run(10 * time.Second)
	if p.agree() != 1 {
		p.fail("the honest peer did not get in: %+v", p.a.events)
	}
}

// One address cannot take all the room, with cookies or without.
func TestHalfOpenFrom(t *testing.T) {
	p := newPair(t, func(_, b *Config) { b.CookieChallenge, b.MaxHalfOpenFrom = 5000, 5 })
	p.lose = func(*side, []byte) bool { return true }
	p.a.acquire("f0")
	request := p.a.out.Datagrams[0]
	if got := p.b.flood(swap(request.Path), request.Data, 20); got != 5 {
		t.Errorf("got %d answers, want 5", got)
	}
	if got := p.b.e.Drops()[DropHalfOpenLimit]; got != 15 || p.b.e.Len() != 5 {
		t.Errorf("got %d refused and %d half-open, want 15 and 5", got, p.b.e.Len())
	}
}
