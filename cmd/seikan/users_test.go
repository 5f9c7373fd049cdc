package main

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seikan/internal/cli"
	"seikan/internal/sshd"
)

// An operator has a line until leaving, which the next one gets; a key ends being idle.
func TestUsers(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var u users
		from := netip.MustParseAddrPort("[::ffff:192.0.2.9]:2222")
		enter := func(name string) (int, func(), func()) {
			line, in, leave := u.enter(sshd.Session{User: sshd.User{Name: name}, Source: from, In: strings.NewReader("xx")})
			return line, func() { _, _ = in.Read(make([]byte, 1)) }, leave
		}
		one, _, leaveOne := enter("one")
		time.Sleep(time.Minute)
		two, key, leaveTwo := enter("two")
		time.Sleep(time.Second)
		addr := from.Addr().Unmap()
		want := []cli.User{{Line: 1, Name: "one", From: addr, Idle: 61 * time.Second}, {Line: 2, Name: "two", From: addr, Idle: time.Second}}
		if got := u.list(); one != 1 || two != 2 || !slices.Equal(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		key()
		leaveOne()
		three, _, leaveThree := enter("three")
		want = []cli.User{{Line: 1, Name: "three", From: addr}, {Line: 2, Name: "two", From: addr}}
		if got := u.list(); three != 1 || !slices.Equal(got, want) {
			t.Errorf("after one has left: got %+v, want %+v", got, want)
		}
		leaveTwo()
		leaveThree()
		if got := u.list(); len(got) != 0 {
			t.Errorf("after all have left: got %+v", got)
		}
	})
}
