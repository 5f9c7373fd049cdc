package main

import (
	"bytes"
	"context"
	"crypto/rsa"
	"errors"
	"fmt"
	"math/big"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/ssh"

	"seikan/internal/cli"
	"seikan/internal/config"
)

const startText = `hostname Router
crypto ikev2 keyring KR
 peer siteB
  address 192.0.2.2
  pre-shared-key a-test-key
crypto ikev2 profile PROF
 match identity remote address 192.0.2.2 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local KR
crypto ipsec transform-set TS esp-gcm 128
ip access-list extended TO-B
 permit ip host 10.10.10.1 host 10.30.30.1
crypto map CM 10 ipsec-isakmp
 set peer 192.0.2.2
 set transform-set TS
 set ikev2-profile PROF
 match address TO-B
interface vA
 ip address 192.0.2.1 255.255.255.0
 crypto map CM
`

// testConfiguration is the configuration of a router that takes everything but the host name "refused", and what was put in force, in order.
func testConfiguration(t *testing.T) (c *configuration, applied *[]string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "gw.conf")
	if err := os.WriteFile(file, []byte(startText), 0o600); err != nil {
		t.Fatal(err)
	}
	m, err := config.Parse(file, []byte(startText))
	if err != nil {
		t.Fatal(err)
	}
	applied = new([]string)
	build := func(*config.Model) (config.Built, error) { return config.Built{}, nil }
	return newConfiguration(zerolog.Nop(), file, m, build, func(_ context.Context, v version) ([]string, error) {
		if v.Hostname() == "refused" {
			return nil, errors.New("not that one")
		}
		*applied = append(*applied, v.Text())
		return nil, nil
	}), applied
}

// pasted gives commands to a router with that configuration, as a script does, and returns what it answers.
func pasted(t *testing.T, c *configuration, text string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "vty.sock")
	l, err := cli.Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- cli.Serve(ctx, l, struct{ cli.Backend }{}, cli.Info{Config: c, RunningConfig: func() string { return c.running().RunningConfig() }})
	}()
	var out strings.Builder
	if err := (cli.Client{Socket: path}).Batch(t.Context(), strings.NewReader(text), &out); err != nil && !errors.Is(err, cli.ErrRefused) {
		t.Error(err)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	return out.String()
}

// The steps that describe a peer, as the classic guide has them.
func TestDescribePeer(t *testing.T) {
	c, applied := testConfiguration(t)
	got := pasted(t, c, "enable\nconfigure terminal\ncrypto isakmp peer address 192.0.2.2\ndescription connection from site A\nend\n")
	if want := "Enter configuration commands, one per line.  End with CNTL/Z.\n"; got != want {
		t.Errorf("got %q, want %q", got, want)
	}
	if n := len(*applied); n == 0 || !strings.Contains((*applied)[n-1], "crypto isakmp peer address 192.0.2.2\n description connection from site A\n") {
		t.Errorf("in force came %q", *applied)
	}
	got = pasted(t, c, "configure terminal\ncrypto isakmp peer address 192.0.2.2\ndescription "+strings.Repeat("x", 81)+"\nend\n")
	if !strings.Contains(got, "\n            ^\n% Invalid input detected at '^' marker.\n") {
		t.Errorf("81 characters: got %q", got)
	}
}

// A configuration that is pasted is in force when it is whole, and what is not whole is told.
func TestPasteConfiguration(t *testing.T) {
	c, applied := testConfiguration(t)
	got := pasted(t, c, "configure terminal\n"+strings.NewReplacer("192.0.2.2", "192.0.2.3", "TO-B", "TO-C", "CM 10", "CM 20", "siteB", "siteC", "PROF", "PROF3", "10.30.30.1", "10.31.31.1").Replace(startText)+"end\n")
	if !strings.HasSuffix(got, "CNTL/Z.\n% NOTE: This new crypto map will remain disabled until a peer\n\tand a valid access list have been configured.\n") {
		t.Errorf("got %q", got)
	}
	last := (*applied)[len(*applied)-1]
	for _, want := range []string{"crypto map CM 10 ", "crypto map CM 20 ", "set peer 192.0.2.3", "peer siteC"} {
		if !strings.Contains(last, want) {
			t.Errorf("no %q in\n%s", want, last)
		}
	}
	n := len(*applied)
	got = pasted(t, c, "configure terminal\nno ip access-list extended TO-B\nend\n")
	if len(*applied) != n || !strings.Contains(got, "% The configuration is not in force:\n%  match address TO-B: expected") {
		t.Errorf("without the list: %d times in force, %q", len(*applied)-n, got)
	}
	if got := pasted(t, c, "write memory\n"); !strings.Contains(got, "not whole") {
		t.Errorf("write memory: got %q", got)
	}
	if got := pasted(t, c, "configure terminal\nhostname refused\nip access-list extended TO-B\npermit ip any any\nend\n"); !strings.Contains(got, "%  not that one\n") {
		t.Errorf("what the router refuses: got %q", got)
	}
}

func TestWriteMemory(t *testing.T) {
	c, _ := testConfiguration(t)
	if got := pasted(t, c, "configure terminal\nhostname gwZ\ndo write memory\nend\n"); !strings.HasSuffix(got, "Building configuration...\n[OK]\n") {
		t.Errorf("got %q", got)
	}
	now, err := os.ReadFile(c.file)
	old, berr := os.ReadFile(c.file + ".bak")
	if err := errors.Join(err, berr); err != nil {
		t.Fatal(err)
	}
	if string(old) != startText || !strings.HasPrefix(string(now), "hostname gwZ\n") || !strings.Contains(string(now), "pre-shared-key a-test-key") {
		t.Errorf("the file has %q, its backup %q", now, old)
	}
	if info, err := os.Stat(c.file); err != nil || info.Mode().Perm() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	if m, err := config.Parse("saved", now); err != nil || m.Text() != c.running().Text() {
		t.Errorf("read again: %v", err)
	}
	shown := pasted(t, c, "show startup-config\nshow running-config\nwrite terminal\n")
	if strings.Contains(shown, "a-test-key") || strings.Count(shown, "hostname gwZ\n") != 3 {
		t.Errorf("shown is %q", shown)
	}
	copied := filepath.Join(t.TempDir(), "copy")
	pasted(t, c, "copy running-config "+copied+"\n")
	if got, err := os.ReadFile(copied); err != nil || string(got) != string(now) {
		t.Errorf("the copy is %q, %v", got, err)
	}
	left, _ := filepath.Glob(filepath.Join(filepath.Dir(c.file), ".*"))
	if len(left) > 0 {
		t.Errorf("left behind: %q", left)
	}
}

// What is not confirmed in time is taken back.
func TestConfigureRevert(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, applied := testConfiguration(t)
		start := c.running().Text()
		change := func(name string) {
			t.Helper()
			if _, err := c.Configure(t.Context(), nil, "hostname "+name); err != nil {
				t.Fatal(err)
			}
		}
		c.RevertAfter(2 * time.Minute)
		change("gw1")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if got := c.running().Text(); got != start || (*applied)[len(*applied)-1] != start {
			t.Errorf("after the time: %q", got)
		}
		c.RevertAfter(2 * time.Minute)
		change("gw2")
		if err := c.Confirm(); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Minute)
		if got := c.Hostname(); got != "gw2" {
			t.Errorf("confirmed, and it is %q", got)
		}
		if err := errors.Join(c.Confirm(), c.Revert(t.Context(), "console")); !errors.Is(err, errNoRevert) {
			t.Errorf("nothing to confirm: %v", err)
		}
		c.RevertAfter(2 * time.Minute)
		change("gw3")
		if err := c.Revert(t.Context(), "console"); err != nil || c.Hostname() != "gw2" {
			t.Errorf("at once: %v, %q", err, c.Hostname())
		}
		if slices.Contains(*applied, "") {
			t.Error("nothing was in force")
		}
		c.close()
	})
}

func TestConfigureReplace(t *testing.T) {
	c, applied := testConfiguration(t)
	file := filepath.Join(t.TempDir(), "next.conf")
	for _, tt := range []struct {
		text, want string
	}{
		{strings.Replace(startText, "Router", "gwN", 1), ""},
		{"hostname\n", "expected"},
		{strings.Replace(startText, "Router", "refused", 1), "not that one"},
	} {
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := pasted(t, c, "configure replace "+file+"\n"); !strings.Contains(got, tt.want) || tt.want == "" && got != "" {
			t.Errorf("got %q, want %q", got, tt.want)
		}
	}
	if len(*applied) != 1 || c.Hostname() != "gwN" {
		t.Errorf("%d in force, hostname %q", len(*applied), c.Hostname())
	}
}

// What the router would not start with is not written to where it starts from.
func TestWriteMemoryRefused(t *testing.T) {
	c, _ := testConfiguration(t)
	var long strings.Builder // read again it is longer than a configuration may be
	for i := range 25000 {
		fmt.Fprintf(&long, "cry isa pe 10.%d.%d.1\n desc x\n", i/256, i%256)
	}
	m, err := config.Parse(c.file, []byte(startText+long.String()))
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name string
		do   func()
		want string
	}{
		{"refused by the router", func() { c.Configure(t.Context(), nil, "hostname refused") }, "would not start"},
		{"too long", func() { c.use(t.Context(), version{Model: m}, "x", "y") }, "could not be read again"},
	} {
		tt.do()
		if err := c.Save(""); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: got %v, want %q", tt.name, err, tt.want)
		}
		if got, err := os.ReadFile(c.file); string(got) != startText {
			t.Errorf("%s: the file is %.40q, %v", tt.name, got, err)
		}
	}
}

// Files that are no configurations are neither replaced nor shown.
func TestOtherFiles(t *testing.T) {
	c, _ := testConfiguration(t)
	dir := filepath.Dir(c.file)
	key := filepath.Join(dir, "key")
	const secret = "-----BEGIN OPENSSH PRIVATE KEY-----\nc2VjcmV0\nsiteB c2VjcmV0\n"
	if err := errors.Join(os.WriteFile(key, []byte(secret), 0o600), os.Symlink("real.conf", filepath.Join(dir, "link.conf")),
		os.WriteFile(filepath.Join(dir, "real.conf"), []byte(startText), 0o600)); err != nil {
		t.Fatal(err)
	}
	for _, file := range []string{"key", key, dir, "/dev/null"} {
		if err := c.Save(file); err == nil || !strings.Contains(err.Error(), "no configuration") {
			t.Errorf("copy to %s: got %v", file, err)
		}
		if err := c.Replace(t.Context(), "console", file, 0); err == nil || strings.Contains(err.Error(), "c2VjcmV0") {
			t.Errorf("replace by %s: got %v", file, err)
		}
	}
	if got, err := os.ReadFile(key); string(got) != secret {
		t.Errorf("the key is %q, %v", got, err)
	}
	if _, err := c.Configure(t.Context(), nil, "hostname gwL"); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(c.Save("link.conf"), c.Save("new.conf")); err != nil {
		t.Fatal(err)
	}
	if to, err := os.Readlink(filepath.Join(dir, "link.conf")); to != "real.conf" {
		t.Errorf("the link leads to %q, %v", to, err)
	}
	for _, file := range []string{"real.conf", "new.conf"} {
		if got, err := os.ReadFile(filepath.Join(dir, file)); !strings.HasPrefix(string(got), "hostname gwL\n") {
			t.Errorf("%s is %.40q, %v", file, got, err)
		}
	}
}

// A second who wants his changes taken back does not confirm those of the first; a configuration that is refused starts no timer.
func TestRevertOfTwo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := testConfiguration(t)
		bad := filepath.Join(filepath.Dir(c.file), "bad.conf")
		if err := os.WriteFile(bad, []byte(strings.Replace(startText, "Router", "refused", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		if err := c.Replace(t.Context(), "console", bad, time.Minute); err == nil {
			t.Error("taken")
		}
		if err := c.Confirm(); !errors.Is(err, errNoRevert) {
			t.Errorf("after a refusal: got %v", err)
		}
		c.RevertAfter(2 * time.Minute)
		if _, err := c.Configure(t.Context(), nil, "hostname gw1"); err != nil {
			t.Fatal(err)
		}
		c.RevertAfter(2 * time.Minute)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if got := c.Hostname(); got != "Router" {
			t.Errorf("came back to %q, want Router", got)
		}
		c.close()
	})
}

// A line at a terminal may be as long as one of a file, which the key of an old client needs.
func TestLongKey(t *testing.T) {
	c, _ := testConfiguration(t)
	modulus := make([]byte, 8192/8)
	modulus[0], modulus[len(modulus)-1] = 0xc0, 1
	key, err := ssh.NewPublicKey(&rsa.PublicKey{N: new(big.Int).SetBytes(modulus), E: 65537})
	if err != nil {
		t.Fatal(err)
	}
	text := strings.TrimSpace(string(ssh.MarshalAuthorizedKey(key)))
	if got := pasted(t, c, "configure terminal\nusername ann ssh-key "+text+"\nend\n"); strings.Contains(got, "%") {
		t.Errorf("got %q", got)
	}
	if !strings.Contains(c.running().Text(), text) {
		t.Error("the key is not there")
	}
}

// The log says who has changed the configuration and from where, as the programs that wait for it expect, and nothing where nothing changed.
func TestConfigured(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		c, _ := testConfiguration(t)
		var log lockedBuffer
		c.log = zerolog.New(&log)
		other := filepath.Join(filepath.Dir(c.file), "other.conf")
		if err := os.WriteFile(other, []byte(strings.Replace(startText, "Router", "gwN", 1)), 0o600); err != nil {
			t.Fatal(err)
		}
		part := filepath.Join(filepath.Dir(c.file), "part.conf")
		if err := os.WriteFile(part, []byte("hostname gwP\ninterface vA\n description uplink\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		const ann = "ann on vty0 (192.0.2.1)"
		replace := func(file string, revert time.Duration) error { return c.Replace(t.Context(), ann, file, revert) }
		for _, tt := range []struct {
			name string
			do   func() error
			want string // "": nothing
		}{
			{"a session", func() error { c.Configured(ann); return nil }, "from console by " + ann},
			{"replace", func() error { return replace("other.conf", 0) }, "from " + other + " by " + ann},
			{"the same again", func() error { return replace("other.conf", 0) }, ""},
			{"SIGHUP", func() error { return c.use(t.Context(), version{Model: parsed(t, startText)}, c.file, "SIGHUP") }, "from " + c.file + " by SIGHUP"},
			{"SIGHUP, the same", func() error { return c.use(t.Context(), version{Model: parsed(t, startText)}, c.file, "SIGHUP") }, ""},
			{"replace for a while", func() error { return replace("other.conf", time.Minute) }, "from " + other + " by " + ann},
			{"revert", func() error { return c.Revert(t.Context(), ann) }, "from the configuration before by " + ann},
			{"for a while again", func() error { return replace("other.conf", time.Minute) }, "from " + other + " by " + ann},
			{"confirmed", c.Confirm, ""},
			{"copy", func() error { return c.Merge(t.Context(), ann, "part.conf") }, "from " + part + " by " + ann},
			{"copy again", func() error { return c.Merge(t.Context(), ann, "part.conf") }, ""},
			{"copy the startup configuration", func() error { return c.Merge(t.Context(), ann, "") }, "from " + c.file + " by " + ann},
			{"for a while once more", func() error { return replace("other.conf", time.Minute) }, "from " + other + " by " + ann},
			{"the time is over", func() error { time.Sleep(2 * time.Minute); synctest.Wait(); return nil }, "from the configuration before by timer"},
		} {
			before := len(log.String())
			if err := tt.do(); err != nil {
				t.Fatalf("%s: %v", tt.name, err)
			}
			got := log.String()[before:]
			if tt.want == "" && strings.Contains(got, "SYS") || tt.want != "" && strings.Count(got, `"%SYS-5-CONFIG_I: Configured `+tt.want+`"`) != 1 {
				t.Errorf("%s: got %s, want %q", tt.name, got, tt.want)
			}
		}
	})
}

func parsed(t *testing.T, text string) *config.Model {
	t.Helper()
	m, err := config.Parse("gw.conf", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// A session tells of its end where it has changed something, which the line of before does not.
func TestConfiguredByLines(t *testing.T) {
	c, _ := testConfiguration(t)
	var log bytes.Buffer
	c.log = zerolog.New(&log)
	for i, lines := range []string{"hostname gw1\nend\n", "hostname gw1\nend\n", "", "hostname gw2\ninterface vA\n"} {
		pasted(t, c, "configure terminal\n"+lines)
		if got, want := strings.Count(log.String(), "%SYS-5-CONFIG_I: Configured from console by console"), []int{1, 1, 1, 2}[i]; got != want {
			t.Errorf("%q: told %d times, want %d: %s", lines, got, want, log.String())
		}
	}
}

// Lines of a file come into the configuration that there is, as one change, or none of them does; who is not on the machine names files beside
// the startup configuration.
func TestCopyIntoRunning(t *testing.T) {
	c, applied := testConfiguration(t)
	file := filepath.Join(filepath.Dir(c.file), "part.conf")
	for _, tt := range []struct {
		name, text string
		command    string
		want       string // of the answer; "": there is none
		changes    int
	}{
		{"lines", "hostname gwP\nno crypto logging session\n", "copy part.conf running-config", "", 1},
		{"by its path", "hostname gwQ\n", "copy " + file + " run", "", 1},
		{"the same", "hostname gwQ\n", "copy part.conf running-config", "", 1}, // the system, or the keys, may be others now
		{"wrong", "hostname gwR\ncrypto secret-word\n", "copy part.conf running-config", "% copy: " + file + ":2: expected: ", 0},
		{"not whole", "hostname gwR\ncrypto map CM 10 ipsec-isakmp\n match address TO-C\n", "copy part.conf running-config", "% the configuration would not be whole: match address TO-C: expected", 0},
		{"refused", "hostname refused\n", "copy part.conf running-config", "% not that one", 0},
		{"what is not there", "", "copy other.conf running-config", "% copy: stat ", 0},
		{"a directory", "", "copy /dev running-config", "% copy: /dev is no file", 0},
		{"nothing named", "", "copy", "% Incomplete command.", 0},
		{"to nowhere", "", "copy part.conf", "% Incomplete command.", 0},
		{"startup configuration", "", "copy startup-config running-config", "", 1},
		{"the same by another name", "", "configure memory", "", 1},
	} {
		if err := os.WriteFile(file, []byte(tt.text), 0o600); err != nil {
			t.Fatal(err)
		}
		before, was := len(*applied), c.running().Text()
		got := pasted(t, c, tt.command+"\n")
		if !strings.HasPrefix(got, tt.want) || tt.want == "" && got != "" || len(*applied) != before+tt.changes || strings.Contains(got, "secret-word") {
			t.Errorf("%s: got %q and %d changes, want %q and %d", tt.name, got, len(*applied)-before, tt.want, tt.changes)
		}
		if tt.changes == 0 && c.running().Text() != was {
			t.Errorf("%s: something has changed", tt.name)
		}
	}
	if got := c.running().Text(); !strings.HasPrefix(got, "hostname Router\nno crypto logging session\n") {
		t.Errorf("in the end there is\n%s", got)
	}
}
