package sched

import (
	"errors"
	"fmt"
	"os"
	"strconv"

	"golang.org/x/sys/unix"
)

const tasks = "/proc/self/task"

// maxPasses is how often Batch looks for threads that it has missed, which are those that an unchanged thread has started meanwhile.
const maxPasses = 16

// Batch has all threads of this process, and those that they start later, wait for a processor until whoever has it pauses or has used up
// its slice (SCHED_BATCH, sched(7)). A thread that moves packets and is woken by the first of many would otherwise push its waker aside at
// once, to find one packet and sleep again. Where a processor is idle nothing waits. It needs no privilege, and leaves threads alone that were
// given another class than the usual one.
func Batch() error {
	for range maxPasses {
		changed, err := batchAll()
		if err != nil {
			return fmt.Errorf("sched: batch: %w", err)
		}
		if changed == 0 {
			return nil
		}
	}
	return errors.New("sched: batch: threads come faster than they are changed")
}

// batchAll changes the threads that there are, and returns how many that were.
func batchAll() (changed int, err error) {
	entries, err := os.ReadDir(tasks)
	if err != nil {
		return 0, err
	}
	for _, e := range entries {
		tid, err := strconv.Atoi(e.Name())
		if err != nil {
			return changed, err
		}
		attr, err := unix.SchedGetAttr(tid, 0)
		if err == nil && attr.Policy == unix.SCHED_NORMAL {
			changed++
			attr.Policy = unix.SCHED_BATCH
			err = unix.SchedSetAttr(tid, attr, 0)
		}
		if err != nil && !errors.Is(err, unix.ESRCH) { // it may have ended
			return changed, fmt.Errorf("thread %d: %w", tid, err)
		}
	}
	return changed, nil
}
