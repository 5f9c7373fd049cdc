package ike

import (
	"crypto/rand"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"
	"testing/cryptotest"
	"time"

	"seikan/esp"
	"seikan/ike/wire"
)

// steps takes a pair through an exchange message by message. What is sent stays on its way until the test lets it pass or loses it.
//
// x is the end that does what the test is about, y its peer: a test runs with either end of the IKE SA as x. In the RFC's notation
// x stands on the left:
//
//	SK {N(REKEY_SA), SA, Ni, TSi, TSr} -->
//	                                   <-- SK {SA, Nr, TSi, TSr}
//
// SAs are called after the end whose exchange made them, and counted: x1 is the first that x asked for. The first Child SA is c0.
type steps struct {
	*pair
	*audit
	x, y   *side
	way    []passing         // on their way
	names  map[uint64]string // of SAs, by the SPIs of both ends
	asked  map[asker]string  // what the SA is called that a request under way asks for
	made   map[*side]int
	nonces *nonces
}

// passing is a message on its way.
type passing struct {
	flying
	text string // in the RFC's notation
}

// nonces is a source of random numbers in which a test chooses the first octets of the nonces that decide collisions.
type nonces struct {
	io.Reader
	first []byte
}

func (n *nonces) Read(b []byte) (int, error) {
	k, err := n.Reader.Read(b)
	if len(b) == ourNonce && len(n.first) > 0 {
		b[0], n.first = n.first[0], n.first[1:]
	}
	return k, err
}

const chosenNonces = 6

// low lets the nth of the nonces that are drawn next be the lowest, of no more than chosenNonces.
func (c *steps) low(n int) {
	c.nonces.first = slices.Repeat([]byte{0x80}, chosenNonces)
	c.nonces.first[n] = 0
}

// newSteps brings a session up from A, in which x is A or B.
func newSteps(t *testing.T, xIsB, busy bool, change func(x, y *Config)) *steps {
	t.Helper()
	cryptotest.SetGlobalRandom(t, 1)
	n := &nonces{Reader: rand.Reader}
	rand.Reader = n // until SetGlobalRandom's own clean-up
	p := newPair(t, func(a, b *Config) {
		if a, b := a, b; change != nil {
			if xIsB {
				a, b = b, a
			}
			change(a, b)
		}
	})
	c := &steps{pair: p, audit: p.listen(), x: p.a, y: p.b, names: map[uint64]string{}, asked: map[asker]string{}, made: map[*side]int{}, nonces: n}
	if xIsB {
		c.x, c.y = p.b, p.a
	}
	p.up()
	c.names[uint64(p.a.only())], c.names[uint64(p.b.only())] = "c0", "c0"
	c.names[uint64(p.a.sole().spiI)] = "ike0"
	c.audit.busy = busy
	p.after = func() {
		for _, f := range p.flight {
			c.way = append(c.way, passing{f, c.notation(f.from, f.d.Data)})
		}
		p.flight = nil
		c.audit.step()
	}
	return c
}

// pass lets a message arrive, the oldest one that reads like this. What stands before the arrow is x's, what stands behind it y's.
func (c *steps) pass(text string) {
	c.t.Helper()
	f := c.pick(text)
	to := c.other(f.from)
	d := Datagram{Path: swap(f.d.Path), Data: slices.Clone(f.d.Data)}
	c.answered(to, d.Data)
	to.do(func(now time.Time, out *Output) { to.e.Handle(now, d, out) })
}

// drop takes a message out of the network.
func (c *steps) drop(text string) {
	c.t.Helper()
	c.pick(text)
}

func (c *steps) pick(text string) passing {
	c.t.Helper()
	i := c.index(text)
	if i < 0 {
		c.fail("want a message %q, on their way are %q", text, c.texts())
	}
	f := c.way[i]
	c.way = slices.Delete(c.way, i, i+1)
	return f
}

// index is where the oldest message is that reads like this; -1: there is none.
func (c *steps) index(text string) int {
	for i, f := range c.way {
		if strings.Contains(f.text, unread) { // the receiver may have the SA by now
			c.way[i].text = c.notation(f.from, f.d.Data)
		}
	}
	text = strings.TrimSpace(text)
	return slices.IndexFunc(c.way, func(f passing) bool { return f.text == text })
}

func (c *steps) texts() (list []string) {
	for _, f := range c.way {
		list = append(list, f.text)
	}
	return list
}

// quiet checks that nothing is on its way.
func (c *steps) quiet() {
	c.t.Helper()
	if len(c.way) > 0 {
		c.fail("on their way are %q, want nothing", c.texts())
	}
}

// await lets time pass until a message is sent, and lets that arrive.
func (c *steps) await(text string) {
	c.t.Helper()
	for end := c.now.Add(time.Minute); c.index(text) < 0 && c.now.Before(end); {
		c.wait(max(time.Millisecond, min(c.x.e.Next().Sub(c.now), c.y.e.Next().Sub(c.now))))
	}
	c.pass(text)
}

// wait lets time pass and nothing arrive.
func (c *steps) wait(d time.Duration) {
	c.t.Helper()
	end := c.now.Add(d)
	for range 10_000 {
		next := end
		for _, s := range []*side{c.a, c.b} {
			if n := s.e.Next(); !n.IsZero() && n.Before(next) {
				next = n
			}
		}
		if !next.Before(end) {
			c.now = end
			return
		}
		if next.After(c.now) {
			c.now = next
		}
		for _, s := range []*side{c.a, c.b} {
			s.do(s.e.Advance)
		}
	}
	c.fail("no end after ten thousand steps")
}

// release lets the network carry on by itself.
func (c *steps) release(d time.Duration) {
	c.t.Helper()
	c.after = func() {
		for _, f := range c.flight {
			c.notation(f.from, f.d.Data) // for the names
		}
		c.audit.step()
	}
	for _, f := range c.way {
		c.flight = append(c.flight, f.flying)
	}
	c.way = nil
	c.run(d)
}

// settled checks that the exchanges are over: nothing more is said, and each end has the Child SAs of these names and no others, on the one
// IKE SA, and no timers or queues but theirs. Then the IKE SA is deleted, and nothing may be left.
func (c *steps) settled(ikeSA string, children ...string) {
	c.t.Helper()
	c.quiet()
	said := len(c.sent)
	c.release(time.Minute) // what lingers goes
	if len(c.sent) != said {
		c.fail("%d messages more, want none", len(c.sent)-said)
	}
	c.leaves(ikeSA, children...)
}

// leaves is settled without asking for silence. The name "new" is that of any SA but the first.
func (c *steps) leaves(ikeSA string, children ...string) {
	c.t.Helper()
	c.agree()
	if len(c.nonces.first) == chosenNonces {
		c.fail("the test has chosen nonces, and none was drawn")
	}
	for _, s := range []*side{c.a, c.b} {
		var got []string
		for in := range s.kids {
			got = append(got, c.called(uint64(in), len(children) == 1 && children[0] == "new"))
		}
		if slices.Sort(got); !slices.Equal(got, children) {
			c.fail("%s has the children %q, want %q", s.name, got, children)
		}
		if in, _ := c.sends(s); (in == 0) != (len(children) == 0) {
			c.fail("%s sends on %v", s.name, in)
		}
		want := 0
		if ikeSA != "" {
			x := s.sole()
			if got := c.called(uint64(x.spiI), ikeSA == "new"); got != ikeSA || x.own.x != nil || len(x.queue) != 0 || len(x.children) != len(children) {
				c.fail("%s has IKE SA %q with %d children, %T under way and %d more; want %q with %d", s.name, got, len(x.children), x.own.x, len(x.queue), ikeSA, len(children))
			}
			want = 1
		}
		// A deadline each for the rekey and the end of the IKE SA and of a Child SA.
		if s.e.Len() != want || len(s.e.bySPI) != want || len(s.e.children) != len(children) || len(s.e.halfOpen) != 0 || len(s.e.deadlines) != 2*want+2*len(children) {
			c.fail("%s: %d IKE SAs, %d IKE SPIs, %d children, %d half-open, %d deadlines", s.name, s.e.Len(), len(s.e.bySPI), len(s.e.children), len(s.e.halfOpen), len(s.e.deadlines))
		}
		for _, f := range s.e.flows {
			if f.pending {
				c.fail("%s: flow %v is pending", s.name, f.ID)
			}
		}
	}
	if ikeSA != "" {
		c.x.delete()
		c.run(time.Minute)
	}
	c.wantNothing()
}

// child is the inbound SPI of a side's Child SA of a name.
func (c *steps) child(s *side, name string) esp.SPI {
	c.t.Helper()
	for in := range s.kids {
		if c.names[uint64(in)] == name {
			return in
		}
	}
	c.fail("%s has no child %s", s.name, name)
	return 0
}

// rekeyChild and expire are the soft and the hard limit of a Child SA.
func (c *steps) rekeyChild(s *side, name string) {
	in := c.child(s, name)
	s.do(func(now time.Time, out *Output) { s.e.RekeyChild(now, in, out) })
}

// use has a side see that the peer sends on a Child SA.
func (c *steps) use(s *side, name string) {
	in := c.child(s, name)
	s.do(func(now time.Time, out *Output) { s.e.Used(now, in, out) })
}

// rekeyIn starts a rekey of the IKE SA with a group of its own choice.
func (c *steps) rekeyIn(s *side, g wire.GroupID) {
	x := s.sole()
	s.do(func(now time.Time, out *Output) { x.start(now, &rekeySA{group: g}, out) })
}

func (c *steps) expire(s *side, name string) {
	in := c.child(s, name)
	s.do(func(now time.Time, out *Output) { s.e.ExpireChild(now, in, out) })
}

// stepCase is one named case.
type stepCase struct {
	name   string
	change func(x, y *Config)
	lows   []int // which of the nonces that are drawn may be the lowest: the case runs with each; nil: they decide nothing
	run    func(c *steps, low int)
}

// play runs a case with either end as x, quiet and with traffic, and with each nonce as the lowest.
func (tt stepCase) play(t *testing.T) {
	t.Run(tt.name, func(t *testing.T) {
		lows := tt.lows
		if lows == nil {
			lows = []int{0}
		}
		for _, low := range lows {
			for _, xIsB := range []bool{false, true} {
				for _, busy := range []bool{false, true} {
					name := map[bool]string{false: "x is the initiator", true: "x is the responder"}[xIsB]
					if busy {
						name += ", traffic"
					}
					if tt.lows != nil {
						name = fmt.Sprintf("nonce %d is the lowest, %s", low, name)
					}
					t.Run(name, func(t *testing.T) { tt.run(newSteps(t, xIsB, busy, tt.change), low) })
				}
			}
		}
	})
}
