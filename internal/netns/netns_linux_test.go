package netns_test

import (
	"errors"
	"io/fs"
	"net"
	"os"
	"strings"
	"testing"

	"seikan/internal/netns"
	"seikan/internal/netns/netnstest"
)

// inode is the namespace of the thread.
func inode(t *testing.T) string {
	t.Helper()
	s, err := os.Readlink("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func TestDo(t *testing.T) {
	name := netnstest.New(t)
	home, inside := inode(t), ""
	var c net.PacketConn
	err := netns.Do(name, func() (err error) {
		inside = inode(t)
		c, err = net.ListenPacket("udp4", "127.0.0.1:0")
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if inside == home || inode(t) != home {
		t.Errorf("got %s inside and %s after, want another than %s, and that", inside, inode(t), home)
	}
	for ns, want := range map[string]bool{name: false, "": true} { // only where the socket is, its port is taken
		free := netns.Do(ns, func() error {
			again, err := net.ListenPacket("udp4", c.LocalAddr().String())
			if err == nil {
				again.Close()
			}
			return err
		})
		if got := free == nil; got != want {
			t.Errorf("port in namespace %q is free: got %v (%v), want %v", ns, got, free, want)
		}
	}
	failed := errors.New("a reason")
	if err := netns.Do(name, func() error { return failed }); !errors.Is(err, failed) {
		t.Errorf("got %v, want what the function returned", err)
	}
}

// A namespace is another one than what had its name before.
func TestFind(t *testing.T) {
	name := netnstest.New(t)
	find := func(name string) netns.ID {
		t.Helper()
		id, err := netns.Find(name)
		if err != nil {
			t.Fatal(err)
		}
		return id
	}
	before := find(name)
	if again := find(name); again != before || before == find("") {
		t.Errorf("got %v and %v, want the same, and not %v", before, again, find(""))
	}
	held := make(chan net.PacketConn, 1) // keeps it there
	if err := netns.Do(name, func() error {
		c, err := net.ListenPacket("udp4", "127.0.0.1:0")
		held <- c
		return err
	}); err != nil {
		t.Fatal(err)
	}
	defer (<-held).Close()
	netnstest.IP(t, "netns", "delete", name)
	netnstest.IP(t, "netns", "add", name)
	if after := find(name); after == before {
		t.Errorf("got %v for both", after)
	}
}

func TestCheck(t *testing.T) {
	name := netnstest.New(t)
	other := netns.Path(name + "-file")
	if err := os.WriteFile(other, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	defer os.Remove(other)
	for _, tt := range []struct{ name, want string }{
		{name, ""},
		{name + "-file", netns.Path(name+"-file") + " is none"},
		{"no-such-namespace", "network namespace no-such-namespace: open " + netns.Path("no-such-namespace") + ": no such file"},
		{"../netns/" + name, "no name of one"},
		{"..", "no name of one"},
	} {
		for what, f := range map[string]func() error{
			"Check": func() error { return netns.Check(tt.name) },
			"Do":    func() error { return netns.Do(tt.name, func() error { return nil }) },
		} {
			switch err := f(); {
			case tt.want == "" && err != nil:
				t.Errorf("%s(%q): %v", what, tt.name, err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%s(%q): got %v, want %s", what, tt.name, err, tt.want)
			}
		}
	}
	if err := netns.Check("no-such-namespace"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("got %v, want %v", err, fs.ErrNotExist)
	}
}
