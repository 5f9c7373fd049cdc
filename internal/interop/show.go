package interop

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// Session is one block of `show crypto session detail`, word for word.
type Session struct {
	Interface   string
	Status      string // UP-ACTIVE, DOWN, ...
	Peer        string
	Port        int
	FVRF, IVRF  string
	Description string
	Phase1ID    string
	IKE         []IKESA
	Flows       []Flow
}

// IKESA is an IKE SA of a Session.
type IKESA struct {
	Local, Remote string // address/port
	State         string // Active, Inactive
	Capabilities  string
	ConnID        int
	Lifetime      string // HH:MM:SS
}

// Flow is an IPSEC FLOW of a Session.
type Flow struct {
	Permit    []string // the access list's lines
	ActiveSAs int
	Origin    string
	In, Out   Counter
}

// Counter is one direction of a Flow.
type Counter struct {
	Packets, Dropped uint64
	Kilobytes        uint64 // left
	Seconds          uint64 // left
}

// The lines of `show crypto session detail`, each in full.
var (
	interfaceLine = regexp.MustCompile(`^Interface: (\S+)$`)
	statusLine    = regexp.MustCompile(`^Session status: (UP-ACTIVE|UP-IDLE|UP-NO-IKE|DOWN|DOWN-NEGOTIATING)$`)
	peerLine      = regexp.MustCompile(`^Peer: ([0-9A-F.:]+) port (\d+) fvrf: (\S+) ivrf: (\S+)$`)
	descLine      = regexp.MustCompile(`^      Desc: (.*\S)$`)
	phase1Line    = regexp.MustCompile(`^      Phase1_id: (.*\S)$`)
	ikeLine       = regexp.MustCompile(`^  IKE SA: local (\S+) remote (\S+) (Active|Inactive)$`)
	ike6Line      = regexp.MustCompile(`^  IKE SA: local (\S+)$`)
	ike6EndLine   = regexp.MustCompile(`^          remote (\S+) (Active|Inactive)$`)
	capLine       = regexp.MustCompile(`^          Capabilities:(\(none\)|[A-Z]+) connid:(\d+) lifetime:(0|\d\d+:[0-5]\d:[0-5]\d)$`)
	flowLine      = regexp.MustCompile(`^  IPSEC FLOW: (permit \S+ .*\S)$`)
	activeLine    = regexp.MustCompile(`^        Active SAs: (\d+), origin: (.*\S)$`)
	inLine        = regexp.MustCompile(`^        Inbound:  #pkts dec'ed (\d+) drop (\d+) life \(KB/Sec\) (\d+)/(\d+)$`)
	outLine       = regexp.MustCompile(`^        Outbound: #pkts enc'ed (\d+) drop (\d+) life \(KB/Sec\) (\d+)/(\d+)$`)
)

// showParser reads the listing line by line.
type showParser struct {
	lines []string
	at    int
}

// ParseSessions reads what `show crypto session detail` prints. Whatever is not exactly as documented is an error, a blank too many as
// well as a line out of order.
func ParseSessions(text string) ([]Session, error) {
	p := &showParser{lines: strings.Split(strings.TrimSuffix(text, "\n"), "\n")}
	if text == "" {
		return nil, nil
	}
	var sessions []Session
	for {
		s, err := p.session()
		if err != nil {
			return nil, err
		}
		sessions = append(sessions, s)
		if p.at == len(p.lines) {
			return sessions, nil
		}
		if p.lines[p.at] != "" {
			return nil, fmt.Errorf("interop: line %d: %q between two sessions", p.at+1, p.lines[p.at])
		}
		p.at++
	}
}

// take gives the parts of the next line, nil when it is another one.
func (p *showParser) take(re *regexp.Regexp) []string {
	if p.at == len(p.lines) {
		return nil
	}
	m := re.FindStringSubmatch(p.lines[p.at])
	if m != nil {
		p.at++
	}
	return m
}

// must is take where no other line is possible.
func (p *showParser) must(re *regexp.Regexp, err *error) []string {
	m := p.take(re)
	if m == nil {
		if *err == nil {
			line := "the end"
			if p.at < len(p.lines) {
				line = strconv.Quote(p.lines[p.at])
			}
			*err = fmt.Errorf("interop: line %d: got %s, want %s", p.at+1, line, re)
		}
		return make([]string, re.NumSubexp()+1)
	}
	return m
}

func (p *showParser) session() (s Session, err error) {
	s.Interface = p.must(interfaceLine, &err)[1]
	s.Status = p.must(statusLine, &err)[1]
	m := p.must(peerLine, &err)
	s.Peer, s.Port, s.FVRF, s.IVRF = m[1], number[int](m[2]), m[3], m[4]
	s.Description = p.must(descLine, &err)[1]
	s.Phase1ID = p.must(phase1Line, &err)[1]
	for err == nil {
		sa, ok := p.ike(&err)
		if !ok {
			break
		}
		s.IKE = append(s.IKE, sa)
	}
	for err == nil {
		m := p.take(flowLine)
		if m == nil {
			break
		}
		s.Flows = append(s.Flows, p.flow(m[1], &err))
	}
	if err == nil && len(s.Flows) == 0 {
		err = fmt.Errorf("interop: line %d: a session without a flow", p.at+1)
	}
	return s, err
}

// ike reads an IKE SA, if there is one. The ends of IPv6 stand on two lines.
func (p *showParser) ike(err *error) (sa IKESA, ok bool) {
	if m := p.take(ikeLine); m != nil {
		sa.Local, sa.Remote, sa.State = m[1], m[2], m[3]
	} else if m := p.take(ike6Line); m != nil {
		sa.Local = m[1]
		m = p.must(ike6EndLine, err)
		sa.Remote, sa.State = m[1], m[2]
	} else {
		return sa, false
	}
	m := p.must(capLine, err)
	sa.Capabilities, sa.ConnID, sa.Lifetime = m[1], number[int](m[2]), m[3]
	return sa, true
}

func (p *showParser) flow(permit string, err *error) Flow {
	f := Flow{Permit: []string{permit}}
	for m := p.take(flowLine); m != nil; m = p.take(flowLine) {
		f.Permit = append(f.Permit, m[1])
	}
	m := p.must(activeLine, err)
	f.ActiveSAs, f.Origin = number[int](m[1]), m[2]
	f.In = counter(p.must(inLine, err))
	f.Out = counter(p.must(outLine, err))
	return f
}

func counter(m []string) Counter {
	return Counter{number[uint64](m[1]), number[uint64](m[2]), number[uint64](m[3]), number[uint64](m[4])}
}

// number is the value of digits, which a pattern has let through.
func number[T int | uint64](s string) T {
	n, _ := strconv.ParseUint(s, 10, 64)
	return T(n)
}
