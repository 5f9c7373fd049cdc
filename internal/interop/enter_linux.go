package interop

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// Enter calls f inside of the namespace: sockets that it makes in this goroutine belong there for as long as they live. The test ends where
// f fails.
func (n *Namespace) Enter(t testing.TB, f func() error) {
	t.Helper()
	if err := n.enter(f); err != nil {
		t.Fatalf("in namespace %s: %v", n.name, err)
	}
}

func (n *Namespace) enter(f func() error) error {
	open := func(path string) (int, error) { return unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0) }
	there, err := open(filepath.Join("/var/run/netns", n.name))
	if err != nil {
		return err
	}
	defer unix.Close(there)
	runtime.LockOSThread()
	here, err := open("/proc/thread-self/ns/net")
	if err != nil {
		runtime.UnlockOSThread()
		return err
	}
	defer unix.Close(here)
	if err := unix.Setns(there, unix.CLONE_NEWNET); err != nil {
		runtime.UnlockOSThread()
		return fmt.Errorf("setns: %w", err)
	}
	defer func() {
		if unix.Setns(here, unix.CLONE_NEWNET) == nil {
			runtime.UnlockOSThread()
		} // else the thread ends with its goroutine
	}()
	return f()
}
