package main

import (
	"bytes"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"seikan/internal/config/configtest"
)

// A router that has 500 sites takes 2,000 lines with others, and puts them in force, and takes those sites away again.
func TestPasteMany(t *testing.T) {
	t.Parallel()
	const sites, more = 500, 112
	p := startProgram(t, "crypto ipsec transform-set TS esp-gcm 128\n"+configtest.Sites(0, sites)+"interface d0\n crypto map CM\n", filepath.Join(socketDir(t), "seikan.sock"))
	p.ready(t)
	added := configtest.Sites(sites, sites+more)
	var removed strings.Builder
	for l := range strings.Lines(added) {
		if l[0] != ' ' {
			removed.WriteString("no " + l)
		}
	}
	for _, tt := range []struct {
		name, lines string
		sessions    int
	}{{"added", added, sites + more}, {"removed", removed.String(), sites}} {
		began := time.Now()
		var out bytes.Buffer
		code := dispatch(t.Context(), []string{"vty", "--socket", p.socket}, strings.NewReader("configure terminal\n"+tt.lines+"end\n"), &out, &out)
		t.Logf("%s: %d lines, in force after %v", tt.name, strings.Count(tt.lines, "\n"), time.Since(began))
		if _, text, _ := strings.Cut(newEntryNote.ReplaceAllString(out.String(), ""), "\n"); code != 0 || text != "" {
			t.Fatalf("%s: got %d, %.300q", tt.name, code, text)
		}
		if _, out := p.vty(t, "show crypto session | count ^Peer:"); out != fmt.Sprintf("Number of lines which match regexp = %d\n", tt.sessions) {
			t.Errorf("%s: got %q, want %d", tt.name, out, tt.sessions)
		}
	}
}
