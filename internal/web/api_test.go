package web

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"seikan/session"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("%s: got\n%s\nwant\n%s", file, got, want)
	}
}

// The answers are promised to those who read them: names, meaning and order of what is there stay.
func TestAnswers(t *testing.T) {
	s := serve(t, Config{Hostname: "gwA", Version: "v1"})
	snap := sites(0)
	id := idOf(&snap.Sessions[0])
	for name, path := range map[string]string{
		"summary.json": "/api/v1/summary", "sessions.json": "/api/v1/sessions", "session.json": "/api/v1/sessions/" + id,
	} {
		got := get(t, s, nil, path, nil)
		if got.code != http.StatusOK || got.header.Get("Content-Type") != "application/json" {
			t.Errorf("%s: got %d, %v", path, got.code, got.header)
		}
		var v any
		if err := json.Unmarshal([]byte(got.body), &v); err != nil {
			t.Fatal(err)
		}
		text, err := json.MarshalIndent(v, "", "  ")
		if err != nil {
			t.Fatal(err)
		}
		golden(t, name, string(text)+"\n")
	}
	var d Detail
	if err := json.Unmarshal([]byte(get(t, s, nil, "/api/v1/sessions/"+id, nil).body), &d); err != nil {
		t.Fatal(err)
	}
	var want strings.Builder
	first := netip.MustParseAddr("192.0.2.2")
	if err := snap.Render(&want, session.View{Detail: true, Filter: session.Filter{Remote: first}}); err != nil {
		t.Fatal(err)
	}
	if d.Text != want.String() {
		t.Errorf("got\n%s\nwant what the command prints\n%s", d.Text, want.String())
	}
}

func TestPaths(t *testing.T) {
	s := serve(t, Config{})
	for path, want := range map[string]int{
		"/": 200, "/app.js": 200, "/plot.js": 200, "/format.js": 200, "/style.css": 200, "/icon.svg": 200, "/metrics": 200,
		"/index.html": 404, "/assets/app.js": 404, "/x": 404, "/api": 404, "/api/v1/": 404, "/api/v1/sessions/": 404, "/app.js/": 404,
		"/api/v1/summary?x=1": 400, "/api/v1/sessions?x=1": 400, "/api/v1/sessions/short": 400,
		"/api/v1/sessions/xxxxxxxxxxxxxxxx": 404, "/api/v1/sessions/xxxxxxxxxxxxxxxx?x": 400, "/api/v1/sessions/%00%00%00%00%00%00%00%00": 400,
		"/debug/pprof/": 404, "/../server.go": 404,
	} {
		if got := get(t, s, nil, path, nil); got.code != want {
			t.Errorf("%s: got %d, want %d", path, got.code, want)
		}
	}
	for path, want := range map[string]string{"/": "text/html; charset=utf-8", "/app.js": "text/javascript; charset=utf-8", "/style.css": "text/css; charset=utf-8", "/icon.svg": "image/svg+xml"} {
		if got := get(t, s, nil, path, nil).header.Get("Content-Type"); got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}

// The page is whole: it names nothing of other places, and no script or style within the markup, which the policy would refuse.
func TestAssets(t *testing.T) {
	for _, p := range pages {
		text, err := assets.ReadFile("assets/" + p.file)
		if err != nil {
			t.Fatal(err)
		}
		body := strings.ReplaceAll(string(text), `http://www.w3.org/2000/svg`, "")
		for _, bad := range []string{"http://", "https://", "//cdn", "innerHTML", "outerHTML", "insertAdjacentHTML", "document.write", "eval(", " style=", "onclick=", "<script>", "<style>", "localStorage"} {
			if strings.Contains(body, bad) {
				t.Errorf("%s has %q", p.file, bad)
			}
		}
	}
}

func TestRouterGone(t *testing.T) {
	s := serve(t, Config{Source: &fake{make: sites, err: errors.New("stopped: with what nobody should read")}})
	for _, path := range []string{"/api/v1/summary", "/api/v1/sessions", "/api/v1/sessions/xxxxxxxxxxxxxxxx"} {
		if got := get(t, s, nil, path, nil); got.code != http.StatusServiceUnavailable || strings.Contains(got.body, "nobody") {
			t.Errorf("%s: got %d, %s", path, got.code, got.body)
		}
	}
	if got := get(t, s, nil, "/", nil); got.code != http.StatusOK {
		t.Errorf("the page: got %d", got.code)
	}
}

// However many ask, the router is asked once a second.
func TestViewAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{make: sites}
		v := newViewer(f)
		for range 5 {
			for range 10 {
				if _, err := v.view(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			time.Sleep(viewAge / 2)
		}
		if f.asked != 3 {
			t.Errorf("asked %d times in 2 s, want 3", f.asked)
		}
		ctx, cancel := context.WithCancel(t.Context())
		last := <-v.last // someone else is asking
		cancel()
		if _, err := v.view(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want that nobody waits in vain", err)
		}
		v.last <- last
	})
}

// A router that takes long to tell is asked less often.
func TestViewOfMany(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &fake{make: func(n int) session.Snapshot {
			time.Sleep(time.Second)
			return sites(n)
		}}
		v := newViewer(f)
		for range 23 { // with what it takes it is 25 s
			if _, err := v.view(t.Context()); err != nil {
				t.Fatal(err)
			}
			time.Sleep(time.Second)
		}
		if f.asked != 3 {
			t.Errorf("asked %d times in 25 s, want 3", f.asked)
		}
	})
}

func TestHistory(t *testing.T) {
	up := session.HistoryRecord{At: t0.Add(-time.Hour), Kind: session.HistoryUp, Count: 1}
	down := session.HistoryRecord{At: t0.Add(-time.Minute), Kind: session.HistoryDown, Seconds: 3540, Cause: "deleted by peer", Count: 1}
	failed := session.HistoryRecord{At: t0, Kind: session.HistoryFailed, Cause: "peer does not answer", Detail: "5 requests", Count: 3}
	got := history(&session.Session{History: []session.HistoryRecord{up, down, failed}})
	want := []Change{
		{t0, "failed", "peer does not answer", "5 requests", 0, 3},
		{t0.Add(-time.Minute), "down", "deleted by peer", "", 3540, 1},
		{t0.Add(-time.Hour), "up", "", "", 0, 1},
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	if got := history(new(session.Session)); got == nil || len(got) != 0 {
		t.Errorf("got %v, want an empty list", got)
	}
}

func TestIDs(t *testing.T) {
	all := sites(0).Sessions
	moved := all[0]
	moved.Peer = netip.MustParseAddrPort("198.51.100.9:40000")
	if idOf(&all[0]) != idOf(&moved) {
		t.Error("a configured session changes its ID when its peer moves")
	}
	seen := make(map[string]bool)
	other := all[2]
	other.Peer = netip.MustParseAddrPort("203.0.113.9:501")
	for _, s := range append(all, other) {
		id := idOf(&s)
		if seen[id] || len(id) != idLen || url.PathEscape(id) != id {
			t.Errorf("ID %q", id)
		}
		seen[id] = true
	}
}

// crowd is n sessions, each tenth of them up.
func crowd(n int) session.Snapshot {
	s := sites(0)
	up, down := s.Sessions[0], s.Sessions[1]
	s.Sessions = nil
	for i := range n {
		one := down
		if i%10 == 0 {
			one = up
		}
		one.Name = fmt.Sprint("CM ", i)
		s.Sessions = append(s.Sessions, one)
	}
	return s
}

func BenchmarkList(b *testing.B) {
	for name, raw := range map[string]string{"page": "limit=100", "text": "text=branch&limit=100"} {
		b.Run("sessions=20000/"+name, func(b *testing.B) {
			q, err := parseQuery(raw)
			if err != nil {
				b.Fatal(err)
			}
			v := newViewer(&fake{make: func(int) session.Snapshot { return crowd(20000) }})
			w, err := v.view(b.Context())
			if err != nil {
				b.Fatal(err)
			}
			b.ReportAllocs()
			for b.Loop() {
				q.choose(w.rows)
			}
		})
	}
}

func BenchmarkView(b *testing.B) {
	snap := crowd(20000)
	v := newViewer(&fake{make: func(int) session.Snapshot { return snap }})
	b.ReportAllocs()
	for b.Loop() {
		if _, err := v.take(b.Context()); err != nil {
			b.Fatal(err)
		}
	}
}
