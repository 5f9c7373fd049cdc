package metrics

import (
	"strings"

	"seikan"
	"seikan/session"
)

// session is one configured session with its flows.
func (w *writer) session(s *session.Session, c seikan.IKECounts) {
	up, of := s.Status.Up(), of(sessionUp, s.Interface, s.Name)
	w.put(sessionInfo, 1, s.Interface, s.Name, s.Local.String(), s.Peer.String(), s.FVRF, s.IVRF, s.Description, s.Phase1ID)
	w.share(sessionConfigured, 1, of)
	w.share(sessionUp, truth(up), of)
	w.share(sessionStatus, 1, of.and("status", s.Status.String()))
	w.share(sessionUptime, float64(s.UptimeSeconds), of)
	if !s.Since.IsZero() {
		w.share(sessionChanged, seconds(s.Since), of)
	}
	if s.LastReason != "" {
		w.share(sessionCause, seconds(s.LastTime), of.and("reason", s.LastReason))
	}
	active := 0
	for _, sa := range s.IKE {
		if sa.Active {
			active++
		}
	}
	w.share(sessionIKESAs, float64(active), of.and("state", "active"))
	w.share(sessionIKESAs, float64(len(s.IKE)-active), of.and("state", "inactive"))
	if active > 0 {
		w.share(sessionIKELifetime, float64(s.IKE[0].SecondsLeft), of) // the Active ones come first, the newest before the others
	}
	w.share(sessionEstablished, float64(c.Established), of)
	w.share(sessionRekeys, float64(c.Rekeys), of.and("kind", "ike"))
	w.share(sessionRekeys, float64(c.ChildRekeys), of.and("kind", "ipsec"))
	w.reasons(sessionFailures, c.Failures, of)
	w.reasons(sessionRefusals, c.Refusals, of)
	for i := range s.Flows {
		w.flow(&s.Flows[i], of)
	}
}

func (w *writer) flow(f *session.Flow, of pairs) {
	of = of.and("flow", string(f.Policy))
	up := f.ActiveSAs > 0
	w.share(flowInfo, 1, of.and("permit", strings.Join(f.Permit, "; ")))
	w.share(flowConfigured, 1, of)
	w.share(flowUp, truth(up), of)
	w.share(flowSAs, float64(f.ActiveSAs), of)
	w.direction(&f.In, up, of.and("direction", "in"))
	w.direction(&f.Out, up, of.and("direction", "out"))
}

func (w *writer) direction(d *session.Direction, up bool, of pairs) {
	w.share(flowPackets, float64(d.Packets), of)
	w.share(flowBytes, float64(d.Bytes), of)
	for _, drop := range d.Drops {
		w.share(flowDrops, float64(drop.Count), of.and("reason", drop.Reason))
	}
	if up {
		w.share(flowSeconds, float64(d.SecondsLeft), of)
	}
	if up && !d.NoVolumeLimit {
		w.share(flowVolume, float64(d.KilobytesLeft)*1024, of)
	}
	if !d.LastUse.IsZero() {
		w.share(flowLast, seconds(d.LastUse), of)
	}
}
