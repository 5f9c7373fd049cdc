package netns

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"golang.org/x/sys/unix"
)

// dir is where named namespaces are.
const dir = "/run/netns"

// Path is the file of a namespace.
func Path(name string) string { return filepath.Join(dir, name) }

// Check reports whether there is a namespace of that name. It needs no privilege.
func Check(name string) error {
	_, err := Find(name)
	return err
}

// ID tells a namespace from others, and from one that had its name before.
type ID struct{ dev, ino uint64 }

// Find is the ID of the namespace with that name, the zero one for "", that of the process. It needs no privilege.
func Find(name string) (ID, error) {
	if name == "" {
		return ID{}, nil
	}
	fd, err := open(name)
	if err != nil {
		return ID{}, err
	}
	defer unix.Close(fd)
	var s unix.Stat_t
	if err := unix.Fstat(fd, &s); err != nil {
		return ID{}, fmt.Errorf("network namespace %s: %w", name, os.NewSyscallError("fstat", err))
	}
	return ID{uint64(s.Dev), s.Ino}, nil
}

func open(name string) (int, error) {
	if name == "" || name == "." || name == ".." || name != filepath.Base(name) {
		return -1, fmt.Errorf("network namespace %q: no name of one", name)
	}
	path := Path(name)
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return -1, fmt.Errorf("network namespace %s: %w", name, &os.PathError{Op: "open", Path: path, Err: err})
	}
	var s unix.Statfs_t
	if err := unix.Fstatfs(fd, &s); err != nil || s.Type != unix.NSFS_MAGIC {
		unix.Close(fd)
		return -1, fmt.Errorf("network namespace %s: %s is none", name, path)
	}
	return fd, nil
}

// Do calls f in the namespace with that name, "" for that of the process. It needs the right to administer the system
// (CAP_SYS_ADMIN). What f starts beside itself is not in the namespace.
func Do(name string, f func() error) error {
	if name == "" {
		return f()
	}
	fd, err := open(name)
	if err != nil {
		return err
	}
	defer unix.Close(fd)
	done := make(chan error, 1)
	go func() {
		runtime.LockOSThread()
		err := enter(fd, name, f)
		if !errors.Is(err, errStuck) {
			runtime.UnlockOSThread()
		} // else the thread ends with the goroutine
		done <- err
	}()
	return <-done
}

var errStuck = errors.New("the thread could not leave it")

// enter takes the thread to the namespace and back.
func enter(fd int, name string, f func() error) error {
	home, err := unix.Open("/proc/thread-self/ns/net", unix.O_RDONLY|unix.O_CLOEXEC, 0)
	if err != nil {
		return fmt.Errorf("network namespace of the process: %w", err)
	}
	defer unix.Close(home)
	if err := unix.Setns(fd, unix.CLONE_NEWNET); err != nil {
		return fmt.Errorf("network namespace %s: %w", name, os.NewSyscallError("setns", err))
	}
	err = f()
	if back := unix.Setns(home, unix.CLONE_NEWNET); back != nil {
		return errors.Join(err, fmt.Errorf("network namespace %s: %w: %w", name, errStuck, back))
	}
	return err
}
