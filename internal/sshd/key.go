package sshd

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"golang.org/x/crypto/ssh"
)

// HostKey reads the router's own key from a file, and makes it first where there is none. A file that others may read is refused.
func HostKey(file string) (ssh.Signer, error) {
	info, err := os.Stat(file)
	if errors.Is(err, fs.ErrNotExist) {
		if err = makeKey(file); err == nil {
			info, err = os.Stat(file)
		}
	}
	switch {
	case err != nil:
		return nil, fmt.Errorf("sshd: host key: %w", err)
	case info.Mode().Perm()&0o077 != 0:
		return nil, fmt.Errorf("sshd: host key: %s has mode %04o; want one that only its owner may read, as 0600", file, info.Mode().Perm())
	}
	text, err := os.ReadFile(file)
	if err != nil {
		return nil, fmt.Errorf("sshd: host key: %w", err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		return nil, fmt.Errorf("sshd: host key: %s: %w", file, err)
	}
	return key, nil
}

// makeKey makes a file with a new key.
func makeKey(file string) error {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return err
	}
	block, err := ssh.MarshalPrivateKey(key, "seikan")
	if err != nil {
		return err
	}
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return err
	}
	_, err = f.Write(pem.EncodeToMemory(block))
	return errors.Join(err, f.Sync(), f.Close())
}
