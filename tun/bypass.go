package tun

import (
	"errors"
	"fmt"
	"net/netip"
	"slices"
)

// Line is a line of an access list that chooses, of the packets whose destination is routed into a device, those that go there. Lines stand in
// order, and the first one that matches a packet decides.
type Line struct {
	// Pass sends the packet past the device, by the system's other routes, unless a line of another Group behind it says otherwise. A line
	// without it sends the packet to the device. So do the routes with a packet that no line matches.
	Pass  bool
	Group string // whose lines stand together

	Src, Dst           netip.Prefix // of one family
	Proto              uint8        // 0: any
	SrcPorts, DstPorts Ports
}

// Ports is a range of ports, both inclusive.
type Ports struct{ Lo, Hi uint16 }

const maxPort = 65535

func (p Ports) any() bool { return p == Ports{0, maxPort} }

func (p Ports) overlaps(o Ports) bool { return p.Lo <= o.Hi && o.Lo <= p.Hi }

func (l *Line) overlaps(o *Line) bool {
	return l.Src.Overlaps(o.Src) && l.Dst.Overlaps(o.Dst) && (l.Proto == 0 || o.Proto == 0 || l.Proto == o.Proto) &&
		l.SrcPorts.overlaps(o.SrcPorts) && l.DstPorts.overlaps(o.DstPorts)
}

// MaxRules is how many rules of the system the lines of one family of addresses may take. The system holds each packet against one after
// the other.
const MaxRules = 1000

// CheckLines finds lines that SetRoutes cannot install.
func CheckLines(lines []Line) error {
	_, err := compile(lines)
	return err
}

// A chain is the rules that stand before the one that leads to the routes. A packet that a line with Pass matches goes on among the lines of
// the groups behind it, in a second part of the chain where what nothing matches passes. So the position in the chain remembers that
// the packet was denied:
//
//	lines of the first groups, up to the last one with Pass; then on to the routes
//	lines of the groups behind the first one with Pass; then past the routes
//
// A line is left out where no line that it could keep a packet from makes a difference.
type chain []step

// step is a rule: what matches it goes to a place.
type step struct {
	Line       // Pass and Group mean nothing here
	to   place // of the chain
}

// place is the number of a step, behind which there may be none, or one of these.
type place int

const (
	toRoutes place = -1 // the rule that leads to the routes into devices
	toEnd    place = -2 // past it
)

// chains are those of the two families.
type chains struct{ v4, v6 chain }

// compile makes the chains of both families.
func compile(lines []Line) (c chains, err error) {
	var v4, v6 []Line
	for _, l := range lines {
		if !l.Src.IsValid() || !l.Dst.IsValid() || l.Src.Addr().Is4() != l.Dst.Addr().Is4() {
			return c, fmt.Errorf("tun: line from %v to %v: want two prefixes of one family", l.Src, l.Dst)
		}
		if l.Src, l.Dst = l.Src.Masked(), l.Dst.Masked(); l.Src.Addr().Is4() {
			v4 = append(v4, l)
		} else {
			v6 = append(v6, l)
		}
	}
	var err4, err6 error
	c.v4, err4 = compileFamily(v4)
	c.v6, err6 = compileFamily(v6)
	return c, errors.Join(err4, err6)
}

// compiler is the state of compileFamily.
type compiler struct {
	lines  []Line
	passes []int // where those are with Pass
	chain  chain
	jumps  map[int]int // steps that go to the second part: to the lines of the groups behind this line
}

// compileFamily makes the chain of lines of one family. There is none where no line has Pass.
func compileFamily(lines []Line) (chain, error) {
	c := &compiler{lines: lines, jumps: make(map[int]int)}
	for i := range lines {
		if lines[i].Pass {
			c.passes = append(c.passes, i)
		}
	}
	if len(c.passes) == 0 {
		return nil, nil
	}
	if len(c.passes) <= MaxRules {
		c.firstPart()
		c.secondPart()
	}
	if len(c.passes) > MaxRules || len(c.chain) > MaxRules {
		return nil, fmt.Errorf("tun: the lines with Pass, and those before them that they overlap, take more than %d rules", MaxRules)
	}
	return c.chain, nil
}

// firstPart adds the lines up to the last one with Pass.
func (c *compiler) firstPart() {
	last := c.passes[len(c.passes)-1]
	behind := c.passes // those with Pass behind the line
	for i := range c.lines[:last+1] {
		l := &c.lines[i]
		switch {
		case l.Pass:
			behind = behind[1:]
			c.pass(i)
		case slices.ContainsFunc(behind, func(p int) bool { return l.overlaps(&c.lines[p]) }):
			c.take(l)
		}
		if len(c.chain) > MaxRules {
			return
		}
	}
}

// secondPart adds the lines for packets that a line of an earlier group has denied.
func (c *compiler) secondPart() {
	begins := len(c.chain) + 1
	starts := make(map[int]int) // the first step for lines from this one on
	second := &compiler{lines: c.lines, jumps: c.jumps}
	second.chain = append(slices.Clip(c.chain), step{Line: anyPacket(c.lines[0]), to: toRoutes})
	first := c.passes[0]
	for i := c.nextGroup(first); i < len(c.lines) && len(second.chain) <= MaxRules; i++ {
		starts[i] = len(second.chain)
		switch l := &c.lines[i]; {
		case l.Pass && c.permitsBehind(i):
			second.pass(i)
		case !l.Pass && c.deniedBefore(i):
			second.take(l)
		}
	}
	if len(second.chain) > begins {
		c.chain = append(second.chain, step{Line: anyPacket(c.lines[0]), to: toEnd})
	}
	for at, line := range c.jumps { // where nothing is left that could permit it, the packet has passed
		c.chain[at].to = toEnd
		if start, ok := starts[c.nextGroup(line)]; ok && len(second.chain) > begins {
			c.chain[at].to = place(start)
		}
	}
}

// nextGroup is the first line behind the group of a line.
func (c *compiler) nextGroup(i int) int {
	group := c.lines[i].Group
	for i < len(c.lines) && c.lines[i].Group == group {
		i++
	}
	return i
}

// deniedBefore reports whether a packet that the line matches may have been denied in an earlier group.
func (c *compiler) deniedBefore(i int) bool {
	l := &c.lines[i]
	return slices.ContainsFunc(c.passes, func(p int) bool {
		return p < i && c.lines[p].Group != l.Group && c.lines[p].overlaps(l)
	})
}

// permitsBehind reports whether a line behind it in its group would take a packet that the line matches.
func (c *compiler) permitsBehind(i int) bool {
	l := &c.lines[i]
	return slices.ContainsFunc(c.lines[i+1:c.nextGroup(i)], func(o Line) bool { return !o.Pass && o.overlaps(l) })
}

func anyPacket(like Line) Line {
	all := netip.PrefixFrom(netip.IPv6Unspecified(), 0)
	if like.Src.Addr().Is4() {
		all = netip.PrefixFrom(netip.IPv4Unspecified(), 0)
	}
	return Line{Src: all, Dst: all, SrcPorts: Ports{0, maxPort}, DstPorts: Ports{0, maxPort}}
}

// The system takes no rule for a range of ports with 0 or 65535 in it. So what passes is a little less, and what the device is to have a
// little more, than the lines say: the router drops what is neither to be protected nor could pass.
const leastPort, mostPort = 1, maxPort - 1

// pass adds a line with Pass.
func (c *compiler) pass(i int) {
	s := step{Line: c.lines[i]}
	for _, p := range [...]*Ports{&s.SrcPorts, &s.DstPorts} {
		if p.any() {
			continue
		}
		if *p = (Ports{max(p.Lo, leastPort), min(p.Hi, mostPort)}); p.Lo > p.Hi {
			return
		}
	}
	c.jumps[len(c.chain)] = i
	c.chain = append(c.chain, s)
}

// take adds a line without Pass. A range that the system does not know is all ports but those below and above, which go on to
// the next line.
func (c *compiler) take(l *Line) {
	s := step{Line: *l, to: toRoutes}
	var others []step
	for _, side := range [...]func(*step) *Ports{func(s *step) *Ports { return &s.SrcPorts }, func(s *step) *Ports { return &s.DstPorts }} {
		p := side(&s)
		if p.any() || p.Lo >= leastPort && p.Hi <= mostPort {
			continue
		}
		around := [...]Ports{{leastPort, max(p.Lo, 1) - 1}, {min(p.Hi, mostPort) + 1, mostPort}}
		*p = Ports{0, maxPort}
		for _, o := range around {
			if o.Lo <= o.Hi {
				other := step{Line: *l}
				*side(&other) = o
				others = append(others, other)
			}
		}
	}
	next := place(len(c.chain) + len(others) + 1)
	for _, o := range others {
		// The other side's range, where it cannot be said either, is any: what is kept from this line by one side is so whatever the other.
		for _, p := range [...]*Ports{&o.SrcPorts, &o.DstPorts} {
			if !p.any() && (p.Lo < leastPort || p.Hi > mostPort) {
				*p = Ports{0, maxPort}
			}
		}
		o.to = next
		c.chain = append(c.chain, o)
	}
	c.chain = append(c.chain, s)
}
