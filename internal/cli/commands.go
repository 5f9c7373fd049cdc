package cli

import (
	"context"
	"net/netip"

	"seikan/session"
)

// node is a keyword of a command, and what may come behind it.
type node struct {
	text, help string
	next       []*node
	options    []*option                                // in any order
	run        func(ctx context.Context, c *call) error // nil: the command is not whole here
	pipe       bool                                     // the output may be filtered
}

// option is a keyword behind a command, with or without an argument, or an argument alone.
type option struct {
	text, help string // the text is "" for an argument alone
	value      *kind  // nil: the keyword is all
	set        func(a *args, value any)
	open       func(a *args) bool // whether it may stand here; nil: once
}

// args is what the options of a command said.
type args struct {
	filter       session.Filter
	detail, json bool
	peer         netip.Addr
	port         *uint16 // what `port` sets: that of the last end; nil: none was named, or its port was
}

// root is all commands.
var root = &node{next: []*node{
	{text: "clear", help: "Reset functions", next: []*node{
		{text: "crypto", help: "Encryption module", next: []*node{
			{text: "session", help: "Delete the IKE and IPsec SAs of crypto sessions", options: sessionFilters, run: clearSession},
		}},
	}},
	{text: "enable", help: "Turn on privileged commands, which they always are", run: silent},
	{text: "exit", help: "Leave the command line", run: leave},
	{text: "logout", help: "Leave the command line", run: leave},
	{text: "quit", help: "Leave the command line", run: leave},
	{text: "rekey", help: "Replace keys before their time", next: []*node{
		{text: "crypto", help: "Encryption module", next: []*node{
			{text: "ikev2", help: "IKE SAs of crypto sessions", options: sessionFilters, run: rekeyIKE},
			{text: "ipsec", help: "IPsec SAs of crypto sessions", options: sessionFilters, run: rekeyIPsec},
		}},
	}},
	{text: "show", help: "Show running system information", next: []*node{
		{text: "crypto", help: "Encryption module", next: []*node{
			{text: "isakmp", help: "IKE", next: []*node{
				{text: "peers", help: "Peers that are described or have IKE SAs", options: peerOptions, run: showPeers, pipe: true},
			}},
			{text: "session", help: "Crypto sessions", options: showSessionOptions, run: showSession, pipe: true},
			{text: "statistics", help: "Drops that belong to no session", run: showStatistics, pipe: true},
		}},
		{text: "running-config", help: "Configuration that the router runs with", run: showRunning, pipe: true},
		{text: "version", help: "Version of the software", run: showVersion, pipe: true},
	}},
	{text: "terminal", help: "Set terminal line parameters", next: []*node{
		{text: "length", help: "Number of lines on the screen", next: []*node{
			{text: "0", help: "Never pause, which is always so", run: silent},
		}},
	}},
}}

// The options of sessions.
var (
	sessionFilters = []*option{
		{text: "fvrf", help: "Sessions with this front-door VRF", value: kindVRF,
			set: func(a *args, v any) { a.filter.FVRF = new(v.(string)) }},
		{text: "interface", help: "Sessions of this interface", value: kindInterface,
			set: func(a *args, v any) { a.filter.Interface = v.(string) }},
		{text: "ivrf", help: "Sessions with this inside VRF", value: kindVRF,
			set: func(a *args, v any) { a.filter.IVRF = new(v.(string)) }},
		{text: "local", help: "Sessions with this local address", value: kindAddress,
			set: func(a *args, v any) { a.filter.Local, a.port = v.(netip.Addr), &a.filter.LocalPort }},
		{text: "port", help: "Port at that address", value: kindPort,
			set:  func(a *args, v any) { *a.port, a.port = v.(uint16), nil },
			open: func(a *args) bool { return a.port != nil }},
		{text: "remote", help: "Sessions with this remote address", value: kindAddress,
			set: func(a *args, v any) { a.filter.Remote, a.port = v.(netip.Addr), &a.filter.RemotePort }},
	}
	showSessionOptions = append([]*option{
		{text: "detail", help: "Counters, lifetimes and identities as well", set: func(a *args, _ any) { a.detail = true }},
		asJSON,
	}, sessionFilters...)
	peerOptions = []*option{
		asJSON,
		{value: kindAddress, set: func(a *args, v any) { a.peer = v.(netip.Addr) }},
	}
	asJSON = &option{text: "json", help: "All that is known, for programs", set: func(a *args, _ any) { a.json = true }}
)

// modifiers is what may follow a pipe. Behind each stands a regular expression.
var modifiers = []modifier{
	{"begin", "Begin with the first line that matches", begin},
	{"count", "Count the lines that match", count},
	{"exclude", "Exclude lines that match", exclude},
	{"include", "Include lines that match", include},
	{"section", "Include lines that match, and those below them", section},
}

// expression is how help shows what a modifier needs.
var expression = row{"LINE", "Regular expression"}
