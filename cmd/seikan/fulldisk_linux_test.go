package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// A disk that is full, or that cannot be written, leaves every file as it was, and the operator is told why. The test runs in a process with
// mounts of its own, which end with it.
func TestDiskThatTakesNothing(t *testing.T) {
	const inside = "SEIKAN_TEST_MOUNTS"
	if os.Getenv(inside) == "" {
		if os.Getuid() != 0 {
			t.Skip("left out: must be root to make mounts")
		}
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestDiskThatTakesNothing$", "-test.count=1")
		cmd.Env = append(os.Environ(), inside+"=1")
		cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: syscall.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL} // which makes mounts private, too
		if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "PASS") {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	c, _ := testConfiguration(t)
	disk := filepath.Join(t.TempDir(), "disk")
	if err := errors.Join(os.Mkdir(disk, 0o700), syscall.Mount("tmpfs", disk, "tmpfs", 0, "size=64k")); err != nil {
		t.Fatal(err)
	}
	defer syscall.Unmount(disk, 0)
	c.file = filepath.Join(disk, "gw.conf")
	files := map[string]string{"gw.conf": startText, "gw.conf.bak": "hostname older\n", "copy": startText, "shown": "old"}
	for name, text := range files {
		if err := os.WriteFile(filepath.Join(disk, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	check := func(name, why string) {
		t.Helper()
		for command, file := range map[string]string{
			"write memory": "gw.conf", "copy running-config startup-config": "gw.conf", "copy running-config copy": "copy", "copy running-config new": "new",
			"show running-config | redirect " + filepath.Join(disk, "shown"): "shown",
		} {
			got := pasted(t, c, "configure terminal\nhostname gwZ\nend\n"+command+"\nshow startup-config | include hostname\n")
			if want := "% write " + filepath.Join(disk, file) + ": " + why + "\nhostname Router\n"; !strings.HasSuffix(got, want) {
				t.Errorf("%s: %s: got %q, want %q at the end", name, command, got, want)
			}
		}
		entries, err := os.ReadDir(disk)
		if err != nil {
			t.Fatal(err)
		}
		for _, e := range entries {
			if text, err := os.ReadFile(filepath.Join(disk, e.Name())); err != nil || e.Name() != "filler" && string(text) != files[e.Name()] {
				t.Errorf("%s: %s has %q, %v", name, e.Name(), text, err)
			}
		}
	}
	if err := os.WriteFile(filepath.Join(disk, "filler"), make([]byte, 1<<20), 0o600); !errors.Is(err, syscall.ENOSPC) {
		t.Fatalf("the disk is not full: %v", err)
	}
	check("full", "no space left on device")
	if err := errors.Join(os.Remove(filepath.Join(disk, "filler")), syscall.Mount("", disk, "", syscall.MS_REMOUNT|syscall.MS_RDONLY, "")); err != nil {
		t.Fatal(err)
	}
	check("read-only", "read-only file system")
}
