package main

import (
	"bytes"
	"context"
	"errors"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"

	"seikan/internal/cli"
	"seikan/internal/config"
	"seikan/internal/config/configtest"
)

// Sites that are pasted into a terminal over SSH, 2,000 lines of them, are in force a moment later, though there are 500 already. The limit is
// far above what it takes, and far below what it took when each line had all of the configuration read.
func TestPasteOverSSH(t *testing.T) {
	t.Parallel()
	const sites, more = 500, 112
	text := func(sites int) string {
		return "hostname gw\ncrypto ipsec transform-set TS esp-gcm 128\n" + configtest.Sites(0, sites) + "interface vA\n ip address 192.0.2.1 255.255.255.0\n crypto map CM\n"
	}
	var applied []string
	c := newConfiguration(zerolog.Nop(), "gw.conf", parsed(t, text(sites)), buildConfig, func(_ context.Context, v version) ([]string, error) {
		applied = append(applied, v.Text())
		return nil, nil
	})
	defer c.close()
	hash, err := bcrypt.GenerateFromPassword([]byte("of-ann"), bcrypt.MinCost)
	if err != nil {
		t.Fatal(err)
	}
	socket := socketDir(t)
	lines := new(cli.Lines)
	ts := newTerminals(zerolog.Nop(), runOptions{socket: socket, file: filepath.Join(t.TempDir(), "gw.conf")}, lines)
	defer ts.close()
	cfg := config.Terminal{
		Listen: freePort(t), Users: []config.User{{Name: "ann", Privilege: 15, Secret: string(hash)}}, LoginTime: time.Minute, Tries: 1, Sessions: 1,
	}
	if err := ts.change(config.Built{Terminal: cfg}); err != nil {
		t.Fatal(err)
	}
	l, err := cli.Listen(socket)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- cli.Serve(ctx, l, struct{ cli.Backend }{}, cli.Info{Config: c, Lines: lines})
	}()
	defer func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	}()
	how := &ssh.ClientConfig{User: "ann", Auth: []ssh.AuthMethod{ssh.Password("of-ann")}, HostKeyCallback: ssh.InsecureIgnoreHostKey(), Timeout: 20 * time.Second}
	conn, err := ssh.Dial("tcp", cfg.Listen.String(), how)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	s, err := conn.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	typed := "configure terminal\n" + strings.ReplaceAll(configtest.Sites(sites, sites+more), "\n ", "\n") + "end\nexit\n"
	s.Stdin, s.Stdout = strings.NewReader(strings.ReplaceAll(typed, "\n", "\r")), &out
	if err := errors.Join(s.RequestPty("vt100", 50, 132, nil), s.Shell()); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := s.Wait(); err != nil {
		t.Error(err)
	}
	took := time.Since(began)
	if took > 30*time.Second {
		t.Errorf("%d lines took %v", strings.Count(typed, "\n"), took)
	}
	running := c.running().Text()
	t.Logf("%d lines took %v, and were put in force %d times", strings.Count(typed, "\n"), took, len(applied))
	said := newEntryNote.ReplaceAllString(out.String(), "")
	if i := strings.Index(said, "%"); i >= 0 {
		t.Errorf("it says %.200q", said[i:])
	}
	if want := parsed(t, text(sites+more)).Text(); len(applied) == 0 || applied[len(applied)-1] != want || running != want {
		t.Error("what was pasted is not in force")
	}
}

// newEntryNote is what is said of each new entry of a crypto map.
var newEntryNote = regexp.MustCompile(`% NOTE: [^\n]*\n[^\n]*\n`)
