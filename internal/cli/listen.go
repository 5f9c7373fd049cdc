package cli

import (
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"sync"
	"syscall"
	"time"
)

// socketMode lets the owner and the group of the socket give commands.
const socketMode = 0o660

// dialTime is how long a connection on this machine may take to come up.
const dialTime = 5 * time.Second

// Listener is the socket of a router's command line.
type Listener struct {
	*net.UnixListener
	path string
	file fs.FileInfo // of the socket, to tell whether it is still the one at path

	once sync.Once // guards err
	err  error     // of Close
}

// Listen makes the socket, with mode 0660. It takes the place of one that nobody listens on; one that is in use, and
// whatever is no socket, is left alone, and an error.
func Listen(path string) (*Listener, error) {
	l, err := listen(path)
	if err != nil {
		return nil, fmt.Errorf("cli: listen: %w", err)
	}
	return l, nil
}

// listen makes the socket in a directory that nobody else may enter and moves it to its place once its mode is right: so
// at no time can anyone connect who may not.
func listen(path string) (l *Listener, err error) {
	unlock, err := lockDir(filepath.Dir(path)) // from routers that start at this moment, and take the same socket for stale
	if err != nil {
		return nil, err
	}
	defer unlock()
	if err := removeStale(path); err != nil {
		return nil, err
	}
	private, err := os.MkdirTemp(filepath.Dir(path), ".vty*")
	if err != nil {
		return nil, err
	}
	defer func() {
		if rerr := os.RemoveAll(private); rerr != nil && err == nil {
			err = errors.Join(rerr, l.Close())
		}
	}()
	hidden := filepath.Join(private, "s")
	ul, err := net.ListenUnix("unix", &net.UnixAddr{Name: hidden, Net: "unix"})
	if err != nil {
		return nil, err
	}
	ul.SetUnlinkOnClose(false) // it is elsewhere by then
	l = &Listener{UnixListener: ul, path: path}
	if err = os.Chmod(hidden, socketMode); err == nil {
		l.file, err = os.Lstat(hidden)
	}
	if err == nil {
		err = os.Link(hidden, path) // unlike a rename it replaces nothing
	}
	if err != nil {
		return nil, errors.Join(err, ul.Close())
	}
	return l, nil
}

// removeStale removes a socket that nobody listens on.
func removeStale(path string) error {
	switch info, err := os.Lstat(path); {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	case info.Mode().Type() != fs.ModeSocket:
		return fmt.Errorf("%s is there and is no socket", path)
	}
	c, err := net.DialTimeout("unix", path, dialTime)
	switch {
	case err == nil:
		return errors.Join(fmt.Errorf("%s is in use by another router", path), c.Close())
	case errors.Is(err, syscall.ECONNREFUSED):
		return os.Remove(path)
	case errors.Is(err, fs.ErrNotExist): // it has just gone
		return nil
	}
	return err
}

// Close stops listening and removes the socket, if it is still the one that Listen made. Every call returns once that is
// done, with the same error.
func (l *Listener) Close() error {
	l.once.Do(func() {
		l.err = l.UnixListener.Close()
		if info, err := os.Lstat(l.path); err == nil && os.SameFile(info, l.file) {
			l.err = errors.Join(l.err, os.Remove(l.path))
		}
	})
	return l.err
}
