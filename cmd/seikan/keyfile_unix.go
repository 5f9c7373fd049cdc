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

// keepMemory has the system write no core file of this process: keys are in it.
func keepMemory() error {
	if err := syscall.Setrlimit(syscall.RLIMIT_CORE, &syscall.Rlimit{}); err != nil {
		return fmt.Errorf("seikan run: no core files: %w", err)
	}
	return nil
}
