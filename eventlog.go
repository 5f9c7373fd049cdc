package seikan

import (
	"fmt"
	"time"

	"github.com/rs/zerolog"

	"seikan/ike"
	"seikan/session"
)

// logEvent writes the line of an event, if it is worth one.
func logEvent(l zerolog.Logger, ev ike.Event) {
	switch ev := ev.(type) {
	case ike.SAStart:
		logSA(l.Debug(), ev.SA).Msg("IKE SA is being set up")
	case ike.SAUp:
		e := logSA(l.Info(), ev.SA).Str("id", ev.SA.RemoteID.String()).Str("suite", ev.SA.Suite)
		if ev.Replaces != 0 {
			e.Uint32("replaces", uint32(ev.Replaces))
		}
		e.Msg("IKE SA up")
	case ike.SAEnding:
		logReason(logSA(l.Debug(), ev.SA), ev.Reason, "").Msg("IKE SA is being deleted")
	case ike.SADown:
		logReason(logSA(l.Info(), ev.SA), ev.Reason, ev.Detail).Msg("IKE SA down")
	case ike.ChildUp:
		logChildUp(l.Info(), ev)
	case ike.ChildActive:
		l.Debug().Stringer("spi", ev.In).Msg("child SA in use")
	case ike.ChildRetired:
		l.Debug().Stringer("spi", ev.In).Msg("child SA retired")
	case ike.ChildDown:
		l.Info().Stringer("spi", ev.In).Uint32("ike", uint32(ev.IKE)).Stringer("reason", ev.Reason).Msg("child SA down")
	case ike.PathMoved:
		logSA(l.Info(), ev.SA).Stringer("from", ev.From.Remote).Msg("IKE SA moved to another path")
	case ike.Failed:
		logFailed(l, ev)
	case ike.Dropped:
		l.Debug().Stringer("peer", ev.From).Stringer("reason", ev.Reason).Msg("IKE message dropped")
	}
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

// logFailed says why an attempt came to nothing. An attempt that was not made because the last one failed a moment ago is
// worth no warning, nor is one that ends with the router.
func logFailed(l zerolog.Logger, ev ike.Failed) {
	e := l.Warn()
	if ev.Repeat || ev.Reason == ike.ReasonShutdown {
		e = l.Debug()
	}
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
	logReason(e, ev.Reason, ev.Detail).Msg("negotiation failed")
}

// logTransition writes the line that operators look for, word for word, with what it does not say in fields.
func logTransition(l zerolog.Logger, tr session.Transition) {
	e := l.Info()
	if tr.Interface != "" {
		e = e.Str("interface", tr.Interface)
	}
	if !tr.Up {
		e = logReason(e, tr.Reason, tr.Detail).Stringer("uptime", tr.Duration.Round(time.Millisecond))
	}
	e.Msg(tr.Message())
}

// logUnknownSPI writes the line that operators look for when the two ends disagree on which SAs there are.
func logUnknownSPI(l zerolog.Logger, n note) {
	l.Warn().Msg(fmt.Sprintf("%%CRYPTO-4-RECVD_PKT_INV_SPI: decaps: rec'd IPSEC packet has invalid spi for destaddr=%v, prot=50, spi=0x%08X(%d), srcaddr=%v",
		n.path.Local.Addr(), uint32(n.in), uint32(n.in), n.path.Remote.Addr()))
}
