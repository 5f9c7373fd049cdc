package seikan

import (
	"context"
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"seikan/esp"
	"seikan/ike"
	"seikan/ike/wire"
	"seikan/sadb"
	"seikan/session"
)

// What `debug` asks for is written a line at a time, at the level for debugging, with a field that tells the log to leave the line as it is.
const fieldDebug = "debug"

// debugRate is how many lines there are in a second. What is more is counted, and told of then.
const debugRate = 200

// debugger writes those lines. Where nothing is debugged control has none. It belongs to control.
type debugger struct {
	what     session.Debug
	log      zerolog.Logger
	db       *sadb.DB
	sessions *session.Tracker

	until time.Time // of the second that is counted
	lines int       // in it
	lost  int       // and not written
}

// Debug has the router tell of something as it happens, instead of what it told of before.
func (r *Router) Debug(ctx context.Context, change func(session.Debug) session.Debug) (now session.Debug, err error) {
	err = r.call(ctx, func(time.Time) {
		if d := r.control.debug; d != nil {
			now = d.what
		}
		now = change(now)
		r.control.setDebug(now)
	})
	return now, err
}

// setDebug puts into force what is to be told of. Conditions alone are kept, too.
func (c *control) setDebug(what session.Debug) {
	c.ike.Trace(nil)
	c.watched.Store(what.IPsec)
	switch {
	case !what.On() && !what.Any():
		c.debug = nil
		return
	case c.debug == nil:
		c.debug = &debugger{log: c.cfg.Log, db: &c.db, sessions: c.tracker}
	}
	c.debug.what = what
	if what.IKEv2 != 0 {
		c.ike.Trace(what.Wants)
	}
}

// next is when there is something to tell of.
func (d *debugger) next() time.Time {
	if d == nil || d.lost == 0 {
		return time.Time{}
	}
	return d.until
}

// tell tells how many lines there were too many, once their second is over.
func (d *debugger) tell(now time.Time) {
	if d == nil || now.Before(d.until) {
		return
	}
	if d.lost > 0 {
		d.log.Debug().Bool(fieldDebug, true).Msg(fmt.Sprintf("DEBUG: %d more lines in the last second not shown", d.lost))
	}
	d.until, d.lines, d.lost = now.Add(time.Second), 0, 0
}

// line writes a line, which is made only where there is room for it and something takes it.
func (d *debugger) line(now time.Time, text func() string) {
	e := d.log.Debug()
	if !e.Enabled() {
		return
	}
	d.tell(now)
	if d.lines == debugRate {
		d.lost++
		return
	}
	d.lines++
	e.Bool(fieldDebug, true).Msg(text())
}

// event writes what is to be told of an event, before it is acted on.
func (d *debugger) event(now time.Time, ev ike.Event) {
	if d == nil {
		return
	}
	if d.what.IKEv2 != 0 {
		d.ikev2(now, ev)
	}
	if d.what.IPsec {
		d.ipsec(now, ev)
	}
}

// wants reports whether an IKE SA fits the conditions.
func (d *debugger) wants(sa ike.SAInfo) bool {
	return d.what.Wants(sa.Path.RemoteHost()) && d.what.WantsInside(d.sessions.Inside(sa))
}

// say writes a line about a part of IKE. Of the SA there need not be more than is known.
func (d *debugger) say(now time.Time, part session.DebugIKE, sa ike.SAInfo, text func() string) {
	if !d.what.IKEv2.Has(part) || sa.Path.Remote.IsValid() && !d.wants(sa) {
		return
	}
	d.line(now, func() string {
		return fmt.Sprintf("%s:(SA ID = %d):%s", debugNames[part], sa.ID, text())
	})
}

var debugNames = map[session.DebugIKE]string{
	session.DebugPackets: "IKEv2-PAK", session.DebugInternal: "IKEv2-INTERNAL", session.DebugErrors: "IKEv2-ERROR",
}

func (d *debugger) ikev2(now time.Time, ev ike.Event) {
	state := func(sa ike.SAInfo, format string, args ...any) {
		d.say(now, session.DebugInternal, sa, func() string {
			return fmt.Sprintf(format, args...) + fmt.Sprintf(" [Local %s/Remote %s]", ending(sa.Path.Local), ending(sa.Path.Remote))
		})
	}
	switch ev := ev.(type) {
	case ike.Traced:
		d.say(now, session.DebugPackets, ike.SAInfo{ID: ev.SA, Path: ev.Path}, func() string { return packetText(ev) })
	case ike.Refused:
		d.say(now, session.DebugErrors, ike.SAInfo{ID: ev.SA, Path: ev.Path}, func() string {
			return fmt.Sprintf("Request of %s refused with %v: %s", ending(ev.Path.Remote), ev.Notify, ev.Detail)
		})
	case ike.Dropped:
		sa := ike.SAInfo{Path: sadb.Path{Remote: ev.From, VRF: ev.VRF}}
		d.say(now, session.DebugErrors, sa, func() string { return fmt.Sprintf("Message of %s not acted on: %v", ending(ev.From), ev.Reason) })
	case ike.Failed:
		d.say(now, session.DebugErrors, ike.SAInfo{ID: ev.SA, Peer: ev.Peer, Path: ev.Path}, func() string {
			return fmt.Sprintf("Negotiation with %s failed: %s", ending(ev.Path.Remote), reasonText(ev.Reason, ev.Detail))
		})
	case ike.SAStart:
		role := "responder"
		if ev.SA.Initiator {
			role = "initiator"
		}
		state(ev.SA, "SA is being set up, %s, SPIi=%v SPIr=%v", role, ev.SA.SPIi, ev.SA.SPIr)
	case ike.SAUp:
		if ev.Replaces != 0 {
			state(ev.SA, "SA up in the place of SA ID %d, SPIi=%v SPIr=%v, %s", ev.Replaces, ev.SA.SPIi, ev.SA.SPIr, ev.SA.Suite)
			return
		}
		state(ev.SA, "SA up, SPIi=%v SPIr=%v, %s, peer is %q", ev.SA.SPIi, ev.SA.SPIr, ev.SA.Suite, ev.SA.RemoteID.String())
	case ike.SAEnding:
		state(ev.SA, "SA is being deleted: %v", ev.Reason)
	case ike.SADown:
		state(ev.SA, "SA down: %s", reasonText(ev.Reason, ev.Detail))
	case ike.PathMoved:
		state(ev.SA, "SA moved from %s", ending(ev.From.Remote))
	}
}

// packetText is a message as the RFC writes it.
func packetText(t ike.Traced) string {
	kind := "request"
	if t.Header.Flags&wire.FlagResponse != 0 {
		kind = "response"
	}
	way := fmt.Sprintf("Received Packet [From %s/To %s]", ending(t.Path.Remote), ending(t.Path.Local))
	if t.Way != ike.Received {
		verb := "Sending"
		if t.Way == ike.Resent {
			verb = "Retransmitting"
		}
		way = fmt.Sprintf("%s Packet [To %s/From %s]", verb, ending(t.Path.Remote), ending(t.Path.Local))
	}
	return fmt.Sprintf("%s %v %s %d, SPIi=%v SPIr=%v, %d octets: HDR, %s", way, t.Header.Exchange, kind, t.Header.MessageID, t.Header.SPIi, t.Header.SPIr, t.Octets, t.Payloads)
}

func reasonText(why ike.Reason, detail string) string {
	if detail == "" {
		return why.String()
	}
	return why.String() + ": " + detail
}

func (d *debugger) ipsec(now time.Time, ev ike.Event) {
	switch ev := ev.(type) {
	case ike.ChildUp:
		verb := "sa created"
		if ev.Replaces != 0 {
			verb = fmt.Sprintf("sa created in the place of 0x%08X", uint32(ev.Replaces))
		}
		d.sa(now, "create_sa", ev.Spec, verb+fmt.Sprintf(", SA ID %d", ev.Spec.IKE))
	case ike.ChildActive:
		d.known(now, "activate_sa", ev.In, "outbound sa in use")
	case ike.ChildRetired:
		d.known(now, "retire_sa", ev.In, "outbound sa out of use")
	case ike.ChildDown:
		d.known(now, "delete_sa", ev.In, fmt.Sprintf("deleting SA: %v", ev.Reason))
	}
}

// dropped writes a line about a packet that was dropped. Lanes tell of one a second for each SA and reason.
func (d *debugger) dropped(now time.Time, n note) {
	if d != nil && d.what.IPsec {
		d.known(now, "drop", n.in, fmt.Sprintf("packet from %v, sequence number %d: %v", n.path.Remote.Addr(), n.seq, n.why))
	}
}

// unknownSPI writes a line about a packet that was dropped because it has no SA.
func (d *debugger) unknownSPI(now time.Time, n note) {
	if d != nil && d.what.IPsec && d.wants(ike.SAInfo{Path: n.path}) {
		d.line(now, func() string {
			return fmt.Sprintf("IPSEC(drop): packet from %v to %v: unknown SPI 0x%08X", n.path.Remote.Addr(), n.path.Local.Addr(), uint32(n.in))
		})
	}
}

// known writes a line about a Child SA that is installed.
func (d *debugger) known(now time.Time, name string, in esp.SPI, what string) {
	if sa := d.db.Lookup(in); sa != nil {
		d.sa(now, name, sa.Child().Spec, what)
	}
}

func (d *debugger) sa(now time.Time, name string, s sadb.ChildSpec, what string) {
	if !d.wants(ike.SAInfo{ID: s.IKE, Path: s.Path}) {
		return
	}
	d.line(now, func() string {
		return fmt.Sprintf("IPSEC(%s): %s, (sa) inbound sa_dest= %v, sa_proto= 50, sa_spi= 0x%08X(%d), outbound sa_dest= %v, sa_proto= 50, sa_spi= 0x%08X(%d), sa_trans= %v",
			name, what, s.Path.Local.Addr(), uint32(s.In.SPI), uint32(s.In.SPI), s.Path.Remote.Addr(), uint32(s.Out.SPI), uint32(s.Out.SPI), s.Out.Suite)
	})
}
