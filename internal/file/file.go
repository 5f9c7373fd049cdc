// Package file writes files whole or not at all.
package file

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Write puts a text in the place of a file, readable only for its owner. Until the text is on the disk the file is as it was. Where the file
// is a link, what it leads to is replaced.
func Write(name string, text []byte) error { return write(name, text, false) }

// WriteKeeping is Write, where what there was is kept as FILE.bak. That is a copy: not every file system has hard links.
func WriteKeeping(name string, text []byte) error { return write(name, text, true) }

func write(name string, text []byte, keep bool) error {
	if at, err := filepath.EvalSymlinks(name); err == nil {
		name = at
	}
	if err := replace(name, text, keep); err != nil {
		return fmt.Errorf("write %s: %w", name, reason(err))
	}
	return nil
}

func replace(name string, text []byte, keep bool) error {
	next, err := draft(name, text)
	if err != nil {
		return err
	}
	defer os.Remove(next) // which is not there any more where all went well
	if keep {
		if err := backup(name); err != nil {
			return err
		}
	}
	if err := os.Rename(next, name); err != nil {
		return err
	}
	if dir, err := os.Open(filepath.Dir(name)); err == nil {
		_ = dir.Sync() // not every file system can
		dir.Close()
	}
	return nil
}

// backup copies a file, which a new one is about to replace.
func backup(name string) error {
	text, err := os.ReadFile(name)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil
	case err != nil:
		return err
	}
	old, err := draft(name, text)
	if err != nil {
		return err
	}
	defer os.Remove(old)
	return os.Rename(old, name+".bak")
}

// draft writes a text on the disk beside a file, and returns the name that it has there.
func draft(name string, text []byte) (string, error) {
	f, err := os.CreateTemp(filepath.Dir(name), "."+filepath.Base(name)+"-*") // mode 0600
	if err != nil {
		return "", err
	}
	_, err = f.Write(text)
	if err == nil {
		err = f.Sync()
	}
	if cerr := f.Close(); err == nil {
		err = cerr
	}
	if err != nil {
		_ = os.Remove(f.Name())
		return "", err
	}
	return f.Name(), nil
}

// reason is an error without the names of drafts, which say nothing to an operator.
func reason(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}
