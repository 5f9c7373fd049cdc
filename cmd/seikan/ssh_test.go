package main

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"

	"seikan/internal/config"
)

// Connections outlive the listener, and not their users, with a listener or without.
func TestUserWithoutListener(t *testing.T) {
	hash, err := bcrypt.GenerateFromPassword([]byte("of-ann"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	ts := newTerminals(zerolog.Nop(), runOptions{socket: filepath.Join(dir, "vty.sock"), file: filepath.Join(dir, "gw.conf")})
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
