package interop

import (
	"encoding/hex"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"seikan/internal/cli"
)

// wantNoKey checks that a text has none of the keys, in whatever way octets are written.
func wantNoKey(t *testing.T, where, text string, keys ...string) {
	t.Helper()
	for _, k := range keys {
		for _, s := range []string{k, hex.EncodeToString([]byte(k)), strings.ToUpper(hex.EncodeToString([]byte(k))), strings.Trim(fmt.Sprint([]byte(k)), "[]")} {
			if strings.Contains(text, s) {
				t.Errorf("%s has a key:\n%s", where, text)
			}
		}
	}
}

// showCommands are all commands that show something, from the reference, with what may stand behind them that makes them say more.
func showCommands(t *testing.T) (list []string) {
	t.Helper()
	for _, m := range regexp.MustCompile("(?m)^### `(show [^`]*)`$").FindAllStringSubmatch(cli.Reference(), -1) {
		for _, more := range []string{"", " detail", " detailed", " json", " brief", " history", " history json", " | format xe"} {
			list = append(list, m[1]+more)
		}
	}
	if len(list) < 100 {
		t.Fatalf("only %d commands are found: %v", len(list), list)
	}
	return append(list, "write terminal")
}

// The keys are in a file of their own, and are taken from it anew; neither they nor those in the configuration are in anything that is shown,
// logged or written, nor in what a crash prints.
func TestKeyFile(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	const first, second, third, ppk = "key-one-of-the-file", "key-two-of-the-file", "key-three-of-the-file", "ppk-in-the-configuration"
	all := []string{first, second, third, ppk}
	keys := filepath.Join(s.dir, "keys")
	give := func(key string, mode os.FileMode) {
		t.Helper()
		writeFile(t, keys, "! of this bench\nOTHER another\nSITE-B "+key+"\n")
		if err := os.Chmod(keys, mode); err != nil {
			t.Fatal(err)
		}
	}
	peer := func(key string) {
		s.peer.Load(t, Connection{Secret: key, PPK: ppk, Settings: "ppk_id = quantum\nppk_required = yes"})
	}
	give(first, 0o600)
	conf := RouterConf{Global: []string{"key file " + keys, "logging buffered 1000000 debugging"}, Secret: "file SITE-B",
		KeyPeer: []string{"ppk manual id quantum key " + ppk + " required"}}
	peer(first)
	r := startRouter(t, s.Lab, conf.String())
	s.A.Ping(t, InnerA, InnerB, 2)
	checkSession(t, r, up(2))
	before, _ := s.peerSA(t)

	// The same key, and the tunnel goes on; a file that others can read, and nothing changes.
	r.Reload(t, conf.String())
	r.WaitLog(t, "configuration changed")
	give(second, 0o644)
	r.Reload(t, conf.String())
	r.WaitLog(t, "has mode 0644, want 0600 or 0400")
	if got := r.Paste(t, "configure terminal\nend\n"); !strings.Contains(got, "% The configuration is not in force:") || !strings.Contains(got, "key file "+keys) {
		t.Errorf("end with a file that others can read: %q", got)
	}
	if now, _ := s.peerSA(t); now.SPIi != before.SPIi {
		t.Error("the SA is another one")
	}

	// Another key, by each way that reads the file again.
	for _, tt := range []struct {
		name, key string
		read      func()
	}{
		{"SIGHUP", second, func() { r.Reload(t, conf.String()) }},
		{"end", third, func() { r.Paste(t, "configure terminal\nend\n") }},
		{"configure replace", first, func() {
			if out := r.Paste(t, "configure replace "+strings.TrimSuffix(r.socket, ".sock")+".conf\n"); out != "" {
				t.Errorf("configure replace: %q", out)
			}
		}},
	} {
		give(tt.key, 0o400)
		peer(tt.key)
		tt.read()
		s.peer.WaitGone(t)
		if _, received, out := s.A.TryPing(t, InnerA, InnerB, 3); received == 0 {
			t.Errorf("%s: the key is not taken anew:\n%s", tt.name, out)
		}
		r.WaitStatus(t, "UP-ACTIVE")
		if err := os.Chmod(keys, 0o600); err != nil {
			t.Fatal(err)
		}
	}

	give("key-that-is-wrong", 0o600) // an attempt that fails on it has more to say
	all = append(all, "key-that-is-wrong")
	r.Reload(t, conf.String())
	s.peer.WaitGone(t)
	s.ask(t)
	r.WaitLog(t, "authentication failed")

	said := 0
	for _, command := range showCommands(t) {
		out, _ := r.vty(command) // some of them are refused, which is an answer, too
		wantNoKey(t, command, out, all...)
		said += len(out)
	}
	if shown := r.VTY(t, "show running-config"); said < 20000 || !strings.Contains(shown, "  pre-shared-key file SITE-B\n") || !strings.Contains(shown, "key <hidden> required\n") {
		t.Errorf("%d octets were shown, and of the configuration\n%s", said, shown)
	}
	r.VTY(t, "write memory")
	saved := readFile(t, strings.TrimSuffix(r.socket, ".sock")+".conf")
	wantNoKey(t, "the saved configuration", strings.ReplaceAll(saved, ppk, ""), all...)
	if !strings.Contains(saved, "key file "+keys+"\n") || !strings.Contains(saved, "  pre-shared-key file SITE-B\n") {
		t.Errorf("saved is\n%s", saved)
	}

	if err := r.p.cmd.Process.Signal(syscall.SIGQUIT); err != nil { // what it does when it crashes, too: all goroutines with their arguments
		t.Fatal(err)
	}
	select {
	case <-r.p.done:
	case <-time.After(patience):
		t.Fatal("it goes on after SIGQUIT")
	}
	log := r.Log(t)
	if !strings.Contains(log, "SIGQUIT") || !strings.Contains(log, "goroutine 1 ") {
		t.Errorf("no trace in\n%s", log)
	}
	wantNoKey(t, "the log with the trace", log, all...)
}
