package ike

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"net/netip"
	"time"

	"seikan/ike/wire"
)

// cookieLife is how long a secret makes cookies. It checks them for as long again.
const cookieLife = time.Minute

// cookies makes and checks the cookies that a responder asks for while many IKE SAs are half-open (RFC 7296 §2.6). A cookie shows
// that its sender receives what is sent to its address; nothing is remembered for it. The zero value is ready.
type cookies struct {
	secrets [2][sha256.Size]byte // the present one and the one before
	version uint8                // of the present one
	since   time.Time            // when it was made; zero: there is none
}

// rotate replaces the secret when its time is over.
func (c *cookies) rotate(now time.Time) {
	age := now.Sub(c.since)
	if age < cookieLife {
		return
	}
	if c.secrets[1] = c.secrets[0]; age >= 2*cookieLife {
		rand.Read(c.secrets[1][:])
	}
	rand.Read(c.secrets[0][:])
	c.version++
	c.since = now
}

// cookie is <version of the secret> | HMAC(secret, SPIi | Ni | IPi | port).
func (c *cookies) cookie(now time.Time, spiI wire.SPI, ni []byte, from netip.AddrPort) []byte {
	c.rotate(now)
	return c.compute(0, spiI, ni, from)
}

// valid reports whether a cookie is one of ours, for the same request and from the same address.
func (c *cookies) valid(now time.Time, cookie []byte, spiI wire.SPI, ni []byte, from netip.AddrPort) bool {
	c.rotate(now)
	if len(cookie) != 1+sha256.Size {
		return false
	}
	age := c.version - cookie[0]
	return int(age) < len(c.secrets) && hmac.Equal(cookie, c.compute(age, spiI, ni, from))
}

func (c *cookies) compute(age uint8, spiI wire.SPI, ni []byte, from netip.AddrPort) []byte {
	mac := hmac.New(sha256.New, c.secrets[age][:])
	b := binary.BigEndian.AppendUint64(nil, uint64(spiI))
	b = append(b, uint8(len(ni)>>8), uint8(len(ni)))
	b = append(b, ni...)
	addr := from.Addr().As16()
	b = binary.BigEndian.AppendUint16(append(b, addr[:]...), from.Port())
	mac.Write(b)
	return mac.Sum([]byte{c.version - age})
}
