package cli

import (
	"context"
	"time"

	"seikan/internal/fault"
	"seikan/internal/logging"
	"seikan/internal/ping"
	"seikan/session"
)

// Backend is the running router, as commands see it. Its methods are called by several goroutines at once.
type Backend interface {
	// Sessions gives take the sessions that f chooses, some at a time, until it returns an error. The slice is take's for the call.
	Sessions(ctx context.Context, f session.Filter, p session.Parts, take func([]session.Session) error) error
	// ClearSAs deletes, or zeroes, what q asks for, and returns how much that was.
	ClearSAs(ctx context.Context, q session.ClearRequest) (int, error)
	// RekeyIKE and RekeyIPsec replace the IKE SAs, or the IPsec SAs, of the sessions that f chooses, and return how many those are.
	RekeyIKE(ctx context.Context, f session.Filter) (int, error)
	RekeyIPsec(ctx context.Context, f session.Filter) (int, error)
	// HasVRF reports whether the configuration has a VRF of that name.
	HasVRF(ctx context.Context, name string) (bool, error)
	// Drops is what was dropped and belongs to no session. It belongs to the caller.
	Drops(ctx context.Context) ([]Drop, error)
	// IKEStats is how negotiations went since the router started, or since ClearIKEStats. It belongs to the caller.
	IKEStats(ctx context.Context) (session.IKEStats, error)
	ClearIKEStats(ctx context.Context) error
	// Tables is what is listed beside sessions. It belongs to the caller.
	Tables(ctx context.Context) (session.Tables, error)
	// AccessLists is the access lists with what matched them. It belongs to the caller.
	AccessLists(ctx context.Context) ([]session.AccessList, error)
	// ClearAccessLists has those that choose is true of count from 0 again, and returns how many they are.
	ClearAccessLists(ctx context.Context, choose func(*session.AccessList) bool) (int, error)
	// Debug changes what is told of as it happens, and returns what that is then.
	Debug(ctx context.Context, change func(session.Debug) session.Debug) (session.Debug, error)
}

// Drop counts what was dropped for one reason.
type Drop struct {
	Of     DropKind
	Reason string
	Count  uint64
}

// DropKind is a sort of things that are dropped.
type DropKind uint8

// Kinds of drops, in the order in which they are shown.
const (
	DroppedPackets DropKind = iota // packets that no SA or policy is charged with
	DroppedIKE                     // IKE messages that were not acted on

	numDropKinds = iota
)

// Info is what commands show that does not change while the router runs. The zero value is ready.
type Info struct {
	Hostname      string                // in the prompt; default "seikan"
	Version       string                // text of `show version`
	RunningConfig func() string         // text of `show running-config`, without secrets
	Format        func() session.Format // of listings, where neither the terminal nor the command says; nil: classic
	Log           *logging.Log          // nil: there is none
	Config        Configurator          // nil: it cannot be changed
	Lines         *Lines                // terminals; nil: none has a line

	// SSH and Monitoring are where others than peers come in. Nil: nowhere.
	SSH        func() SSH
	Monitoring func() Access
	// Clock is the time, and whether something keeps it right. Nil: that of the system.
	Clock func() (now time.Time, right bool)

	// Fault takes a panic that was caught, to be logged. It is called by several goroutines. Nil: no call.
	Fault func(fault.Fault)

	// Ping asks a host whether it is there, as ping.Run does. Nil: it cannot.
	Ping func(context.Context, ping.Request, func(ping.Result) error) error
}

func (i Info) format() session.Format {
	if i.Format == nil {
		return session.Classic
	}
	return i.Format()
}

const defaultHostname = "seikan"
