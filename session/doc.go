// Package session folds the events of IKE and the counters of the SAs into crypto sessions, and renders them as an
// operator sees them: `show crypto session`, `show crypto isakmp peer` and the messages that tell of a session going
// up or down.
//
// A crypto session is everything between this router and one peer: its IKE SAs, as a rule one, and the Child SAs that
// serve its flows. Every configured session is listed whether anything of it is up or not; a session that no
// configuration names is listed while it has an SA.
//
// The Tracker is fed with events and asked for Snapshots. A Snapshot is a deep copy that belongs to its receiver, and
// every text is a pure function of one. Nothing here reads a clock, logs, or starts a goroutine.
package session
