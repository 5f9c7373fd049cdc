package fault

import (
	"errors"
	"strings"
	"testing"
)

// caught is the Fault of what f panics with.
func caught(f func()) (got Fault) {
	defer func() {
		if v := recover(); v != nil {
			got = Caught(v)
		}
	}()
	f()
	return got
}

//go:noinline
func beyond(list []int, i int) int { return list[i] }

//go:noinline
func withKey(key [8]uint64) { panic(key) }

func TestCaught(t *testing.T) {
	var none *Fault
	secret := [8]uint64{0xdeadbeefdeadbeef}
	for _, test := range []struct {
		name       string
		f          func()
		what, from string
	}{
		{"index", func() { beyond(make([]int, 3), 5) }, "runtime error: index out of range [5] with length 3", "seikan/internal/fault.beyond fault_test.go:"},
		{"nil", func() { _ = none.What }, "runtime error: invalid memory address or nil pointer dereference", "seikan/internal/fault.TestCaught.func"},
		{"text", func() { panic("0xdeadbeef") }, "panic of type string", "seikan/internal/fault.TestCaught.func"},
		{"error", func() { panic(errors.New("0xdeadbeef")) }, "panic of type *errors.errorString", "seikan/internal/fault.TestCaught.func"},
		{"value", func() { withKey(secret) }, "panic of type [8]uint64", "seikan/internal/fault.withKey fault_test.go:"},
	} {
		t.Run(test.name, func(t *testing.T) {
			f := caught(test.f)
			if f.What != test.what || !strings.HasPrefix(f.At, test.from) {
				t.Errorf("got %q at %q, want %q at %q", f.What, f.At, test.what, test.from)
			}
			if !strings.HasPrefix(f.Stack(), f.At+", ") || !strings.Contains(f.Stack(), "fault.caught fault_test.go:") {
				t.Errorf("got the stack %q, want it from %q to caught", f.Stack(), f.At)
			}
			if all := f.String() + f.Stack(); strings.Contains(strings.ToLower(all), "deadbeef") {
				t.Errorf("%q has what was given to panic", all)
			}
		})
	}
}
