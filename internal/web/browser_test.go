package web

import (
	"context"
	"flag"
	"fmt"
	"math"
	"net/netip"
	"os"
	"os/exec"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"

	"seikan/session"
)

// The page is tested in a real browser by `make browser`, which sets this; other runs of the tests leave it out.
const browserEnv = "SEIKAN_BROWSER"

var screenshot = flag.String("screenshot", "", "write a picture of the page to this `file`")

// browser is a headless Chromium that ends with the test.
func browser(t *testing.T) context.Context {
	t.Helper()
	if os.Getenv(browserEnv) == "" {
		t.Skip("left out: a browser is started only by make browser")
	}
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Fatal("there is no chromium; scripts/install-peers.sh installs it")
	}
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.ExecPath(path), chromedp.WindowSize(1200, 900), chromedp.UserDataDir(t.TempDir()))
	if os.Geteuid() == 0 {
		opts = append(opts, chromedp.NoSandbox) // it refuses to run as root with one
	}
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Minute)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewExecAllocator(ctx, opts...)
	t.Cleanup(cancel)
	ctx, cancel = chromedp.NewContext(ctx)
	t.Cleanup(cancel)
	return ctx
}

// network is n sessions whose counters go on each time that somebody asks.
func network(n int) func(int) session.Snapshot {
	began := time.Now()
	return func(int) session.Snapshot {
		now := time.Now()
		s := session.Snapshot{At: now}
		for i := range n {
			s.Sessions = append(s.Sessions, branch(i, now, began))
		}
		return s
	}
}

// markup is a description that would do harm as part of the page.
const markup = `<img src=x onerror="window.hacked=1"><b>bold</b>`

// branch is one of the sessions of network: most are up, some in each of the other states.
func branch(i int, now, began time.Time) session.Session {
	local := netip.MustParseAddr("192.0.2.1")
	peer := netip.AddrFrom4([4]byte{198, 51, byte(100 + i/250), byte(1 + i%250)})
	s := session.Session{
		Interface: fmt.Sprint("eth", i%2), Name: fmt.Sprint("CM ", 10*i), Configured: true, Local: local, LocalPort: 4500,
		Peer: netip.AddrPortFrom(peer, 4500), Description: fmt.Sprint("branch ", i+1), Phase1ID: peer.String(), IKE: []session.IKESA{},
	}
	f := session.Flow{
		Policy: "TO-BRANCH 10", Origin: "crypto map",
		Permit: []string{fmt.Sprintf("permit ip 10.0.0.0/255.255.0.0 10.%d.%d.0/255.255.255.0", 1+i/250, i%250)},
		In:     session.Direction{Drops: []session.DropCount{}}, Out: session.Direction{Drops: []session.DropCount{}},
	}
	s.Status = session.UpActive
	switch i {
	case 2:
		s.Status = session.Down
		if *screenshot == "" {
			s.Description = markup
		}
		s.LastReason, s.LastDetail, s.LastTime = "authentication failed", "AUTH of the peer does not verify", now.Add(-3*time.Minute)
		s.Since = s.LastTime
		s.History = []session.HistoryRecord{{At: s.LastTime, Kind: session.HistoryDown, Seconds: 7200, Cause: s.LastReason, Detail: s.LastDetail, Count: 1}}
	case 5:
		s.Status, s.LastReason, s.LastTime = session.DownNegotiating, "peer does not answer", now.Add(-20*time.Second)
	case 7:
		s.Status = session.UpIdle
	}
	if s.Status >= session.UpNoIKE {
		s.WentUp, s.Since = true, began.Add(-time.Duration(1+i)*97*time.Minute)
		s.History = []session.HistoryRecord{{At: s.Since, Kind: session.HistoryUp, Count: 1}}
		s.IKE = []session.IKESA{{
			ConnID: 1, Active: true, Capabilities: "DN", SecondsLeft: 80000, Suite: "ENCR_AES_GCM_16",
			Local: netip.AddrPortFrom(local, 4500), Remote: s.Peer,
		}}
	}
	if s.Status == session.UpActive {
		t, volume := now.Sub(began).Seconds(), float64(4_000_000+700_000*(i%5))
		wave := uint64(volume * (t + 1.5*(1-math.Cos(t/2)))) // its rate goes up and down
		f.ActiveSAs, f.In.Bytes, f.Out.Bytes, f.In.Packets, f.Out.Packets = 2, wave, wave/3, wave/1200, wave/2800
		f.In.KilobytesLeft, f.In.SecondsLeft, f.Out.KilobytesLeft, f.Out.SecondsLeft = 4607000, 3011, 4607600, 3011
		f.In.Drops, f.In.Dropped = []session.DropCount{{Reason: "replay", Count: 3}}, 3
	}
	s.Flows = []session.Flow{f}
	return s
}

// tab is a tab of the browser, for one test.
type tab struct {
	t         *testing.T
	ctx       context.Context
	complaint atomic.Pointer[string] // the first one: of the policy, of a script
}

func newTab(t *testing.T) *tab {
	t.Helper()
	b := &tab{t: t, ctx: browser(t)}
	err := chromedp.Listen(b.ctx, func(ev any) {
		text := ""
		switch ev := ev.(type) {
		case *log.EventEntryAdded:
			text = ev.Entry.Text + " " + ev.Entry.URL
		case *runtime.EventExceptionThrown:
			text = fmt.Sprintf("%+v", ev.ExceptionDetails)
		}
		if text != "" {
			b.complaint.CompareAndSwap(nil, &text)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// step is something that is done on a page.
type step = chromedp.Action[chromedp.Void]

func (b *tab) do(what string, steps ...step) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, steps...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// until waits for an expression of the page to be true. The page's policy forbids it to make code of text, so that the waiting is in it.
func until(expression string) step {
	return chromedp.Evaluate[chromedp.Void](fmt.Sprintf(`new Promise((done, fail) => {
		const end = Date.now() + 60000;
		const look = () => {
			if (%s) { done(); } else if (Date.now() > end) { fail(new Error("it does not come true")); } else { setTimeout(look, 30); }
		};
		look();
	})`, expression), chromedp.EvalAwaitPromise)
}

// rows waits for the list to have n of them.
func rows(n int) step {
	return until(fmt.Sprintf("document.querySelectorAll('#rows tr').length === %d", n))
}

// drawn waits for a path to have a line in it.
func drawn(selector string) step {
	return until(fmt.Sprintf(`(document.querySelector(%q)?.getAttribute("d") ?? "").includes("L")`, selector))
}

// script runs a statement in the page.
func script(s string) step { return chromedp.Evaluate[chromedp.Void](s) }

// pick chooses an interface, "" for all.
func pick(name string) step {
	return script(fmt.Sprintf(`{ const s = document.querySelector("#interface"); s.value = %q; s.dispatchEvent(new Event("change")); }`, name))
}

// look is an expression of the page as text.
func (b *tab) look(expression string, opts ...chromedp.EvaluateOption) string {
	b.t.Helper()
	s, err := chromedp.Run(b.ctx, chromedp.Evaluate[string](expression, opts...))
	if err != nil {
		b.t.Fatalf("%s: %v", expression, err)
	}
	return s
}

// want compares the text of an element.
func (b *tab) want(selector, want string) {
	b.t.Helper()
	if got := b.look(fmt.Sprintf("document.querySelector(%q)?.textContent ?? 'nothing is there'", selector)); got != want {
		b.t.Errorf("%s: got %q, want %q", selector, got, want)
	}
}

func TestPage(t *testing.T) {
	b := newTab(t)
	s := serve(t, Config{Hostname: "hub", Version: "v1.0", Source: &fake{make: network(120)}})
	b.do("open", chromedp.Navigate("http://"+s.Addr().String()+"/"), rows(100))
	b.want("#matched", "1–100 of 120")
	b.want("h1", "hub")
	b.want("#version", "v1.0")
	b.want(`.tile[data-status="UP-ACTIVE"] b`, "117")
	b.want(`.tile[data-status="DOWN"] b`, "1")
	b.want("#rows tr:nth-child(3) td:nth-child(9)", "authentication failed: AUTH of the peer does not verify (00:03:00 ago)")
	b.want("#counts", "IKE SAs set up: 4, rekeys: 15. Set-ups that failed: 2 authentication failed, 1 peer does not answer."+
		" Packets of no session dropped: 7 unknown SPI. IKE messages dropped: 5 no cookie.")
	b.do("second page", chromedp.Click("#after"), rows(20))
	b.do("back", chromedp.Click("#before"), rows(100))

	// Its numbers go on, and are drawn.
	b.do("rates", until(`document.querySelector("#rows tr:nth-child(1) td:nth-child(6)").textContent.endsWith("b/s")`),
		drawn("#total path.in"), drawn("#total path.out"), drawn("#rows tr .trend path.out"))
	filters(b)
	oneSession(b)
	onPhone(b)
	if c := b.complaint.Load(); c != nil {
		t.Errorf("the browser complains: %s", *c)
	}

	// A session that is gone is told of.
	b.do("no session", script(`location.hash = "xxxxxxxxxxxxxxxx"`), until(`!document.querySelector("#gone").hidden`), script(`location.hash = ""`),
		until(`document.querySelector("#gone").hidden`))
	// A router that is gone is told, and what was known stays.
	b.want("#lost", "")
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	b.do("no answer", until(`document.querySelector("#lost").textContent.startsWith("No answer: ")`), rows(100))
}

// A router that does not answer is told of too, and that it does again.
func TestPageHangs(t *testing.T) {
	b := newTab(t)
	var hangs atomic.Bool
	of := network(3)
	s := serve(t, Config{Hostname: "hub", Source: &fake{make: func(n int) session.Snapshot {
		for hangs.Load() {
			time.Sleep(10 * time.Millisecond)
		}
		return of(n)
	}}})
	defer hangs.Store(false)
	b.do("open", chromedp.Navigate("http://"+s.Addr().String()+"/"), rows(3),
		script(`{ const t = AbortSignal.timeout.bind(AbortSignal); AbortSignal.timeout = () => t(500); }`)) // not ten seconds
	hangs.Store(true)
	b.do("no answer", until(`document.querySelector("#lost").textContent.startsWith("No answer: nothing for ")`), rows(3))
	hangs.Store(false)
	b.do("an answer", until(`document.querySelector("#lost").textContent === ""`), rows(3))
}

func filters(b *tab) {
	b.t.Helper()
	b.do("status", chromedp.Click(`.tile[data-status="DOWN"]`), rows(1))
	// What an operator or a peer wrote is text and not markup.
	if *screenshot == "" {
		b.want("#rows td:nth-child(4)", markup)
	}
	if b.look(`String(window.hacked === 1 || document.querySelector("#rows img, #rows b") !== null)`) != "false" {
		b.t.Error("a description became markup")
	}
	b.do("all again", chromedp.Click(`.tile[data-status=""]`), rows(100))
	b.do("interface", pick("eth1"), rows(60))
	b.do("text", chromedp.SendKeys("#text", "branch 119"), rows(0), until(`!document.querySelector("#none").hidden`))
	b.do("text on every interface", pick(""), rows(1))
	// The address holds what was asked for, so that it can be kept.
	b.do("kept", chromedp.Click(`.tile[data-status="UP-ACTIVE"]`), until(`location.search === "?status=UP-ACTIVE&text=branch+119"`), chromedp.Reload(), rows(1))
	b.want(`.tile[aria-pressed="true"] span`, "UP-ACTIVE")
	b.do("all again", chromedp.Click(`.tile[data-status=""]`), until(`location.search === "?text=branch+119"`))
	b.do("no text", script(`{ const t = document.querySelector("#text"); t.value = ""; t.dispatchEvent(new Event("input")); }`), rows(100))
}

func oneSession(b *tab) {
	b.t.Helper()
	const isSeen = `{ const r = document.querySelector("#title").getBoundingClientRect(); return r.top >= 0 && r.bottom <= innerHeight; }`
	b.do("choose", chromedp.Click("#rows tr:nth-child(1) a"), until(`!document.querySelector("#detail").hidden`),
		until(`document.activeElement.id === "title" && (() => `+isSeen+`)()`))
	detail := b.look(`document.querySelector("#text-detail").textContent`)
	for _, want := range []string{
		"Interface: eth0\nSession status: UP-ACTIVE\nPeer: 198.51.100.1 port 4500 fvrf: (none) ivrf: (none)\n      Desc: branch 1\n",
		"  IPSEC FLOW: permit ip 10.0.0.0/255.255.0.0 10.1.0.0/255.255.255.0\n        Active SAs: 2, origin: crypto map\n        Inbound:  #pkts dec'ed ",
	} {
		if !strings.Contains(detail, want) {
			b.t.Errorf("detail: got\n%s\nwant in it\n%s", detail, want)
		}
	}
	b.want("#drops", "TO-BRANCH 10, in: 3 replay")
	if got := b.look(`document.querySelector("#history").textContent`); !strings.HasSuffix(got, ": up") {
		b.t.Errorf("history: got %q", got)
	}
	b.do("its plot", drawn("#one path.in"), until(`document.querySelector("#one-in").textContent.endsWith("b/s")`))
	b.picture()
	b.do("the one that is down", chromedp.Click("#rows tr:nth-child(3) a"),
		until(`document.querySelector("#history").textContent.includes("down after 02:00:00, authentication failed: AUTH of the peer does not verify")`))
	b.do("close", chromedp.Click("#close"), until(`document.querySelector("#detail").hidden`))
	b.want(":focus", "198.51.100.3:4500")
	b.do("by keys", script(`document.activeElement.click()`), until(`document.activeElement.id === "title"`), chromedp.SendKeys("#title", kb.Escape),
		until(`document.querySelector("#detail").hidden`))
}

// onPhone looks at the page on a narrow screen: all that there is of a session fits.
func onPhone(b *tab) {
	b.t.Helper()
	b.do("a phone", chromedp.EmulateViewport(390, 844, chromedp.EmulateMobile), until(`getComputedStyle(document.querySelector("#rows td")).display === "flex"`))
	if got := b.look(`String(document.documentElement.scrollWidth <= 390 && [...document.querySelectorAll("#list, #rows td")].every((e) => e.scrollWidth <= e.clientWidth))`); got != "true" {
		b.t.Error("the list is wider than the screen")
	}
	if got := b.look(`getComputedStyle(document.querySelector("#rows tr:nth-child(3) td:nth-child(9)"), "::before").content`); got != `"Last cause"` {
		b.t.Errorf("a cell is headed %s", got)
	}
	b.do("a desk", chromedp.EmulateReset())
}

// picture is for the documentation.
func (b *tab) picture() {
	b.t.Helper()
	if *screenshot == "" {
		return
	}
	b.do("lines", until(`(document.querySelector("#one path.in").getAttribute("d").match(/L/g) ?? []).length > 8`),
		script(`{ document.querySelectorAll("#rows tr:nth-child(n+9)").forEach((r) => r.remove()); scrollTo(0, 0); }`))
	png, err := chromedp.Run(b.ctx, chromedp.FullScreenshot(100))
	if err == nil {
		err = os.WriteFile(*screenshot, png, 0o644)
	}
	if err != nil {
		b.t.Fatal(err)
	}
}

// The browser gives the token as a password; without it nothing is shown.
func TestPageToken(t *testing.T) {
	s := serve(t, Config{Hostname: "hub", Token: secret(), Source: &fake{make: network(3)}})
	at := s.Addr().String()
	b := newTab(t)
	b.do("with the token", chromedp.Navigate("http://anyone:"+token+"@"+at+"/"), rows(3))

	b = newTab(t)
	if res, err := chromedp.Run(b.ctx, chromedp.NavigateResponse("http://"+at+"/")); err == nil && res.Status != 401 {
		t.Errorf("without: got %d", res.Status)
	}
	if got := b.look(`document.body?.textContent ?? ""`); strings.Contains(got, "198.51.100") {
		t.Errorf("without the token: got %q", got)
	}
}

// A page elsewhere can neither read what is served nor show it in a frame.
func TestPageElsewhere(t *testing.T) {
	s := serve(t, Config{Hostname: "hub", Source: &fake{make: network(3)}})
	b, at := newTab(t), "http://"+s.Addr().String()
	b.do("another origin", chromedp.Navigate("data:text/html,<p>elsewhere"))
	read := fmt.Sprintf(`fetch("%s/api/v1/summary").then((r) => r.text()).catch((e) => "refused")`, at)
	if got := b.look(read, chromedp.EvalAwaitPromise); got != "refused" {
		t.Errorf("another origin reads %q", got)
	}
	b.do("a frame", chromedp.Navigate("data:text/html,<iframe></iframe>"), script(fmt.Sprintf(`{ const f = document.querySelector("iframe"); f.onload = () => window.loaded = 1; f.src = "%s/"; }`, at)),
		until("window.loaded === 1"))
	if c := b.complaint.Load(); c == nil || !strings.Contains(*c, at) {
		t.Errorf("a frame is shown: the browser does not complain of it")
	}
}
