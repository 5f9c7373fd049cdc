//go:build unix

package main

import (
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// noWait has a file opened that is a pipe without a writer.
const noWait = syscall.O_NONBLOCK

// isOwner reports whether a file belongs to the user who runs this program.
func isOwner(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) == os.Geteuid()
}

// keepMemory has the system write no core file of this process: keys are in it. With a limit of 0 octets Linux would still hand the core to a
// program that /proc/sys/kernel/core_pattern names, with one of 1 it does not.
func keepMemory() error {
	var l syscall.Rlimit
	err := syscall.Getrlimit(syscall.RLIMIT_CORE, &l)
	if err == nil {
		l.Max = min(l.Max, 1)
		l.Cur = l.Max
		err = syscall.Setrlimit(syscall.RLIMIT_CORE, &l)
	}
	if err != nil {
		return fmt.Errorf("seikan run: no core files: %w", err)
	}
	return nil
}
