package metrics

import (
	"bytes"
	"context"
	"errors"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	dto "github.com/prometheus/client_model/go"
	"github.com/prometheus/common/expfmt"

	"seikan"
	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

// fake is a router that has sessions and Stats.
type fake struct {
	sessions []session.Session
	stats    seikan.Stats
	err      error
}

// Sessions gives three sessions at a time.
func (f *fake) Sessions(_ context.Context, _ session.Filter, p session.Parts, take func([]session.Session) error) error {
	if p != (session.Parts{Totals: true}) {
		return fmt.Errorf("asked for %+v", p)
	}
	for list := range slices.Chunk(f.sessions, 3) {
		if err := take(list); err != nil {
			return err
		}
	}
	return f.err
}
func (f *fake) Stats(context.Context) (seikan.Stats, error) { return f.stats, nil }

// sites is a session that is up, one that is down with a cause, and a stranger.
func sites() *fake {
	up := session.Session{
		Interface: "vA", Name: "CM 10", Configured: true, Status: session.UpActive, WentUp: true, Since: t0.Add(-90 * time.Second), UptimeSeconds: 90,
		Local: netip.MustParseAddr("192.0.2.1"), LocalPort: 4500, Peer: netip.MustParseAddrPort("192.0.2.2:4500"),
		Description: "to \"B\"\\", Phase1ID: "b\xffexample", FVRF: "INET",
		IKE: []session.IKESA{{Active: true, SecondsLeft: 86000}, {}},
		Flows: []session.Flow{
			{
				Policy: "TO-B 10", Permit: []string{"permit ip host 10.1.1.1 host 10.2.2.2", "permit 1 any any"}, ActiveSAs: 2,
				In: session.Direction{
					Packets: 4, Bytes: 336, Dropped: 3, Drops: []session.DropCount{{Reason: "replay", Count: 2}, {Reason: "bad ICV", Count: 1}},
					KilobytesLeft: 4608000, SecondsLeft: 3500, LastUse: t0.Add(-time.Second),
				},
				Out: session.Direction{Packets: 1 << 40, Bytes: 1 << 50, NoVolumeLimit: true, SecondsLeft: 3501},
			},
			{Policy: "TO-B 20"},
		},
	}
	down := session.Session{
		Interface: "vA", Name: "CM 20", Configured: true, Local: netip.MustParseAddr("192.0.2.1"), Peer: netip.MustParseAddrPort("192.0.2.3:500"),
		LastReason: "authentication failed", LastDetail: "the peer's key is another one", LastTime: t0.Add(-time.Hour),
	}
	stranger := session.Session{Interface: "vA", Name: "", Status: session.DownNegotiating, Peer: netip.MustParseAddrPort("203.0.113.9:500")}
	f := &fake{sessions: []session.Session{up, down, stranger}}
	f.stats.Drops[sadb.DropUnknownSPI] = 7
	f.stats.IKEDrops[ike.DropCookie] = 5
	f.stats.IKE = seikan.IKECounts{
		Initiated: 3, Accepted: 2, Established: 4, Rekeys: 6, Children: 8, ChildRekeys: 9,
		Failures: map[ike.Reason]uint64{ike.ReasonAuthFailed: 2, ike.ReasonPeerLost: 1}, Ends: map[ike.Reason]uint64{ike.ReasonPeerDeleted: 1}, Refusals: map[ike.Reason]uint64{ike.ReasonNoProposal: 1},
	}
	f.stats.Peers = map[seikan.PeerKey]seikan.IKECounts{
		{Interface: "vA", Peer: "CM 10"}: {Established: 4, Rekeys: 6, ChildRekeys: 9, Refusals: map[ike.Reason]uint64{ike.ReasonNoProposal: 1}},
		{Interface: "vA", Peer: "CM 20"}: {Failures: map[ike.Reason]uint64{ike.ReasonAuthFailed: 2}},
	}
	return f
}

// scrape is the metrics of f, as the client library's tests take them.
func scrape(t testing.TB, f *fake) prometheus.GathererFunc {
	t.Helper()
	families, err := collect(t.Context(), f, Info{Version: "v1", Revision: "abc", GoVersion: "go1", Started: t0.Add(-time.Hour)})
	return func() ([]*dto.MetricFamily, error) { return families, err }
}

// counted is how many series there are of some metrics, or of all.
func counted(t *testing.T, f *fake, names ...string) int {
	t.Helper()
	n, err := testutil.GatherAndCount(scrape(t, f), names...)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func TestExposition(t *testing.T) {
	file := filepath.Join("testdata", "sites.golden")
	families, err := scrape(t, sites())()
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(&got, f); err != nil {
			t.Fatal(err)
		}
	}
	if *update {
		if err := os.WriteFile(file, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got.String() != string(want) {
		t.Errorf("got\n%s\nwant\n%s", &got, want)
	}
	if problems, err := testutil.GatherAndLint(scrape(t, sites())); err != nil || len(problems) > 0 {
		t.Errorf("names: %v, %v", problems, err)
	}
	for _, m := range Table() {
		if !strings.Contains(string(want), "# TYPE "+m.Name+" "+m.TypeWord()+"\n") {
			t.Errorf("the golden file does not show %s as a %s", m.Name, m.TypeWord())
		}
	}
}

// Whatever strangers do, the number of series is that of the configuration.
func TestCardinality(t *testing.T) {
	f := sites()
	want := counted(t, f)
	for i := range 1000 {
		peer := netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 0, byte(i >> 8), byte(i)}), 500)
		f.sessions = append(f.sessions, session.Session{Status: session.DownNegotiating, Peer: peer, Phase1ID: fmt.Sprint("x", i)})
	}
	f.sessions = append(f.sessions, f.sessions[0]) // and a session that is there twice breaks nothing
	if got := counted(t, f); got != want {
		t.Errorf("got %d series, want %d as before", got, want)
	}
}

// Every status and every reason can be a label value.
func TestEveryReason(t *testing.T) {
	f := sites()
	f.stats.IKE.Failures = make(map[ike.Reason]uint64)
	for r := ike.ReasonNone; r < ike.NumReasons; r++ {
		f.stats.IKE.Failures[r] = 1
	}
	want := int(ike.NumReasons)
	if got := counted(t, f, "seikan_ike_handshake_failures_total"); got != want {
		t.Errorf("got %d series, want %d", got, want)
	}
	if got := counted(t, f, "seikan_dropped_packets_total"); got != sadb.NumDropReasons {
		t.Errorf("got %d drop reasons, want %d: those that did not occur, too", got, sadb.NumDropReasons)
	}
	if got, want := counted(t, f, "seikan_sessions"), 2*len(session.Statuses()); got != want {
		t.Errorf("got %d states, want %d", got, want)
	}
}

func TestHandler(t *testing.T) {
	f := sites()
	h := Handler(f, Info{Version: "v1"})
	get := func() *httptest.ResponseRecorder {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		return rec
	}
	rec := get()
	for _, want := range []string{`seikan_session_up{interface="vA",session="CM 10"} 1`, "go_goroutines ", "seikan_build_info{"} {
		if rec.Code != http.StatusOK || !strings.Contains(rec.Body.String(), want) {
			t.Errorf("got %d without %q", rec.Code, want)
		}
	}
	f.err = errors.New("stopped: with what nobody should read")
	if rec := get(); rec.Code != http.StatusServiceUnavailable || strings.Contains(rec.Body.String(), "nobody") {
		t.Errorf("got %d, %q", rec.Code, rec.Body)
	}
}

// More scrapes at a time than there is room for are refused, and none waits: each begins while the one before is answered.
func TestHandlerLimit(t *testing.T) {
	var h http.Handler
	var codes []int // of the scrapes as they end, the last one first
	scrape := func() {
		rec := httptest.NewRecorder()
		h.ServeHTTP(rec, httptest.NewRequestWithContext(t.Context(), "GET", "/metrics", nil))
		codes = append(codes, rec.Code)
	}
	h = Handler(sourceFunc(scrape), Info{})
	scrape()
	if want := []int{503, 200, 200}; !slices.Equal(codes, want) {
		t.Errorf("got %v, want %v", codes, want)
	}
}

// sourceFunc is called while a scrape is answered.
type sourceFunc func()

func (f sourceFunc) Sessions(context.Context, session.Filter, session.Parts, func([]session.Session) error) error {
	f()
	return nil
}
func (f sourceFunc) Stats(context.Context) (seikan.Stats, error) { return seikan.Stats{}, nil }

// many is n sessions like the first of sites.
func many(n int) *fake {
	f := sites()
	s := f.sessions[0]
	f.sessions = nil
	for i := range n {
		s.Name = fmt.Sprint("CM ", i)
		s.Flows = []session.Flow{s.Flows[0]}
		s.Flows[0].Policy = sadb.PolicyID(fmt.Sprint("TO-B ", i))
		f.sessions = append(f.sessions, s)
		f.stats.Peers[seikan.PeerKey{Interface: "vA", Peer: s.Name}] = seikan.IKECounts{Established: uint64(i)}
	}
	return f
}

func BenchmarkScrape(b *testing.B) {
	for _, n := range []int{100, 20000} {
		b.Run(fmt.Sprintf("sessions=%d", n), func(b *testing.B) {
			h := Handler(many(n), Info{})
			b.ReportAllocs()
			size := 0
			for b.Loop() {
				rec := httptest.NewRecorder()
				h.ServeHTTP(rec, httptest.NewRequestWithContext(b.Context(), "GET", "/metrics", nil))
				size = rec.Body.Len()
			}
			b.ReportMetric(float64(size), "octets/scrape")
		})
	}
}
