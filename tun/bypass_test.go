package tun

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// packet is what lines look at in a packet.
type packet struct {
	src, dst     netip.Addr
	proto        uint8
	sport, dport uint16
}

func (l *Line) matches(p packet) bool {
	return l.Src.Contains(p.src) && l.Dst.Contains(p.dst) && (l.Proto == 0 || l.Proto == p.proto) &&
		l.SrcPorts.Lo <= p.sport && p.sport <= l.SrcPorts.Hi && l.DstPorts.Lo <= p.dport && p.dport <= l.DstPorts.Hi
}

// passes is what Line says of a list.
func passes(lines []Line, p packet) bool {
	denied := ""
	for i := range lines {
		switch l := &lines[i]; {
		case l.Group == denied || !l.matches(p):
		case l.Pass:
			denied = l.Group
		default:
			return false
		}
	}
	return denied != ""
}

// passes goes through a chain as the kernel does.
func (c chain) passes(t *testing.T, p packet) bool {
	for i := 0; i < len(c); i++ {
		s := &c[i]
		if !s.matches(p) {
			continue
		}
		switch {
		case s.to == toRoutes:
			return false
		case s.to == toEnd:
			return true
		case int(s.to) <= i:
			t.Fatalf("step %d leads back to %d", i, s.to)
		case int(s.to) < len(c): // the kernel passes over a rule whose target is not there
			i = int(s.to) - 1
		}
	}
	return false
}

// line reads "GROUP permit|deny PROTO SRC SPORTS DST DPORTS".
func line(t *testing.T, text string) Line {
	t.Helper()
	var l Line
	var verb, src, dst string
	_, err := fmt.Sscanf(text, "%s %s %d %s %d-%d %s %d-%d", &l.Group, &verb, &l.Proto, &src, &l.SrcPorts.Lo, &l.SrcPorts.Hi, &dst, &l.DstPorts.Lo, &l.DstPorts.Hi)
	if err != nil {
		t.Fatal(err)
	}
	l.Pass, l.Src, l.Dst = verb == "deny", netip.MustParsePrefix(src), netip.MustParsePrefix(dst)
	return l
}

func lines(t *testing.T, texts ...string) (ls []Line) {
	t.Helper()
	for _, s := range texts {
		ls = append(ls, line(t, s))
	}
	return ls
}

// String is the steps, one in a line.
func (c chain) String() string {
	var b strings.Builder
	for i, s := range c {
		to := fmt.Sprint(int(s.to))
		switch s.to {
		case toRoutes:
			to = "routes"
		case toEnd:
			to = "end"
		}
		fmt.Fprintf(&b, "%d: %d %v %d-%d %v %d-%d to %s\n", i, s.Proto, s.Src, s.SrcPorts.Lo, s.SrcPorts.Hi, s.Dst, s.DstPorts.Lo, s.DstPorts.Hi, to)
	}
	return b.String()
}

func TestCompile(t *testing.T) {
	const (
		permit  = "a permit 0 10.10.10.0/24 0-65535 10.30.30.0/24 0-65535"
		permit2 = "b permit 0 10.10.20.0/24 0-65535 10.30.30.0/24 0-65535"
		host    = "a deny 0 10.10.10.5/32 0-65535 0.0.0.0/0 0-65535"
	)
	for _, tt := range []struct {
		name  string
		lines []string
		want  string
	}{
		{"nothing is denied", []string{permit, permit2}, ""},
		{"a host before the permit", []string{host, permit}, "0: 0 10.10.10.5/32 0-65535 0.0.0.0/0 0-65535 to end\n"},
		{"what comes before and is another's does not matter", []string{"a permit 0 10.9.0.0/24 0-65535 0.0.0.0/0 0-65535", host, permit},
			"0: 0 10.10.10.5/32 0-65535 0.0.0.0/0 0-65535 to end\n"},
		{"what comes before and is wider does", []string{permit, host},
			"0: 0 10.10.10.0/24 0-65535 10.30.30.0/24 0-65535 to routes\n" +
				"1: 0 10.10.10.5/32 0-65535 0.0.0.0/0 0-65535 to end\n"},
		{"permitted by the next entry", []string{host, permit, "b permit 0 10.10.10.5/32 0-65535 10.30.30.9/32 0-65535"},
			"0: 0 10.10.10.5/32 0-65535 0.0.0.0/0 0-65535 to 2\n" +
				"1: 0 0.0.0.0/0 0-65535 0.0.0.0/0 0-65535 to routes\n" +
				"2: 0 10.10.10.5/32 0-65535 10.30.30.9/32 0-65535 to routes\n" +
				"3: 0 0.0.0.0/0 0-65535 0.0.0.0/0 0-65535 to end\n"},
		{"ports", []string{"a permit 6 10.0.0.0/8 0-65535 10.0.0.0/8 1024-65535", "a deny 0 0.0.0.0/0 0-65535 0.0.0.0/0 0-65535"},
			"0: 6 10.0.0.0/8 0-65535 10.0.0.0/8 1-1023 to 2\n" +
				"1: 6 10.0.0.0/8 0-65535 10.0.0.0/8 0-65535 to routes\n" +
				"2: 0 0.0.0.0/0 0-65535 0.0.0.0/0 0-65535 to end\n"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			got, err := compile(lines(t, tt.lines...))
			if err != nil || got.v4.String() != tt.want || len(got.v6) != 0 {
				t.Errorf("got %v\n%swant\n%s", err, got.v4, tt.want)
			}
		})
	}
}

func TestCompileErrors(t *testing.T) {
	l := line(t, "a deny 0 10.0.0.0/8 0-65535 10.0.0.0/8 0-65535")
	for name, bad := range map[string][]Line{
		"families": {{Src: netip.MustParsePrefix("10.0.0.0/8"), Dst: netip.MustParsePrefix("::/0")}},
		"no dst":   {{Src: netip.MustParsePrefix("10.0.0.0/8")}},
		"too many": slices.Repeat([]Line{l}, MaxRules+1),
	} {
		if CheckLines(bad) == nil {
			t.Errorf("%s: got no error", name)
		}
	}
	if err := CheckLines(slices.Repeat([]Line{l}, MaxRules)); err != nil {
		t.Errorf("got %v, want none", err)
	}
}

// A chain decides as the lines do. Where a range cannot be said the packet goes to the device, and never past it.
func TestCompileAtRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	pick := func(list ...string) netip.Prefix { return netip.MustParsePrefix(list[rnd.IntN(len(list))]) }
	ports := func() Ports {
		edges := []uint16{0, 1, 2, 80, 1023, 1024, maxPort - 1, maxPort}
		if rnd.IntN(2) == 0 {
			return Ports{0, maxPort}
		}
		a, b := edges[rnd.IntN(len(edges))], edges[rnd.IntN(len(edges))]
		return Ports{min(a, b), max(a, b)}
	}
	port := func() uint16 {
		return []uint16{0, 1, 2, 3, 80, 500, 1023, 1024, 2000, maxPort - 1, maxPort}[rnd.IntN(11)]
	}
	passed, taken, rounded := 0, 0, 0
	for range 3000 {
		var ls []Line
		for i, group := 0, 0; i < 1+rnd.IntN(10); i++ {
			if rnd.IntN(3) == 0 {
				group++
			}
			ls = append(ls, Line{
				Group: fmt.Sprint(group + 1), Pass: rnd.IntN(2) == 0, Proto: []uint8{0, 0, 6, 17}[rnd.IntN(4)],
				Src: pick("0.0.0.0/0", "10.0.0.0/8", "10.0.0.0/31", "10.0.0.1/32"), Dst: pick("0.0.0.0/0", "10.1.0.0/31", "10.1.0.1/32"),
				SrcPorts: ports(), DstPorts: ports(),
			})
		}
		c, err := compile(ls)
		if err != nil {
			t.Fatal(err)
		}
		for range 100 {
			p := packet{
				src: netip.AddrFrom4([4]byte{10, 0, 0, byte(rnd.IntN(3))}), dst: netip.AddrFrom4([4]byte{10, 1, 0, byte(rnd.IntN(3))}),
				proto: []uint8{6, 17, 1}[rnd.IntN(3)], sport: port(), dport: port(),
			}
			want, got := passes(ls, p), c.v4.passes(t, p)
			edge := min(p.sport, p.dport) == 0 || max(p.sport, p.dport) == maxPort
			switch {
			case want && !got && edge:
				rounded++
			case want != got:
				t.Fatalf("%+v: got %v, want %v, of\n%+v\n%v", p, got, want, ls, c.v4)
			case got:
				passed++
			default:
				taken++
			}
		}
	}
	if min(passed, taken, rounded) < 1000 {
		t.Errorf("got %d packets that pass, %d that do not, %d at the edge: want many of each", passed, taken, rounded)
	}
}
