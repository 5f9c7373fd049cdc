package cli

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"time"

	"seikan/esp"
	"seikan/internal/logging"
	"seikan/sadb"
	"seikan/session"
)

// fakeBackend has two sessions and a VRF named RED.
type fakeBackend struct {
	err error // of every method

	mu      sync.Mutex // guards what follows
	cleared []session.ClearRequest
	rekeyed []string

	clearedStats int
	clearedLists []string
	debug        session.Debug
}

var errFake = errors.New("seikan: router stopped")

func (f *fakeBackend) Sessions(_ context.Context, filter session.Filter, p session.Parts, take func([]session.Session) error) error {
	if f.err != nil {
		return f.err
	}
	for _, s := range fakeSessions() {
		if !p.Children {
			s.Children = nil
		}
		if !p.History {
			s.History = nil
		}
		if filter.Match(s) {
			if err := take([]session.Session{s}); err != nil {
				return err
			}
		}
	}
	return nil
}

func fakeSessions() []session.Session {
	ap := netip.MustParseAddrPort
	return []session.Session{
		{
			Interface: "eth0", Name: "siteB", Configured: true, Map: "CM", Profile: "PROF", Number: 3, UptimeSeconds: 3671, Status: session.UpActive,
			Local: netip.MustParseAddr("192.0.2.1"), LocalPort: 500, Peer: ap("192.0.2.2:500"), FVRF: "RED",
			Description: "connection from site A", Phase1ID: "192.0.2.2",
			IKE: []session.IKESA{{
				ConnID: 7, Version: 2, State: "READY", Local: ap("192.0.2.1:500"), Remote: ap("192.0.2.2:500"), Active: true, Capabilities: "D", SecondsLeft: 3661,
			}},
			Flows: []session.Flow{{
				Policy: "CM 10 TO-B 10", Permit: []string{"permit ip host 10.10.10.1 host 10.30.30.1"}, ActiveSAs: 2, Origin: "crypto map",
				In:  session.Direction{Packets: 3, KilobytesLeft: 4608000, SecondsLeft: 3590},
				Out: session.Direction{Packets: 4, Dropped: 1, KilobytesLeft: 4608000, SecondsLeft: 3590},
			}},
			Children: []session.Child{{
				Number: 1, IKE: 7, State: "active", Policies: []sadb.PolicyID{"CM 10 TO-B 10"}, Window: 64, Local: ap("192.0.2.1:4500"),
				Suite: esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}, Transform: "esp-gcm 128",
				In: session.ChildDirection{SPI: 0x1001, Packets: 3}, Out: session.ChildDirection{SPI: 0x2001, Packets: 4},
			}},
			History: []session.HistoryRecord{{
				At: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Kind: session.HistoryUp, Peer: ap("192.0.2.2:500"), Count: 1,
			}},
		},
		{
			Interface: "eth1", Name: "six", Configured: true, Status: session.Down,
			Local: netip.MustParseAddr("2001:db8::1"), LocalPort: 4500, Peer: ap("[2001:db8::2]:4500"),
			Flows: []session.Flow{{Policy: "CM 20 TO-C 10", Permit: []string{"permit ipv6 ::/0 ::/0"}, Origin: "crypto map"}},
		},
	}
}

// ClearSAs finds something, but for one SPI.
func (f *fakeBackend) ClearSAs(_ context.Context, q session.ClearRequest) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.cleared = append(f.cleared, q)
	if q.SPI == 4096 {
		return 0, f.err
	}
	return 1, f.err
}

func (f *fakeBackend) Tables(context.Context) (session.Tables, error) {
	ap, prefix := netip.MustParseAddrPort, netip.MustParsePrefix
	return session.Tables{
		Peers: []session.PeerInfo{
			{Peer: ap("192.0.2.2:500"), FVRF: "RED", Description: "connection from site A", Phase1ID: "192.0.2.2", Policy: true},
			{Peer: ap("[2001:db8::2]:500"), Phase1ID: "six"},
		},
		Maps: []session.CryptoMap{
			{Name: "CM", Sequence: 10, Peer: netip.MustParseAddr("192.0.2.2"), Profile: "PROF", List: "TO-B", Rules: []string{"permit ip any any"},
				Protection: session.Protection{Kilobytes: 4608000, Seconds: 3600, Transforms: []session.NamedSet{{Name: "TS", Transforms: "esp-gcm 128"}}}, Interfaces: []string{"eth0"}},
			{Name: "OTHER", Sequence: 1, Protection: session.Protection{Kilobytes: 4608000, Seconds: 3600}},
		},
		TransformSets: []session.TransformSet{{Name: "TS", Transforms: "esp-gcm 128"}},
		Interfaces: []session.Interface{{Name: "eth0", Up: true, MTU: 1500, Map: "CM", Addresses: []string{"192.0.2.1/24"}}, {Name: "seikan0", Tunnel: true, Up: true},
			{Name: "Tunnel0", Tunnel: true, Up: true, VRF: "RED", Addresses: []string{"10.31.0.1/30"}}},
		VRFs:   []session.VRF{{Name: "RED", Namespace: "red", Interfaces: []string{"Tunnel0"}}},
		Routes: []session.Route{{Dst: prefix("10.30.31.0/24"), Device: "Tunnel0", VRF: "RED"}, {Dst: prefix("10.30.30.1/32"), Device: "seikan0"}, {Dst: prefix("2001:db8::/32"), Device: "seikan0"}},
		Policies: session.Policies{
			Proposals: []session.IKEProposal{{Name: "P1", Encryption: []string{"AES-GCM-256"}, PRF: []string{"SHA384"}, Groups: []string{"DH_GROUP_384_ECP/Group 20"}}, {Name: "default", Encryption: []string{"AES-GCM-256", "AES-CBC-256"}, Integrity: []string{"SHA256"}, PRF: []string{"SHA256"}, Groups: []string{"DH_GROUP_256_ECP/Group 19"}}},
			Policies:  []session.IKEPolicy{{Name: "POL", FVRF: "global", Proposals: []string{"P1"}}, {Name: "default", FVRF: "any", Proposals: []string{"default"}}},
			Profiles:  []session.IKEProfile{{Name: "PROF", FVRF: "global", Keyring: "KR", Lifetime: 86400}, {Name: "OTHER"}},
			Keys:      []session.KeyringPeer{{Keyring: "KR", Peer: "siteB", Address: "192.0.2.2", Key: "<hidden>"}},
			IPsec:     []session.IPsecProfile{{Name: "VTI", Profile: "PROF", Protection: session.Protection{Kilobytes: 4608000, Seconds: 3600}}, {Name: "OTHER"}},
		},
	}, f.err
}

func (f *fakeBackend) RekeyIKE(_ context.Context, filter session.Filter) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rekeyed = append(f.rekeyed, "IKE "+filterText(filter))
	return 1, f.err
}

func (f *fakeBackend) RekeyIPsec(_ context.Context, filter session.Filter) (int, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.rekeyed = append(f.rekeyed, "IPsec "+filterText(filter))
	return 1, f.err
}

func (f *fakeBackend) HasVRF(_ context.Context, name string) (bool, error) {
	return name == "RED", f.err
}

func (f *fakeBackend) Drops(context.Context) ([]Drop, error) {
	return []Drop{
		{DroppedIKE, "malformed", 1 << 40}, {DroppedPackets, "unknown SPI", 10}, {DroppedPackets, "no policy", 0}, {DroppedPackets, "malformed", 2},
	}, f.err
}

func (f *fakeBackend) IKEStats(context.Context) (session.IKEStats, error) {
	return session.IKEStats{
		IKECensus: session.IKECensus{Sessions: 1, Incoming: session.IKERoles{Active: 1}}, Created: 3, Deleted: 2, Accepted: 3, Established: 3, Children: 3,
		Ends: []session.CauseCount{{Cause: "deleted by peer", Count: 2}},
	}, f.err
}

func (f *fakeBackend) ClearIKEStats(context.Context) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.clearedStats++
	return f.err
}

func (f *fakeBackend) ClearAccessLists(ctx context.Context, choose func(*session.AccessList) bool) (int, error) {
	lists, err := f.AccessLists(ctx)
	f.mu.Lock()
	defer f.mu.Unlock()
	n := 0
	for _, l := range lists {
		if choose(&l) {
			f.clearedLists = append(f.clearedLists, l.Name)
			n++
		}
	}
	return n, err
}

func (f *fakeBackend) AccessLists(context.Context) ([]session.AccessList, error) {
	return []session.AccessList{
		{Name: "TO-B", Rules: []session.AccessRule{{Sequence: 10, Rule: "permit ip any any", Matches: new(uint64(7))}, {Sequence: 20, Rule: "deny ip any any"}}},
		{Name: "SIX", V6: true, Rules: []session.AccessRule{{Sequence: 10, Rule: "permit ipv6 any any", Matches: new(uint64(1))}}},
	}, f.err
}

func (f *fakeBackend) Debug(_ context.Context, change func(session.Debug) session.Debug) (session.Debug, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.debug = change(f.debug)
	return f.debug, f.err
}

// clearText is a request as a test writes it down.
func clearText(q session.ClearRequest) string {
	what := [...]string{session.ClearSessions: "", session.ClearChildren: "children ", session.ClearCounters: "counters "}[q.What]
	text := what + filterText(q.Filter)
	for _, f := range []struct{ name, value string }{
		{"map", q.Filter.Map}, {"profile", q.Filter.Profile}, {"group", q.Filter.Group}, {"user", q.Filter.Username},
	} {
		if f.value != "" {
			text += " " + f.name + "=" + f.value
		}
	}
	if q.Filter.ConnID != 0 {
		text += fmt.Sprint(" connid=", q.Filter.ConnID)
	}
	if q.SPI != 0 {
		text += fmt.Sprint(" spi=", q.SPI)
	}
	return text
}

// filterText is a filter as a test writes it down.
func filterText(f session.Filter) string {
	vrf := func(s *string) string {
		if s == nil {
			return "any"
		}
		return *s
	}
	return fmt.Sprintf("if=%s local=%v:%d remote=%v:%d fvrf=%s ivrf=%s",
		f.Interface, f.Local, f.LocalPort, f.Remote, f.RemotePort, vrf(f.FVRF), vrf(f.IVRF))
}

var fakeInfo = Info{
	Hostname: "gwA", Version: "Seikan Software, Version 1", Log: logging.New(logging.Config{}, logging.Options{}), Config: fakeConfig{},
	Clock: func() (time.Time, bool) { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), true },
	RunningConfig: func() string {
		return "hostname gwA\ncrypto map CM 10 ipsec-isakmp\n set peer 192.0.2.2\n match address TO-B\ninterface eth0\n crypto map CM\n"
	},
}

// takeCleared gives the filters of Clear since the last call.
func (f *fakeBackend) takeCleared() []session.ClearRequest {
	f.mu.Lock()
	defer f.mu.Unlock()
	c := slices.Clone(f.cleared)
	f.cleared = nil
	return c
}

// fakeConfig is a configuration with one mode, which "peer" enters. "bad" is refused at its end.
type fakeConfig struct{}

func (fakeConfig) Hostname() string { return "gwA" }

func (fakeConfig) Prompt(path []string) string {
	if len(path) > 0 {
		return "(config-peer)"
	}
	return "(config)"
}

func (fakeConfig) Choices(path []string, line string) ([]ConfigWord, bool, error) {
	if strings.HasPrefix(line, "x") {
		return nil, false, &LineError{}
	}
	return []ConfigWord{{"peer", "A peer"}, {"permit", "A rule"}}, false, nil
}

func (fakeConfig) Configure(_ context.Context, path []string, line string) (ConfigEdit, error) {
	switch line {
	case "peer one, two":
		return ConfigEdit{Path: []string{line}, Changed: true}, nil
	case "exit":
		return ConfigEdit{Left: len(path) == 0}, nil
	case "end":
		return ConfigEdit{Left: true}, nil
	case "bad":
		return ConfigEdit{}, &LineError{Problem: LineRefused, Column: 3, Expected: "something else"}
	case "":
		return ConfigEdit{Path: path}, nil
	}
	return ConfigEdit{}, &LineError{Problem: LineInvalid, Column: 0}
}

func (fakeConfig) Settle(context.Context)   {}
func (fakeConfig) Pending() []string        { return []string{"Not in force: an address"} }
func (fakeConfig) Configured(string)        {}
func (fakeConfig) Startup() (string, error) { return "hostname gwA\n", nil }
func (fakeConfig) Save(string) error        { return nil }
func (fakeConfig) Replace(context.Context, string, string, time.Duration) error {
	return errFake
}
func (fakeConfig) Merge(context.Context, string, string) error { return nil }
func (fakeConfig) RevertAfter(time.Duration)                   {}
func (fakeConfig) Confirm() error                              { return errFake }
func (fakeConfig) Revert(context.Context, string) error        { return nil }
