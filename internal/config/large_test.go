package config

import (
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/bcrypt"
)

// A configuration of the size that is taken is read and built in a time that grows with its size, not with the square of it. The limit is
// far above what it takes, and far below what it took.
func TestLargeTexts(t *testing.T) {
	const site = `crypto ikev2 keyring K
 peer P
  address 0.0.0.0/0
  pre-shared-key a-test-key
crypto ikev2 profile PROF
 match identity remote fqdn x
 authentication remote pre-share
 authentication local pre-share
 keyring local K
crypto ipsec transform-set TS esp-gcm 128
interface vA
 ip address 192.0.2.1 255.255.255.0
 crypto map CM
`
	fill := func(head string, line func(i int) string) string {
		var b strings.Builder
		b.WriteString(head)
		for i := 0; b.Len() < maxText-100; i++ {
			b.WriteString(line(i) + "\n")
		}
		return b.String()
	}
	rule := func(i int) string {
		return fmt.Sprintf(" permit ip host 10.%d.%d.1 host 11.%d.%d.1", i/256, i%256, i/256, i%256)
	}
	entry := func(m string, i int) string {
		return fmt.Sprintf("crypto map %s %d ipsec-isakmp\n set peer 192.0.2.2\n set transform-set TS\n set ikev2-profile PROF\n match address L", m, i+1)
	}
	list := func(head string) string {
		var b strings.Builder
		b.WriteString(head + "ip access-list extended L\n")
		for i := range 10000 {
			b.WriteString(rule(i) + "\n")
		}
		return b.String()
	}
	for _, tt := range []struct{ name, text string }{
		{"identities", fill("crypto ikev2 profile PROF\n", func(i int) string { return fmt.Sprintf(" match identity remote fqdn n%d", i) })},
		{"proposals", fill("crypto ikev2 policy P\n", func(i int) string { return fmt.Sprintf(" proposal n%d", i) })},
		{"addresses of policies", fill("crypto ikev2 policy P\n", func(i int) string {
			return fmt.Sprintf(" match address local 10.%d.%d.%d", i>>16, i>>8&255, i&255)
		})},
		{"routes", fill("interface Tunnel1\n", func(i int) string {
			return fmt.Sprintf("ip route 10.%d.%d.%d 255.255.255.255 Tunnel1", i>>16, i>>8&255, i&255)
		})},
		{"names that are not there", fill("", func(i int) string { return fmt.Sprintf("crypto map M%d 1 i\n m a A%d\nip access-list e B%d", i, i, i) })},
		{"a list", fill(site+entry("CM", 0)+"\nip access-list extended L\n", rule)},
		{"a list of many entries", fill(list(site+entry("CM", 0)+"\n"), func(i int) string { return entry("OTHER", i) })},
		{"too many policies", fill(list(site), func(i int) string { return entry("CM", i) })},
	} {
		t.Run(tt.name, func(t *testing.T) {
			began := time.Now()
			m, err := Parse("large", []byte(tt.text))
			if err == nil {
				_, err = m.Build(Env{LocalAddr: func(string, ...netip.Prefix) (netip.Addr, error) { return netip.Addr{}, nil }})
			}
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			} else {
				t.Logf("took %v: %.60v", took, err)
			}
		})
	}
}

// Passwords are hashed once each, and only where all else is right: a hash takes a twentieth of a second.
func TestPasswordsAreHashedLate(t *testing.T) {
	const users = "username a secret one\nusername a secret two\nusername b privilege 15 secret three\nenable secret four\n"
	for _, tt := range []struct {
		name, text string
		hashes     int
	}{
		{"wrong elsewhere", strings.Repeat(users, 50) + "what\n", 0},
		{"right", strings.Repeat(users, 50), 3},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newParser("f")
			for i, s := range lines(tt.text) {
				p.line(i+1, s)
			}
			if len(p.unhashed) != 3 {
				t.Fatalf("%d passwords wait, want 3", len(p.unhashed))
			}
			began := time.Now()
			m, err := Parse("f", []byte(tt.text))
			if took := time.Since(began); took > 20*time.Second {
				t.Errorf("took %v", took)
			}
			if (err == nil) != (tt.hashes > 0) {
				t.Fatal(err)
			}
			if err != nil {
				return
			}
			if u := m.users.get("a"); bcrypt.CompareHashAndPassword([]byte(u.secret), []byte("two")) != nil {
				t.Error("the last password of a does not stand")
			}
		})
	}
}

func TestSecretsRefused(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	costly := strings.Replace(string(hash), "$04$", "$20$", 1)
	if _, err := Parse("f", []byte("enable secret "+costly)); err == nil || !strings.Contains(err.Error(), "cost") {
		t.Errorf("a hash that takes a minute: got %v", err)
	}
	var b strings.Builder
	for i := range maxUsers + 1 {
		fmt.Fprintf(&b, "username u%d secret %s\n", i, hash)
	}
	if _, err := Parse("f", []byte(b.String())); err == nil || !strings.Contains(err.Error(), "at most 256 users") {
		t.Errorf("users without end: got %v", err)
	}
}

// A password that is typed is hashed as well, and the hash stays what it is.
func TestEditPassword(t *testing.T) {
	e := edited(t, mustParse(t, siteText), "username ann secret open-sesame", "hostname other")
	u := e.Model.users.get("ann")
	if u == nil || bcrypt.CompareHashAndPassword([]byte(u.secret), []byte("open-sesame")) != nil || strings.Contains(e.Model.Text(), "open-sesame") {
		t.Errorf("got %+v", u)
	}
}
