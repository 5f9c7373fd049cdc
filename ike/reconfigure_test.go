package ike

import (
	"net/netip"
	"testing"
	"time"

	"seikan/sadb"
)

// reconfigure changes A's configuration, and B's in the same way unless alone.
func (p *pair) reconfigure(change func(a, b *Config)) {
	p.t.Helper()
	ca, cb := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16"), peerConfig("A", addrB, addrA, "10.2.0.0/16", "10.1.0.0/16")
	change(&ca, &cb)
	for _, x := range []struct {
		s *side
		c Config
	}{{p.a, ca}, {p.b, cb}} {
		x.s.do(func(now time.Time, out *Output) {
			if err := x.s.e.Reconfigure(now, x.c, out); err != nil {
				p.fail("%s: %v", x.s.name, err)
			}
		})
	}
	p.run(30 * time.Second)
}

// A change of the configuration takes down what it is about, and nothing else.
func TestReconfigure(t *testing.T) {
	for _, tt := range []struct {
		name   string
		change func(a, b *Config)
		sa     bool            // the IKE SA stays
		flows  []sadb.PolicyID // whose Child SAs stay
		why    Reason          // of what goes
	}{
		{"nothing", func(a, b *Config) { second(a, b) }, true, []sadb.PolicyID{"f0", "f1"}, 0},
		{"what needs no new SA", func(a, b *Config) {
			second(a, b)
			for _, c := range []*Config{a, b} {
				p := &c.Peers[0]
				p.DPD, p.Lifetime, p.Unique, p.Childless = DPD{Interval: 20 * time.Second}, time.Hour, UniqueReplace, ChildlessPrefer
				p.Flows[0].Lifetime, p.Flows[0].Kilobytes, p.Flows[0].Connect = 30*time.Minute, 5000, Always
			}
		}, true, []sadb.PolicyID{"f0", "f1"}, 0},
		{"a peer more", func(a, b *Config) {
			second(a, b)
			more := a.Peers[0]
			more.Name, more.Remote = "C", backupB
			f := more.Flows[0]
			f.ID = "g0"
			more.Flows = []Flow{f}
			a.Peers = append([]Peer{more}, a.Peers...)
		}, true, []sadb.PolicyID{"f0", "f1"}, 0},
		{"a flow less", func(a, b *Config) {}, true, []sadb.PolicyID{"f0"}, ReasonRemoved},
		{"another flow", func(a, b *Config) {
			second(a, b)
			a.Peers[0].Flows[0].Remote, b.Peers[0].Flows[0].Local = []sadb.Selector{prefix("10.9.0.0/16")}, []sadb.Selector{prefix("10.9.0.0/16")}
		}, true, []sadb.PolicyID{"f1"}, ReasonReconfigured},
		{"another key", func(a, b *Config) {
			second(a, b)
			a.Peers[0].LocalKey, b.Peers[0].RemoteKey = []byte("other"), []byte("other")
		}, false, nil, ReasonReconfigured},
		{"no peer", func(a, b *Config) { a.Peers = nil }, false, nil, ReasonRemoved},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newPair(t, second)
			p.up()
			p.a.acquire("f1")
			p.run(time.Second)
			first, kids := p.a.sole(), map[sadb.PolicyID]bool{}
			p.reconfigure(tt.change)
			p.agree()
			p.reachable()
			if got := first.state == established; got != tt.sa {
				p.fail("the IKE SA stays: %v, want %v", got, tt.sa)
			}
			for _, k := range p.a.kids {
				kids[k.Policies[0]] = true
			}
			if len(kids) != len(tt.flows) {
				p.fail("the Child SAs of %v stay, want those of %v", kids, tt.flows)
			}
			for _, id := range tt.flows {
				if !kids[id] || len(find[ChildUp](p.a)) != 2 {
					p.fail("the Child SA of %s does not stay", id)
				}
			}
			if len(tt.flows) < 2 {
				down := find[ChildDown](p.a)
				if len(down) != 2-len(tt.flows) || down[0].Reason != tt.why {
					p.fail("ChildDown %+v, want %v", down, tt.why)
				}
			}
			if tt.name == "no peer" {
				p.wantNothing()
				return
			}
			p.run(time.Hour * 3) // what is there goes on: it is rekeyed
			p.settle()
			p.agree()
			p.reachable()
			for _, id := range []sadb.PolicyID{"f0", "f1"} {
				if p.a.e.flows[id] == nil {
					continue
				}
				p.a.acquire(id)
				p.run(10 * time.Second)
				p.a.carried(id)
			}
		})
	}
}

// What would be wrong changes nothing.
func TestReconfigureRefuses(t *testing.T) {
	p := newPair(t, nil)
	p.up()
	for name, change := range map[string]func(c *Config){
		"no key":         func(c *Config) { c.Peers[0].LocalKey = nil },
		"a flow twice":   func(c *Config) { c.Peers[0].Flows = append(c.Peers[0].Flows, c.Peers[0].Flows[0]) },
		"another port":   func(c *Config) { c.NATTPort = 4501 },
		"no proposals":   func(c *Config) { c.Peers[0].Proposals = nil },
		"a wrong family": func(c *Config) { c.Peers[0].Remote = addr6 },
	} {
		c := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16")
		change(&c)
		p.a.do(func(now time.Time, out *Output) {
			if err := p.a.e.Reconfigure(now, c, out); err == nil {
				t.Errorf("%s: no error", name)
			}
			if len(out.Events)+len(out.Datagrams) != 0 {
				t.Errorf("%s: something happens: %+v", name, out)
			}
		})
	}
	p.run(time.Minute)
	p.wantOne()
}

// A configuration that changes while things are under way leaves nothing behind, and what is under way for a flow that is gone ends.
func TestReconfigureMidway(t *testing.T) {
	for at := range 12 {
		p := newPair(t, second)
		p.a.acquire("f0")
		p.a.acquire("f1")
		p.run(time.Duration(at) * 5 * time.Millisecond)
		p.a.do(func(now time.Time, out *Output) {
			c := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16")
			second(&c, &Config{Peers: []Peer{{Flows: []Flow{{}}}}})
			c.Peers[0].Flows = c.Peers[0].Flows[1:]
			if err := p.a.e.Reconfigure(now, c, out); err != nil {
				t.Fatal(err)
			}
		})
		p.run(time.Minute)
		p.agree()
		for _, k := range p.a.kids {
			if k.Policies[0] != "f1" {
				p.fail("after %d ms: a Child SA of %s, which is not configured", at*5, k.Policies[0])
			}
		}
		p.a.acquire("f1")
		p.run(time.Minute)
		p.agree()
		p.a.carried("f1")
		p.a.do(func(now time.Time, out *Output) {
			if err := p.a.e.Reconfigure(now, Config{}, out); err != nil {
				t.Fatal(err)
			}
		})
		p.run(time.Minute)
		p.wantNothing()
	}
}

var addr6 = netip.MustParseAddr("2001:db8::2")

// The configuration changes in the middle of an exchange that makes a Child SA, with an additional key exchange: nothing comes of a flow that
// is not configured any more, and the IKE SA stays.
func TestReconfigureDuringFollowUp(t *testing.T) {
	for _, tt := range []struct {
		name string
		do   func(p *pair)
	}{
		{"new", func(p *pair) { p.a.acquire("f1") }},
		{"rekey", func(p *pair) { p.a.rekeyChild() }},
	} {
		for _, byB := range []bool{false, true} {
			for after := 5 * time.Millisecond; after < 60*time.Millisecond; after += 10 * time.Millisecond {
				p := newPair(t, func(a, b *Config) { second(a, b); quantumSecond(a); quantumSecond(b) })
				p.up()
				first := p.a.sole().spiI
				tt.do(p)
				p.run(after)
				x := p.a
				ca, cb := peerConfig("B", addrA, addrB, "10.1.0.0/16", "10.2.0.0/16"), peerConfig("A", addrB, addrA, "10.2.0.0/16", "10.1.0.0/16")
				quantumAll(&ca)
				quantumAll(&cb)
				c := ca
				if byB {
					x, c = p.b, cb
				}
				c.Peers[0].Flows = nil // but for what is added now
				x.do(func(now time.Time, out *Output) {
					if err := x.e.Reconfigure(now, c, out); err != nil {
						p.fail("%v", err)
					}
				})
				p.run(40 * time.Second)
				for _, k := range x.e.children {
					if k.flows[0].gone {
						p.fail("%s, by B %v, after %v: a Child SA for %q, which is not configured", tt.name, byB, after, k.flows[0].ID)
					}
				}
				if p.agree(); p.a.sole().spiI != first {
					p.fail("%s, by B %v, after %v: another IKE SA", tt.name, byB, after)
				}
			}
		}
	}
}

// quantumSecond is quantumAll for two flows.
func quantumSecond(c *Config) {
	quantumAll(c)
	c.Peers[0].Flows[1].Proposals = c.Peers[0].Flows[0].Proposals
}
