package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"

	"seikan/internal/ping"
	"seikan/session"
)

// pingTime is how long a ping may take, however many requests it is of.
const pingTime = time.Hour

// Defaults of a ping.
const (
	pingCount   = 5
	pingSize    = 100
	pingTimeout = 2 // seconds
	pingColumns = 70
)

// pingArgs is what is said of a ping.
type pingArgs struct {
	to       netip.Addr
	vrf      string // "": the global one
	source   string // an address or an interface; "": none
	count    int    // 0: default
	size     int    // 0: default
	timeout  int    // seconds; 0: default
	fragment bool   // not
}

// pingNode is `ping`.
var pingNode = &node{text: "ping", help: "Send echo messages", options: pingOptions(), run: doPing, live: true, time: pingTime}

func pingOptions() []*option {
	before := func(a *args) bool { return !a.ping.to.IsValid() }
	to := func(k *kind) *option {
		return &option{value: k, set: func(a *args, v any) { a.ping.to = v.(netip.Addr) }, open: before}
	}
	list := []*option{
		to(kindAddress),
		{text: "ip", help: "IPv4 echo", next: []*option{to(kindIPv4)}, open: before},
		{text: "ipv6", help: "IPv6 echo", next: []*option{to(kindIPv6)}, open: before},
	}
	list = append(list, &option{text: "vrf", help: "In this VRF", value: kindVRF, next: list, open: before,
		set: func(a *args, v any) { a.ping.vrf = v.(string) }})
	add := func(text, help string, value *kind, there func(p *pingArgs) bool, set func(p *pingArgs, v any)) {
		list = append(list, &option{
			text: text, help: help, value: value, privileged: true,
			set:  func(a *args, v any) { set(&a.ping, v) },
			open: func(a *args) bool { return a.ping.to.IsValid() && !there(&a.ping) },
		})
	}
	add("df-bit", "Have nobody fragment the packets", nil,
		func(p *pingArgs) bool { return p.fragment }, func(p *pingArgs, _ any) { p.fragment = true })
	add("repeat", "How many to send", kindBetween(1, ping.MaxCount, "Packets"),
		func(p *pingArgs) bool { return p.count > 0 }, func(p *pingArgs, v any) { p.count = v.(int) })
	add("size", "How large a packet is", kindBetween(ping.MinSize, ping.MaxSize, "Octets with the headers of IP and ICMP"),
		func(p *pingArgs) bool { return p.size > 0 }, func(p *pingArgs, v any) { p.size = v.(int) })
	add("source", "Address to send from", kindSource,
		func(p *pingArgs) bool { return p.source != "" }, func(p *pingArgs, v any) { p.source = v.(string) })
	add("timeout", "How long to wait for each reply", kindBetween(1, uint64(ping.MaxTimeout/time.Second), "Seconds"),
		func(p *pingArgs) bool { return p.timeout > 0 }, func(p *pingArgs, v any) { p.timeout = v.(int) })
	return list
}

func doPing(ctx context.Context, c *call) error {
	p := &c.args.ping
	switch {
	case !p.to.IsValid():
		return errIncomplete
	case c.info.Ping == nil:
		return refusal("% This router sends no echo messages.")
	case p.size > 0 && p.size < ping.MinSize6 && p.to.Is6():
		return refusal(fmt.Sprintf("%% A packet of IPv6 has at least %d octets.", ping.MinSize6))
	}
	r := ping.Request{To: p.to, Count: pingCount, Size: pingSize, Timeout: pingTimeout * time.Second, DontFragment: p.fragment}
	if p.count > 0 {
		r.Count = p.count
	}
	if p.size > 0 {
		r.Size = p.size
	}
	if p.timeout > 0 {
		r.Timeout = time.Duration(p.timeout) * time.Second
	}
	if p.source != "" || p.vrf != "" {
		tables, err := c.backend.Tables(ctx)
		if err != nil {
			return err
		}
		if r.Netns, err = namespaceOf(tables, p.vrf); err != nil {
			return err
		}
		if r.From, err = sourceOf(tables, p); err != nil {
			return err
		}
	}
	if _, err := io.WriteString(c.w, pingTitle(r)); err != nil {
		return err
	}
	t := pingTally{w: c.w, v6: p.to.Is6()}
	err := c.info.Ping(ctx, r, t.take)
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		err = nil
	}
	if _, werr := io.WriteString(c.w, t.String()); err == nil {
		err = werr
	}
	return err
}

// namespaceOf is the network namespace of a VRF.
func namespaceOf(tables session.Tables, vrf string) (string, error) {
	if vrf == "" {
		return "", nil
	}
	for _, v := range tables.VRFs {
		if v.Name == vrf {
			return v.Namespace, nil
		}
	}
	return "", noVRF(vrf)
}

// sourceOf is the address of an interface of the VRF, by name, or an address as it is. Zero: there is to be none.
func sourceOf(tables session.Tables, p *pingArgs) (netip.Addr, error) {
	if p.source == "" {
		return netip.Addr{}, nil
	}
	if a, ok := parseAddress(p.source); ok {
		if a.(netip.Addr).Is6() != p.to.Is6() {
			return netip.Addr{}, refusal("% Invalid source: it is of another family than the destination.")
		}
		return a.(netip.Addr), nil
	}
	for _, f := range tables.Interfaces {
		switch {
		case !strings.EqualFold(f.Name, p.source):
			continue
		case f.VRF != p.vrf && p.vrf != "":
			return netip.Addr{}, refusal("% Invalid source: interface " + f.Name + " is not in VRF " + p.vrf + ".")
		case f.VRF != p.vrf:
			return netip.Addr{}, refusal("% Invalid source: interface " + f.Name + " is in VRF " + f.VRF + ".")
		}
		for _, at := range f.Addresses {
			addr, _, _ := strings.Cut(at, "/")
			if a, err := netip.ParseAddr(addr); err == nil && a.Is6() == p.to.Is6() {
				return a, nil
			}
		}
		return netip.Addr{}, refusal("% Invalid source: interface " + f.Name + " has no address of that family.")
	}
	return netip.Addr{}, refusal("% Invalid source: there is no interface " + p.source + ".")
}

// pingTitle is what is printed in front of the results.
func pingTitle(r ping.Request) string {
	var b strings.Builder
	seconds := int(r.Timeout / time.Second)
	fmt.Fprintf(&b, "Type escape sequence to abort.\nSending %d, %d-byte ICMP Echos to %s, timeout is %d %s:\n",
		r.Count, r.Size, strings.ToUpper(r.To.String()), seconds, plural(seconds, "second"))
	if r.From.IsValid() {
		fmt.Fprintf(&b, "Packet sent with a source address of %s \n", strings.ToUpper(r.From.String()))
	}
	if r.DontFragment {
		b.WriteString("Packet sent with the DF bit set\n")
	}
	return b.String()
}

func plural(n int, word string) string {
	if n == 1 {
		return word
	}
	return word + "s"
}

// pingTally counts results and shows each as a character.
type pingTally struct {
	w             io.Writer
	v6            bool
	sent, replies int
	column        int
	least, most   time.Duration
	all           time.Duration
}

// Characters for answers, which differ between the families as on a classic router.
var (
	pingMarks = [...]string{
		ping.Reply: "!", ping.Timeout: ".", ping.TooBig: "M", ping.TimeExceeded: "&", ping.ParamProblem: "?", ping.SourceQuench: "Q",
		ping.NoRoute: "U", ping.Prohibited: "U", ping.BeyondScope: "U", ping.HostUnreachable: "U", ping.PortUnreachable: "U", ping.Unreachable: "U",
		ping.Unknown: "?",
	}
	pingMarks6 = [...]string{
		ping.Reply: "!", ping.Timeout: ".", ping.TooBig: "B", ping.TimeExceeded: "T", ping.ParamProblem: "R", ping.SourceQuench: "?",
		ping.NoRoute: "U", ping.Prohibited: "A", ping.BeyondScope: "N", ping.HostUnreachable: "H", ping.PortUnreachable: "P", ping.Unreachable: "@",
		ping.Unknown: "?",
	}
)

// take shows a result. Its error is w's.
func (t *pingTally) take(r ping.Result) error {
	t.sent++
	if r.Answer == ping.Reply {
		if t.replies == 0 || r.Time < t.least {
			t.least = r.Time
		}
		t.replies, t.all, t.most = t.replies+1, t.all+r.Time, max(t.most, r.Time)
	}
	mark := pingMarks[r.Answer]
	if t.v6 {
		mark = pingMarks6[r.Answer]
	}
	if t.column == pingColumns {
		mark, t.column = "\n"+mark, 0
	}
	t.column++
	_, err := io.WriteString(t.w, mark)
	return err
}

// String is what is printed behind the results.
func (t *pingTally) String() string {
	end := ""
	if t.column > 0 {
		end = "\n"
	}
	percent := 0
	if t.sent > 0 {
		percent = 100 * t.replies / t.sent
	}
	text := fmt.Sprintf("%sSuccess rate is %d percent (%d/%d)", end, percent, t.replies, t.sent)
	if t.replies > 0 {
		ms := func(d time.Duration) int64 { return max(1, d.Round(time.Millisecond).Milliseconds()) }
		text += fmt.Sprintf(", round-trip min/avg/max = %d/%d/%d ms", ms(t.least), ms(t.all/time.Duration(t.replies)), ms(t.most))
	}
	return text + "\n"
}
