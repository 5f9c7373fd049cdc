package seikan

import (
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

// eventLog writes what happens to the log. Messages that a classic router has are worded as it words them, %MNEMONIC and all;
// what they leave out is in fields. It belongs to control.
type eventLog struct {
	log      zerolog.Logger
	ikeSAs   bool // SAs that come and go are news, not details
	limit    logLimit
	failures [256]uint64 // by reason
}

// news is the level of what only `crypto logging ikev2` asks for.
func (l *eventLog) news() *zerolog.Event {
	if l.ikeSAs {
		return l.log.Info()
	}
	return l.log.Debug()
}

// event writes the line of an event, if it is worth one.
func (l *eventLog) event(now time.Time, ev ike.Event) {
	switch ev := ev.(type) {
	case ike.SAStart:
		l.saStart(now, ev.SA)
	case ike.SAUp:
		l.saUp(ev)
	case ike.SAEnding:
		l.saEnding(ev)
	case ike.SADown:
		l.saDown(ev)
	case ike.ChildUp:
		logChildUp(l.news(), ev)
	case ike.ChildActive:
		l.log.Debug().Stringer("spi", ev.In).Msg("child SA in use")
	case ike.ChildRetired:
		l.log.Debug().Stringer("spi", ev.In).Msg("child SA retired")
	case ike.ChildDown:
		l.news().Stringer("spi", ev.In).Uint32("ike", uint32(ev.IKE)).Stringer("reason", ev.Reason).Msg("child SA down")
	case ike.PathMoved:
		logSA(l.log.Info(), ev.SA).Stringer("from", ev.From.Remote).Msg("IKE SA moved to another path")
	case ike.Failed:
		l.failed(now, ev)
	case ike.Dropped:
		l.dropped(now, ev)
	}
}

// saStart tells of an IKE SA that is being set up. Anybody can begin one with us.
func (l *eventLog) saStart(now time.Time, sa ike.SAInfo) {
	switch {
	case !l.ikeSAs:
		logSA(l.log.Debug(), sa).Msg("IKE SA is being set up")
	case sa.Initiator:
		logSA(l.log.Info(), sa).Msg(initiateTunnel(sa))
	case l.limit.allow(now, limitKey{mnemonic: recvRequest, from: sa.Path.Remote.Addr()}):
		logSA(l.log.Info(), sa).Msg(connectionRequest(sa))
	}
}

func (l *eventLog) saUp(ev ike.SAUp) {
	e := logSA(l.news(), ev.SA).Str("id", ev.SA.RemoteID.String()).Str("suite", ev.SA.Suite)
	switch {
	case ev.Replaces != 0: // a rekey is no news of a classic router
		e.Uint32("replaces", uint32(ev.Replaces)).Msg("IKE SA up")
	case l.ikeSAs:
		e.Msg(ikeUp(ev.SA))
	default:
		e.Msg("IKE SA up")
	}
}

func (l *eventLog) saEnding(ev ike.SAEnding) {
	if ev.Reason == ike.ReasonOperator {
		logReason(logSA(l.log.Info(), ev.SA), ev.Reason, "").Msg(manualDelete(ev.SA))
		return
	}
	logReason(logSA(l.log.Debug(), ev.SA), ev.Reason, "").Msg("IKE SA is being deleted")
}

func (l *eventLog) saDown(ev ike.SADown) {
	e := logReason(logSA(l.news(), ev.SA), ev.Reason, ev.Detail)
	if l.ikeSAs && !ev.SA.Created.IsZero() && ev.Reason != ike.ReasonRekeyed {
		e.Msg(ikeDown(ev.SA, ev.Reason))
		return
	}
	e.Msg("IKE SA down")
}

// logSA adds what names an IKE SA.
func logSA(e *zerolog.Event, sa ike.SAInfo) *zerolog.Event {
	if sa.Peer != "" {
		e = e.Str("peer", sa.Peer)
	}
	return e.Uint32("ike", uint32(sa.ID)).Stringer("local", sa.Path.Local).Stringer("remote", sa.Path.Remote)
}

func logReason(e *zerolog.Event, r ike.Reason, detail string) *zerolog.Event {
	e = e.Stringer("reason", r)
	if detail != "" {
		e = e.Str("detail", detail)
	}
	return e
}

func logChildUp(e *zerolog.Event, ev ike.ChildUp) {
	s := ev.Spec
	e = e.Stringer("spi", s.In.SPI).Stringer("spi_out", s.Out.SPI).Uint32("ike", uint32(s.IKE)).Stringer("suite", s.Out.Suite)
	if len(s.Policies) > 0 {
		e = e.Str("policy", string(s.Policies[0]))
	}
	if ev.Replaces != 0 {
		e = e.Stringer("replaces", ev.Replaces)
	}
	e.Msg("child SA up")
}

// failed says why an attempt came to nothing: once in the words that operators look for, and once with its ends. An attempt
// that was not made because the last one failed a moment ago is worth no error, nor is one that ends with the router or its SA.
func (l *eventLog) failed(now time.Time, ev ike.Failed) {
	switch {
	case ev.Repeat || ev.Reason == ike.ReasonShutdown:
		logFailed(l.log.Debug(), ev).Msg("negotiation failed")
		return
	case ended[ev.Reason]:
		logFailed(l.log.Info(), ev).Msg("negotiation failed")
		return
	}
	l.failures[ev.Reason]++
	theirs := len(ev.Policies) == 0 // how often we try is our affair, how often others do is theirs
	if theirs && !l.limit.allow(now, limitKey{mnemonic: negAbort, from: ev.Path.Remote.Addr(), reason: uint8(ev.Reason)}) {
		return
	}
	logFailed(l.log.Error(), ev).Msg(negotiationAborted(ev.Reason))
	logFailed(l.log.Info(), ev).Msg(setupFailed(ev, l.failures[ev.Reason]))
}

func logFailed(e *zerolog.Event, ev ike.Failed) *zerolog.Event {
	e = e.Str("peer", ev.Peer)
	if ev.SA != 0 {
		e = e.Uint32("ike", uint32(ev.SA))
	}
	if ev.Path.Remote.IsValid() {
		e = e.Stringer("remote", ev.Path.Remote)
	}
	if len(ev.Policies) > 0 {
		e = e.Str("policy", string(ev.Policies[0]))
	}
	return logReason(e, ev.Reason, ev.Detail)
}

// dropped tells of a message that was not acted on. Anybody can send one.
func (l *eventLog) dropped(now time.Time, ev ike.Dropped) {
	d, known := drops[ev.Reason]
	if !known {
		l.log.Debug().Stringer("peer", ev.From).Stringer("reason", ev.Reason).Msg("IKE message dropped")
		return
	}
	if !l.limit.allow(now, limitKey{mnemonic: d.mnemonic, from: ev.From.Addr(), reason: uint8(ev.Reason)}) {
		return
	}
	l.log.WithLevel(d.level).Stringer("peer", ev.From).Stringer("reason", ev.Reason).Msg(d.message(ev.From.Addr()))
}

// transition writes the lines that are asked for about a session that went up or down.
func (l *eventLog) transition(tr session.Transition, cfg *session.Config) {
	if cfg.Logging {
		l.status(tr)
	}
	if cfg.LogGroups.Has(tr.Group) {
		l.on(tr).Msg(tr.GroupMessage())
	}
}

// on is a message about a session, with its interface.
func (l *eventLog) on(tr session.Transition) *zerolog.Event {
	e := l.log.Info()
	if tr.Interface != "" {
		e = e.Str("interface", tr.Interface)
	}
	return e
}

// status writes the line that operators look for, word for word, with what it does not say in fields; and why a session
// went down in a line of its own.
func (l *eventLog) status(tr session.Transition) {
	e := l.on(tr)
	if tr.Up {
		e.Msg(tr.Message())
		return
	}
	lasted := tr.Duration.Round(time.Millisecond)
	logReason(e, tr.Reason, tr.Detail).Stringer("uptime", lasted).Msg(tr.Message())
	logReason(l.log.Info(), tr.Reason, tr.Detail).Stringer("uptime", lasted).Msg(sessionReason(tr))
}

// unknownSPI writes the line that operators look for when the two ends disagree on which SAs there are. Each lane says so once a
// minute, and how many it did not tell of since. "" for the interface: it is not known.
func (l *eventLog) unknownSPI(n note, on string) {
	if n.count > 0 {
		l.log.Warn().Uint64("count", n.count).Str("mnemonic", invalidSPI).
			Msg(fmt.Sprintf("%%%s: %d more packets of unknown SPIs since the last message not logged: %s", notLogged, n.count, invalidSPI))
	}
	text := fmt.Sprintf("%%%s: decaps: rec'd IPSEC packet has invalid spi for destaddr=%v, prot=50, spi=0x%08X(%d), srcaddr=%v",
		invalidSPI, n.path.Local.Addr(), uint32(n.in), uint32(n.in), n.path.Remote.Addr())
	if on != "" {
		text += ", input interface=" + on
	}
	l.log.Warn().Stringer("peer", n.path.Remote).Msg(text)
}

// packetDropped writes a line about a packet that was dropped on an SA, once a minute for each message, and how many more of them there were then.
func (l *eventLog) packetDropped(now time.Time, n note, in *sadb.Inbound, id uint32) {
	mnemonic, text := packetDrop(n, id)
	if mnemonic == "" {
		return
	}
	q := quiet{counter: &in.Counters.Drops[n.why], said: n.count}
	if l.limit.allowOf(now, limitKey{mnemonic: mnemonic, reason: uint8(n.why), spi: n.in}, q) {
		l.log.Warn().Stringer("peer", n.path.Remote).Stringer("spi", n.in).Uint64("seq", n.seq).Stringer("reason", n.why).Msg(text)
	}
}

// trouble tells of a panic that was caught, each place once a minute.
func (l *eventLog) trouble(now time.Time, t trouble) {
	if !l.limit.allow(now, limitKey{mnemonic: internalErr, place: t.At}) {
		return
	}
	e := l.log.Error().Str("stack", t.Stack())
	text := fmt.Sprintf("%%%s: %s: %v", internalErr, t.during, t.Fault)
	if t.path.Remote.IsValid() {
		e, text = e.Stringer("peer", t.path.Remote), text+", at a message from "+t.path.Remote.String()
	}
	e.Msg(text)
}

// lineProtocol tells that a tunnel interface goes up or down.
func (l *eventLog) lineProtocol(name string, up bool) {
	state := "down"
	if up {
		state = "up"
	}
	l.log.Info().Str("interface", name).Bool("up", up).Msgf("%%%s: Line protocol on Interface %s, changed state to %s", lineProtocol, name, state)
}
