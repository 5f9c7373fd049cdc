package main

import (
	"bytes"
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"

	"seikan/internal/cli"
	"seikan/internal/config"
)

// Connections outlive the listener, and not their users, with a listener or without.
func TestUserWithoutListener(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("of-ann"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ts := newTerminals(zerolog.Nop(), runOptions{socket: filepath.Join(dir, "vty.sock"), file: filepath.Join(dir, "gw.conf")}, new(cli.Lines))
	defer ts.close()
	change := func(cfg config.Terminal) {
		t.Helper()
		if err := ts.change(config.Built{Terminal: cfg}); err != nil {
			t.Fatal(err)
		}
	}
	change(config.Terminal{})
	if ts.server != nil {
		t.Error("there is a server that nobody asked for")
	}
	cfg := config.Terminal{
		Listen: freePort(t), Users: []config.User{{Name: "ann", Secret: string(hash)}}, LoginTime: time.Minute, Tries: 1, Sessions: 1,
	}
	change(cfg)
	at := cfg.Listen.String()
	how := &ssh.ClientConfig{User: "ann", Auth: []ssh.AuthMethod{ssh.Password("of-ann")}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 20 * time.Second}
	c, err := ssh.Dial("tcp", at, how)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	cfg.Listen = config.Terminal{}.Listen
	change(cfg)
	if _, err := ssh.Dial("tcp", at, how); err == nil {
		t.Error("somebody came in without a listener")
	}
	if _, _, err := c.SendRequest("there?", true, nil); err != nil {
		t.Errorf("the connection has ended with its listener: %v", err)
	}
	change(config.Terminal{})
	if err := c.Wait(); err == nil {
		t.Error("the connection ended well")
	}
}

// An operator ends the terminal of another, who is told by whom; his line is free then, and the log has it.
func TestClearLineOverSSH(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("of-both"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	dir, err := os.MkdirTemp("", "seikan") // that of t.TempDir may be too long for a socket
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	var told bytes.Buffer
	s := &service{log: zerolog.New(&told)}
	lines := &cli.Lines{Cleared: s.lineCleared}
	o := runOptions{socket: filepath.Join(dir, "vty.sock"), file: filepath.Join(dir, "gw.conf")}
	ts := newTerminals(zerolog.Nop(), o, lines)
	defer ts.close()
	cfg := config.Terminal{Listen: freePort(t), LoginTime: time.Minute, Tries: 1, Sessions: 4, Users: []config.User{
		{Name: "ann", Secret: string(hash), Privilege: 15}, {Name: "bob", Secret: string(hash), Privilege: 15},
	}}
	if err := ts.change(config.Built{Terminal: cfg}); err != nil {
		t.Fatal(err)
	}
	l, err := cli.Listen(o.socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- cli.Serve(ctx, l, struct{ cli.Backend }{}, cli.Info{Lines: lines}) }()
	login := func(user string) *ssh.Session {
		t.Helper()
		c, err := ssh.Dial("tcp", cfg.Listen.String(), &ssh.ClientConfig{
			User: user, Auth: []ssh.AuthMethod{ssh.Password("of-both")}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 20 * time.Second,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { c.Close() })
		session, err := c.NewSession()
		if err != nil {
			t.Fatal(err)
		}
		return session
	}
	bob := login("bob")
	var screen bytes.Buffer
	bob.Stderr = &screen
	if _, err := bob.StdinPipe(); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(bob.RequestPty("vt100", 24, 80, nil), bob.Shell()); err != nil {
		t.Fatal(err)
	}
	for len(lines.Users()) == 0 {
		time.Sleep(5 * time.Millisecond)
	}
	if out, err := login("ann").Output("clear line vty 0"); err != nil || string(out) != " [OK]\n" {
		t.Errorf("clear: %q, %v", out, err)
	}
	if err := bob.Wait(); err == nil || screen.String() != "\r\n% Line vty 0 was cleared by ann on vty1 (127.0.0.1): the session ends.\r\n" {
		t.Errorf("bob ended with %v, having read %q", err, screen.String())
	}
	for late := time.Now().Add(20 * time.Second); len(lines.Users()) > 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(late) {
			t.Fatalf("still there: %+v", lines.Users())
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	if got := told.String(); !strings.Contains(got, `"user":"bob","line":1,"source":"127.0.0.1","by":"ann on vty1 (127.0.0.1)","message":"terminal ended: its line was cleared"`) {
		t.Errorf("the log has %s", got)
	}
}

// A listener that cannot be opened, at the start or later, is opened once it can be; the one before stays meanwhile. What is not wanted any
// more is not tried again.
func TestSSHIsTriedAgain(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("of-ann"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	dir := t.TempDir()
	ts := newTerminals(zerolog.Nop(), runOptions{socket: filepath.Join(dir, "vty.sock"), file: filepath.Join(dir, "gw.conf")}, new(cli.Lines))
	defer ts.close()
	first, second := netip.MustParseAddrPort(taken.Addr().String()), freePort(t)
	at := func(a netip.AddrPort) config.Built {
		return config.Built{Terminal: config.Terminal{Listen: a, Users: []config.User{{Name: "ann", Secret: string(hash)}}, LoginTime: time.Minute, Tries: 1, Sessions: 1}}
	}
	greets := func(a netip.AddrPort) bool {
		c, err := net.DialTimeout("tcp", a.String(), 10*time.Second)
		if err != nil {
			return false
		}
		defer c.Close()
		c.SetReadDeadline(time.Now().Add(10 * time.Second))
		b := make([]byte, 4)
		_, err = io.ReadFull(c, b)
		return err == nil && string(b) == "SSH-"
	}
	wantShown := func(at netip.AddrPort, failed bool) {
		t.Helper()
		if got := ts.show(); got.At != at || (got.Error != "") != failed {
			t.Errorf("got %+v, want %v, failed %v", got.Access, at, failed)
		}
	}
	if err := ts.change(at(first)); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Fatalf("got %v, want that the address is in use", err)
	}
	wantShown(first, true)
	if err := ts.change(at(second)); err != nil || !greets(second) {
		t.Fatalf("got %v", err)
	}
	wantShown(second, false)
	if err := ts.change(at(first)); err == nil || !greets(second) {
		t.Errorf("got %v, want an error, and what there was", err)
	}
	wantShown(first, true)
	taken.Close()
	eventually(t, "where it is to be", func() bool { return greets(first) })
	eventually(t, "no error", func() bool { return ts.show().Error == "" })
	if greets(second) {
		t.Error("it is still where it was before")
	}
	if err := ts.change(at(netip.MustParseAddrPort("192.0.2.99:22"))); err == nil {
		t.Error("an address that is not here was no error")
	}
	if err := ts.change(at(first)); err != nil || !greets(first) {
		t.Errorf("going back: %v", err)
	}
	wantShown(first, false)
}
