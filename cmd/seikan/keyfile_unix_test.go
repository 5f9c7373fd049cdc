//go:build unix

package main

import (
	"errors"
	"os"
	"os/exec"
	"syscall"
	"testing"
)

// No core file: neither one of its own nor one that the kernel hands to a program, which it does with a limit of 0 and not with 1.
func TestKeepMemory(t *testing.T) {
	if os.Getenv("SEIKAN_TEST_KEEP_MEMORY") == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestKeepMemory$") // the limit cannot be taken back
		cmd.Env = append(os.Environ(), "SEIKAN_TEST_KEEP_MEMORY=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	var before, got syscall.Rlimit
	if err := errors.Join(syscall.Getrlimit(syscall.RLIMIT_CORE, &before), keepMemory(), syscall.Getrlimit(syscall.RLIMIT_CORE, &got)); err != nil {
		t.Fatal(err)
	}
	if want := min(before.Max, 1); got.Cur != want || got.Max != want {
		t.Errorf("got %+v, want %d", got, want)
	}
}
