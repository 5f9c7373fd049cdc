package main

import (
	"errors"
	"fmt"
	"io"
	"os"

	"seikan/internal/config"
)

// maxKeyFile is how many octets of a key file are read: more than it may have.
const maxKeyFile = 1<<20 + 1

// readKeys reads a key file, which nobody but its owner may read or write, and that is who runs this program.
func readKeys(file string) (config.Keys, error) {
	f, err := os.OpenFile(file, os.O_RDONLY|noWait, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, fmt.Errorf("%s is no regular file", file)
	case info.Mode().Perm()&^0o600 != 0:
		return nil, fmt.Errorf("%s has mode %04o, want 0600 or 0400: chmod 600 %s", file, info.Mode().Perm(), file)
	case !isOwner(info):
		return nil, fmt.Errorf("%s belongs to another user than the one that runs the router", file)
	}
	text := make([]byte, min(info.Size()+1, maxKeyFile))
	defer clear(text)
	n, err := io.ReadFull(f, text)
	if err == nil && n < maxKeyFile {
		return nil, fmt.Errorf("%s changed while it was read", file)
	}
	if err != nil && !errors.Is(err, io.ErrUnexpectedEOF) && !errors.Is(err, io.EOF) {
		return nil, err
	}
	return config.ParseKeys(file, text[:n])
}
