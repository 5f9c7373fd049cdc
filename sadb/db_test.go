package sadb

import (
	"bytes"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"seikan/esp"
)

var suite = esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}

func selectorsOf(prefixes ...string) (list []Selector) {
	for _, p := range prefixes {
		list = append(list, SelectorFromPrefix(netip.MustParsePrefix(p), 0))
	}
	return list
}

// protect is a policy from 10.1.0.0/16 to a prefix.
func protect(id PolicyID, remote string) Policy {
	return Policy{ID: id, Action: Protect, Local: selectorsOf("10.1.0.0/16"), Remote: selectorsOf(remote)}
}

// spec is a Child SA for policies, to a prefix.
func spec(in esp.SPI, remote string, policies ...PolicyID) ChildSpec {
	key := esp.Secret("the keying material ")
	return ChildSpec{
		IKE: 1, Policies: policies, Local: selectorsOf("10.1.0.0/16"), Remote: selectorsOf(remote),
		In: esp.Params{SPI: in, Suite: suite, Key: key}, Out: esp.Params{SPI: in + 1<<16, Suite: suite, Key: key},
	}
}

func install(t testing.TB, db *DB, s ChildSpec) *Child {
	t.Helper()
	c, err := db.Install(time.Unix(1, 0), s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func to(remote string) Flow {
	return Flow{Src: addr("10.1.0.1"), Dst: addr(remote), Proto: 17, SrcPort: 1, DstPort: 2, Ports: true}
}

// chosen is the inbound SPI of the Child SA that a flow takes, 0 for none.
func chosen(db *DB, f Flow) esp.SPI {
	if o := db.Route(f).Out; o != nil {
		return o.Child().In.SPI()
	}
	return 0
}

func TestInstallRefuses(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{protect("P", "10.2.0.0/16")})
	install(t, &db, spec(1000, "10.2.0.0/16", "P"))
	for _, tt := range []struct {
		name   string
		change func(s *ChildSpec)
		want   error
	}{
		{"SPI in use", func(s *ChildSpec) { s.In.SPI = 1000 }, ErrDuplicateSPI},
		{"no policy", func(s *ChildSpec) { s.Policies = nil }, ErrUnknownPolicy},
		{"unknown policy", func(s *ChildSpec) { s.Policies = []PolicyID{"P", "Q"} }, ErrUnknownPolicy},
		{"reserved SPI", func(s *ChildSpec) { s.In.SPI = 255 }, nil},
		{"reserved outbound SPI", func(s *ChildSpec) { s.Out.SPI = 0 }, nil},
		{"short key", func(s *ChildSpec) { s.Out.Key = s.Out.Key[1:] }, nil},
		{"unknown suite", func(s *ChildSpec) { s.In.Suite.Encr = 99 }, nil},
	} {
		s := spec(2000, "10.2.0.0/16", "P")
		tt.change(&s)
		c, err := db.Install(time.Unix(1, 0), s)
		if err == nil || c != nil || tt.want != nil && !errors.Is(err, tt.want) || !strings.HasPrefix(err.Error(), "sadb: install ") {
			t.Errorf("%s: got %v, %v", tt.name, c, err)
		}
	}
	if n := len(slices.Collect(db.Children())); n != 1 || db.Lookup(2000) != nil {
		t.Errorf("%d children after the refusals, want the first", n)
	}
}

func TestRoutePrefers(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{protect("P", "10.2.0.0/16")})
	f := to("10.2.0.1")
	if got := db.Route(f); got.Action != Protect || got.Policy != db.Entry("P") || got.Out != nil {
		t.Fatalf("without an SA: got %+v", got)
	}
	step := func(what string, want esp.SPI) {
		t.Helper()
		if got := chosen(&db, f); got != want {
			t.Errorf("%s: got SPI %v, want %v", what, got, want)
		}
	}
	install(t, &db, spec(1000, "10.2.0.0/16", "P"))
	step("the only one", 1000)
	install(t, &db, spec(1001, "10.2.0.0/16", "P"))
	step("the newer one", 1001)
	by := spec(1002, "10.2.0.0/16", "P")
	by.Standby = true
	c := install(t, &db, by)
	step("not the one on standby", 1001)
	if c.State() != Standby || !c.In.Standby() {
		t.Error("it is not on standby")
	}
	if !db.Activate(1002) || db.Activate(1002) || db.Activate(9999) {
		t.Error("Activate reports wrong")
	}
	step("activated", 1002)
	if !db.Retire(1002) || db.Retire(1002) || db.Retire(9999) {
		t.Error("Retire reports wrong")
	}
	step("retired", 1001)
	if db.Activate(1002) {
		t.Error("a retired one was activated")
	}
	narrow := install(t, &db, spec(1003, "10.2.9.0/24", "P"))
	step("the newest does not permit it", 1001)
	if got := chosen(&db, to("10.2.9.1")); got != 1003 {
		t.Errorf("the newest permits it: got %v", got)
	}
	db.Retire(1001)
	db.Retire(1000)
	step("all retired", 0)
	by.In.SPI = 1004
	install(t, &db, by)
	step("standby where nothing else is", 1004)
	if !db.Remove(1004) || db.Remove(1004) || db.Lookup(1004) != nil {
		t.Error("Remove reports wrong")
	}
	step("removed", 0)
	var order []esp.SPI
	for c := range db.Children() {
		order = append(order, c.In.SPI())
	}
	if want := []esp.SPI{1000, 1001, 1002, 1003}; !slices.Equal(order, want) {
		t.Errorf("children: got %v, want %v", order, want)
	}
	if narrow.In.Child() != narrow || narrow.Out.Child() != narrow || narrow.Out.SPI() != 1003+1<<16 {
		t.Error("the parts of a child do not know it")
	}
}

func TestPolicyOrder(t *testing.T) {
	var db DB
	if got := db.Route(to("10.2.0.1")); got != (Routed{}) || db.Entry("P") != nil || len(slices.Collect(db.Entries())) != 0 {
		t.Errorf("empty: got %+v", got)
	}
	db.SetPolicies([]Policy{
		{ID: "D", Action: Discard, Local: selectorsOf("10.1.0.0/16"), Remote: selectorsOf("10.2.3.0/24")},
		{ID: "B", Action: Bypass, Local: selectorsOf("10.1.0.0/16"), Remote: selectorsOf("10.2.4.0/24")},
		protect("P", "10.2.0.0/16"), protect("Q", "10.0.0.0/8"),
	})
	c := install(t, &db, spec(1000, "10.2.0.0/16", "P"))
	for _, tt := range []struct {
		remote string
		action Action
		id     PolicyID
		in     PolicyID // what it is, as it comes in
	}{
		{"10.2.3.1", Discard, "D", ""},
		{"10.2.4.1", Bypass, "B", ""},
		{"10.2.0.1", Protect, "P", "P"},
		{"10.5.0.1", Protect, "Q", ""},
		{"192.0.2.1", Discard, "", ""},
	} {
		got := db.Route(to(tt.remote))
		var id, in PolicyID
		if got.Policy != nil {
			id = got.Policy.ID
		}
		if e := c.In.Permit(to(tt.remote).Reverse()); e != nil {
			in = e.ID
		}
		if got.Action != tt.action || id != tt.id || in != tt.in {
			t.Errorf("%s: got %v %q, inbound %q", tt.remote, got.Action, id, in)
		}
	}
	later := to("10.2.0.1")
	later.Ports = false
	if db.Route(later).Policy.ID != "P" || c.In.Permit(later.Reverse()) == nil {
		t.Error("a later fragment does not match selectors of any port")
	}
}

func TestSetPolicies(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{protect("P", "10.2.0.0/16"), protect("Q", "10.3.0.0/16")})
	c := install(t, &db, spec(1000, "10.0.0.0/8", "P", "Q"))
	p, q := db.Entry("P"), db.Entry("Q")
	p.Counters.Out.Packets.Add(7)

	db.SetPolicies([]Policy{protect("Q", "10.3.0.0/16"), protect("P", "10.2.0.0/17")})
	if db.Entry("Q") != q {
		t.Error("an equal policy is another entry")
	}
	if e := db.Entry("P"); e == p || e.Counters.Out.Packets.Load() != 7 || chosen(&db, to("10.2.0.1")) != 1000 {
		t.Error("a changed policy lost its counters or its SA")
	}
	if c.In.Permit(to("10.2.200.1").Reverse()) != nil {
		t.Error("a packet outside of the changed policy is admitted")
	}
	if c.In.Entry() != db.Entry("P") {
		t.Error("drops are charged to the entry of before")
	}
	install(t, &db, spec(1001, "10.2.0.0/16", "P"))
	if chosen(&db, to("10.2.0.1")) != 1001 {
		t.Error("a new SA of the changed policy is not chosen")
	}

	db.SetPolicies(nil)
	if c.In.Permit(to("10.2.0.1").Reverse()) != nil || db.Route(to("10.2.0.1")).Policy != nil {
		t.Error("something is admitted without a policy")
	}
	if c.In.Entry() == nil {
		t.Error("nothing to charge drops to")
	}
	db.Retire(1000)
	if !db.Remove(1000) || !db.Remove(1001) {
		t.Error("SAs without a policy cannot be removed")
	}
}

func TestPathsFollowTheIKESA(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{protect("P", "10.2.0.0/16")})
	a := install(t, &db, spec(1000, "10.2.0.0/16", "P"))
	s := spec(1001, "10.2.0.0/16", "P")
	s.IKE = 2
	b := install(t, &db, s)
	path := func(port uint16) Path {
		return Path{Local: netip.AddrPortFrom(addr("192.0.2.1"), 4500), Remote: netip.AddrPortFrom(addr("192.0.2.2"), port)}
	}
	db.SetPath(1, path(1))
	db.Rehome(1, 3)
	db.SetPath(1, path(2))
	if a.Out.Path() != path(1) || b.Out.Path() != (Path{}) {
		t.Errorf("got %v and %v", a.Out.Path(), b.Out.Path())
	}
	db.SetPath(3, path(4))
	db.SetPath(2, path(5))
	if a.Out.Path() != path(4) || b.Out.Path() != path(5) {
		t.Errorf("got %v and %v", a.Out.Path(), b.Out.Path())
	}
}

func TestLifetime(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{protect("P", "10.2.0.0/16")})
	s := spec(1000, "10.2.0.0/16", "P")
	s.Life = Lifetime{Kilobytes: 4608000, SoftPercent: 50}
	c := install(t, &db, s)
	left := func(in, out uint64) {
		t.Helper()
		if i, o := c.KilobytesLeft(); i != in || o != out {
			t.Errorf("got %d and %d left, want %d and %d", i, o, in, out)
		}
	}
	left(4608000, 4608000)
	c.In.Counters.Bytes.Add(1)
	c.Out.Counters.Bytes.Add(1025)
	left(4607999, 4607998)
	if c.Soft() {
		t.Error("soft at once")
	}
	c.In.Counters.Bytes.Store(4608000 * 1024 / 2)
	if !c.Soft() || c.Soft() {
		t.Error("not soft once at half")
	}
	c.Out.Counters.Bytes.Store(4608000*1024 - 1)
	left(2304000, 0)
	if c.Out.Spent() || c.In.Spent() {
		t.Error("spent before the end")
	}
	c.Out.Counters.Bytes.Add(1)
	if !c.Out.Spent() || c.In.Spent() {
		t.Error("not spent at the end")
	}
	c.Out.Counters.Bytes.Add(1 << 40)
	left(2304000, 0)

	free := install(t, &db, spec(1001, "10.2.0.0/16", "P"))
	free.Out.Counters.Bytes.Store(1 << 62)
	if free.Soft() || free.Out.Spent() {
		t.Error("a limit where there is none")
	}
	if i, o := free.KilobytesLeft(); i != 0 || o != 0 {
		t.Errorf("got %d and %d left of no limit", i, o)
	}
	huge := spec(1002, "10.2.0.0/16", "P")
	huge.Life.Kilobytes = 1<<64 - 1
	if c := install(t, &db, huge); c.Soft() || c.Out.Spent() || c.In.Spent() {
		t.Error("a huge limit wraps")
	}

	near := spec(1003, "10.2.0.0/16", "P")
	near.Out.FirstSeq = 1<<32 - 1001
	c = install(t, &db, near)
	seal := func(n int) {
		frames := make([]esp.Frame, n)
		for i := range frames {
			frames[i] = esp.Frame{Data: make([]byte, 20), Next: 4}
		}
		c.Out.Seal(new(esp.Scratch), make([]byte, 0, n*100), frames)
	}
	if seal(899); c.Soft() {
		t.Error("soft before nine tenths of the numbers that are left")
	}
	if seal(1); !c.Soft() {
		t.Error("not soft at nine tenths")
	}
}

// The keys are in the algorithms, and nowhere that anybody could print.
func TestKeysAreNotKept(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{protect("P", "10.2.0.0/16")})
	s := spec(1000, "10.2.0.0/16", "P")
	c := install(t, &db, s)
	if len(c.Spec.In.Key)+len(c.Spec.In.Auth)+len(c.Spec.Out.Key)+len(c.Spec.Out.Auth) != 0 {
		t.Error("the specification has keys")
	}
	s.In.Key.Clear() // as its owner may
	text := fmt.Sprintf("%+v %#v", c.Spec, c.Spec)
	if strings.Contains(text, "keying material") {
		t.Errorf("got %s", text)
	}
	frames := []esp.Frame{{Data: make([]byte, 20), Next: 4}}
	c.Out.Seal(new(esp.Scratch), make([]byte, 0, 100), frames)
	f := []esp.Frame{{Data: bytes.Clone(frames[0].Data)}}
	other, err := esp.NewOpener(esp.Params{SPI: c.Out.SPI(), Suite: suite, Key: esp.Secret("the keying material ")})
	if err != nil {
		t.Fatal(err)
	}
	if other.Open(new(esp.Scratch), f); f[0].Err != nil {
		t.Errorf("the SA does not use the key it was given: %v", f[0].Err)
	}
}

func TestDropWords(t *testing.T) {
	seen := make(map[string]bool)
	for r := range DropReason(NumDropReasons) {
		if w := r.String(); w == "" || w == "unknown" || seen[w] {
			t.Errorf("reason %d: %q", r, w)
		} else {
			seen[w] = true
		}
	}
	if got := DropReason(NumDropReasons).String(); got != "unknown" {
		t.Errorf("got %q", got)
	}
	var c Counters
	c.Drop(DropICV, 2)
	c.Drop(DropNoSA, 3)
	if v := c.Load(); v.DropTotal() != 5 || v.Drops[DropICV] != 2 || v.Packets != 0 {
		t.Errorf("got %+v", v)
	}
}

func TestLifetimeInPackets(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{protect("P", "10.2.0.0/16")})
	s := spec(1000, "10.2.0.0/16", "P")
	s.Life = Lifetime{Packets: 1000, SoftPercent: 80}
	c := install(t, &db, s)
	c.In.Counters.Bytes.Store(1 << 62)
	c.In.Counters.Packets.Store(799)
	if c.Soft() {
		t.Error("soft before the share")
	}
	c.In.Counters.Packets.Store(800)
	if !c.Soft() || c.Soft() {
		t.Error("not soft once at the share")
	}
	c.Out.Counters.Packets.Store(999)
	if c.In.Spent() || c.Out.Spent() {
		t.Error("spent before the end")
	}
	c.Out.Counters.Packets.Store(1000)
	if c.In.Spent() || !c.Out.Spent() {
		t.Error("not spent at the end, or in the wrong direction")
	}
}

// SPI 0 is nobody's (RFC 4303 §2.1), also where SAs that were removed have left their marks.
func TestLookupZero(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{protect("P", "10.2.0.0/16")})
	for i := range esp.SPI(200) {
		install(t, &db, spec(1000+i, "10.2.0.0/16", "P"))
		db.Remove(1000 + i)
		if db.Lookup(0) != nil {
			t.Fatalf("after %d SAs that came and went: SPI 0 has one", i+1)
		}
	}
}
