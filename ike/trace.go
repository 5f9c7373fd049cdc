package ike

import (
	"seikan/ike/wire"
	"seikan/sadb"
)

// Way is which way a message goes.
type Way uint8

// Ways.
const (
	Received Way = iota
	Sent
	Resent
)

// Traced: a message came in, authenticated where it must be, or goes out. Given only for the peers that Trace chose.
type Traced struct {
	SA       sadb.IKEID // 0: of none that is here
	Path     sadb.Path
	Way      Way
	Header   wire.Header
	Payloads string // in the notation of the RFC, of bounded length; nothing in it is secret
	Octets   int    // of the message, in all its fragments
}

// Refused: a request of the peer is answered with an error. Given only for the peers that Trace chose.
type Refused struct {
	SA     sadb.IKEID // 0: of none that is here
	Path   sadb.Path
	Notify wire.NotifyType
	Detail string // in plain words; never a secret
}

func (Traced) event()  {}
func (Refused) event() {}

// maxTraced is the octets of a message in the notation: more is in no line of the log, and peers choose how much there is.
const maxTraced = 1200

// Trace has the Endpoint tell of the messages of those peers that want chooses, from now on. Nil: of none, as at first, which costs nothing.
func (e *Endpoint) Trace(want func(peer sadb.Host) bool) { e.traces = want }

// traced reports whether a peer's messages are wanted.
func (e *Endpoint) traced(p sadb.Path) bool { return e.traces != nil && e.traces(p.RemoteHost()) }

// traceClear tells of a message as everybody can read it.
func (e *Endpoint) traceClear(way Way, id sadb.IKEID, d Datagram, octets int, out *Output) {
	if !e.traced(d.Path) {
		return
	}
	m, err := wire.Parse(d.Data)
	if err != nil {
		return // of a message that came, a drop tells
	}
	text := shortened(wire.Notation(m.Payloads, m.Flags&wire.FlagResponse != 0), maxTraced)
	out.Events = append(out.Events, Traced{SA: id, Path: d.Path, Way: way, Header: m.Header, Payloads: text, Octets: octets})
}

// traceSealed tells of a message that was opened, or sealed, by the SA's keys.
func (s *sa) traceSealed(way Way, path sadb.Path, h wire.Header, ps []wire.Payload, octets int, out *Output) {
	if s.e.traced(path) {
		text := "SK {" + shortened(wire.Notation(ps, h.Flags&wire.FlagResponse != 0), maxTraced) + "}"
		out.Events = append(out.Events, Traced{SA: s.id, Path: path, Way: way, Header: h, Payloads: text, Octets: octets})
	}
}

// traceRefusal tells why a request is answered with an error.
func (e *Endpoint) traceRefusal(id sadb.IKEID, path sadb.Path, bad *NotifyError, out *Output) {
	if e.traced(path) {
		detail := ""
		if bad.Err != nil {
			detail = plain(bad.Err.Error())
		}
		out.Events = append(out.Events, Refused{SA: id, Path: path, Notify: bad.Type, Detail: detail})
	}
}

// sent sends a message in the clear that is of no SA, or of one that is only half open.
func (e *Endpoint) sent(id sadb.IKEID, way Way, d Datagram, out *Output) {
	e.traceClear(way, id, d, len(d.Data), out)
	out.Datagrams = append(out.Datagrams, d)
}

func (m message) octets() (n int) {
	for _, data := range m {
		n += len(data)
	}
	return n
}
