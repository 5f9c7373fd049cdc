package cli

import (
	"net/netip"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// An operator has a line until leaving, which the next one gets; what is typed ends being idle; and clear ends the one that is meant.
func TestLines(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var l Lines
		var ended, told []string
		l.Cleared = func(u User, by string) { told = append(told, u.Name+" by "+by) }
		from := netip.MustParseAddr("::ffff:192.0.2.9")
		enter := func(name string) *Line {
			return l.Enter(name, from, func(why string) { ended = append(ended, name+": "+why) })
		}
		one := enter("one")
		time.Sleep(time.Minute)
		two := enter("two")
		time.Sleep(time.Second)
		want := []User{{1, "one", from.Unmap(), 61 * time.Second}, {2, "two", from.Unmap(), time.Second}}
		if got := l.Users(); one.Number() != 1 || two.Number() != 2 || !slices.Equal(got, want) {
			t.Errorf("got %+v, want %+v", got, want)
		}
		two.Use()
		one.Leave()
		three := enter("three")
		want = []User{{1, "three", from.Unmap(), 0}, {2, "two", from.Unmap(), 0}}
		if got := l.Users(); three.Number() != 1 || !slices.Equal(got, want) {
			t.Errorf("after one has left: got %+v, want %+v", got, want)
		}
		l.clear(2, "me")
		l.clear(3, "me")
		if want := []string{"two: Line vty 1 was cleared by me: the session ends."}; !slices.Equal(ended, want) || !slices.Equal(told, []string{"two by me"}) {
			t.Errorf("ended %q, told of %q; want %q", ended, told, want)
		}
		two.Leave()
		three.Leave()
		if got := l.Users(); len(got) != 0 {
			t.Errorf("after all have left: got %+v", got)
		}
		if got := (*Lines)(nil).Users(); got != nil {
			t.Errorf("no lines: got %+v", got)
		}
	})
}
