package sched

import (
	"os"
	"runtime"
	"strconv"
	"sync"
	"testing"

	"golang.org/x/sys/unix"
)

// Threads that are there, and those that come later, are of the class.
func TestBatch(t *testing.T) {
	if err := Batch(); err != nil {
		t.Fatal(err)
	}
	const n = 8 // goroutines that need a thread each
	var all, seen sync.WaitGroup
	end := make(chan struct{})
	all.Add(n)
	for range n {
		seen.Go(func() {
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			all.Done()
			<-end
		})
	}
	all.Wait()
	defer seen.Wait()
	defer close(end)
	entries, err := os.ReadDir(tasks)
	if err != nil {
		t.Fatal(err)
	}
	if len(entries) < n {
		t.Fatalf("%d threads, want at least %d", len(entries), n)
	}
	for _, e := range entries {
		tid, err := strconv.Atoi(e.Name())
		if err != nil {
			t.Fatal(err)
		}
		attr, err := unix.SchedGetAttr(tid, 0)
		if err != nil {
			t.Fatal(err)
		}
		if attr.Policy != unix.SCHED_BATCH {
			t.Errorf("thread %d: policy %d, want %d", tid, attr.Policy, unix.SCHED_BATCH)
		}
	}
}
