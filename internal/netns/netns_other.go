//go:build !linux

package netns

import (
	"errors"
	"fmt"
	"runtime"
)

// Path is the file of a namespace. There are none on this system.
func Path(name string) string { return name }

// Check reports whether there is a namespace of that name.
func Check(name string) error {
	return fmt.Errorf("network namespace %s: on %s: %w", name, runtime.GOOS, errors.ErrUnsupported)
}

// ID tells a namespace from others.
type ID struct{}

// Find is the ID of the namespace with that name, the zero one for "", that of the process.
func Find(name string) (ID, error) {
	if name == "" {
		return ID{}, nil
	}
	return ID{}, Check(name)
}

// Do calls f in the namespace with that name, "" for that of the process, which is the only one here.
func Do(name string, f func() error) error {
	if name == "" {
		return f()
	}
	return Check(name)
}
