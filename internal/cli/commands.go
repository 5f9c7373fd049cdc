package cli

import (
	"context"
	"net/netip"
	"time"

	"seikan/session"
)

// action runs a command.
type action func(ctx context.Context, c *call) error

// node is a keyword of a command, and what may come behind it.
type node struct {
	text, help string
	next       []*node
	options    []*option // in any order
	run        action    // nil: the command is not whole here
	pipe       bool      // the output may be filtered
	privileged bool      // only behind `enable`

	live bool          // the output is shown as it is made
	time time.Duration // that it may take; 0: commandTime
}

// option is a keyword behind a command, with or without an argument, or an argument alone.
type option struct {
	text, help string // the text is "" for an argument alone
	value      *kind  // nil: the keyword is all, or next comes
	set        func(a *args, value any)
	open       func(a *args) bool // whether it may stand here; nil: once
	next       []*option          // one of which must come right behind it
	privileged bool               // only behind `enable`
}

// args is what the options of a command said.
type args struct {
	filter   session.Filter
	view     session.View
	json     bool
	count    bool
	counters bool
	ikev2    bool
	chosen   bool // one of the listings that exclude each other
	peer     netip.Addr
	entry    netip.Addr // destination of an IPsec SA
	spi      uint32     // its SPI
	file     string     // of a configuration
	revert   time.Duration
	name     string // of something that is configured
	length   *int   // lines of a screen
	width    *int   // columns of it
	line     *int   // of a terminal, as User.Line
	ping     pingArgs
	port     *uint16 // what `port` sets: that of the last end; nil: none was named, or its port was
}

// root is all commands.
var root = &node{next: []*node{
	{text: "clear", help: "Reset functions", privileged: true, next: []*node{
		clearAccessList,
		{text: "crypto", help: "Encryption module", next: clearCrypto},
		clearIP,
		clearIPv6,
		clearLine,
		clearLogging,
	}},
	configureNode,
	copyNode,
	debugNode,
	{text: "disable", help: "Turn off privileged commands", privileged: true, run: lower},
	{text: "enable", help: "Turn on privileged commands", run: raise},
	{text: "exit", help: "Leave the command line", run: leave},
	{text: "logout", help: "Leave the command line", run: leave},
	noNode,
	pingNode,
	{text: "quit", help: "Leave the command line", run: leave},
	{text: "rekey", help: "Replace keys before their time", privileged: true, next: []*node{
		{text: "crypto", help: "Encryption module", next: []*node{
			{text: "ikev2", help: "IKE SAs of crypto sessions", options: sessionFilters, run: rekeyIKE},
			{text: "ipsec", help: "IPsec SAs of crypto sessions", options: sessionFilters, run: rekeyIPsec},
		}},
	}},
	{text: "show", help: "Show running system information", next: []*node{
		{text: "access-lists", help: "Access lists, and how many packets each line has permitted", options: named(kindList), run: showLists(true, true), pipe: true},
		showClock,
		{text: "crypto", help: "Encryption module", next: showCrypto},
		showDebugging,
		showHistory,
		{text: "interfaces", help: "Interfaces of the sessions, and the one of inner packets", options: interfaceOptions, run: showInterfaces, pipe: true},
		{text: "ip", help: "IPv4", next: []*node{
			{text: "access-lists", help: "Access lists of IPv4", options: named(kindList), run: showLists(true, false), pipe: true},
			showAddresses(false),
			{text: "route", help: "Routes into the tunnels", options: routeOptions, run: showRoutes(false), pipe: true},
			showSSH,
			showVRF,
		}},
		{text: "ipv6", help: "IPv6", next: []*node{
			{text: "access-list", help: "Access lists of IPv6", options: named(kindList), run: showLists(false, true), pipe: true},
			showAddresses(true),
			{text: "route", help: "Routes into the tunnels", options: routeOptions, run: showRoutes(true), pipe: true},
		}},
		showLogging,
		showMonitoring,
		showPrivilege,
		{text: "running-config", help: "Configuration that the router runs with", privileged: true, options: runningOptions, run: showRunning, pipe: true},
		showStartup,
		{text: "tech-support", help: "All that helps to find a fault, without keys", privileged: true, run: showTech, pipe: true},
		showUsers,
		showVRF,
		{text: "version", help: "Version of the software", options: onlyJSON, run: showVersion, pipe: true},
	}},
	{text: "terminal", help: "Set terminal line parameters", next: []*node{
		{text: "crypto-format", help: "Style of the listings of sessions", next: []*node{
			{text: "classic", help: formatHelp[0], run: useFormat(session.Classic)},
			{text: "xe", help: formatHelp[1], run: useFormat(session.XE)},
		}},
		{text: "length", help: "Number of lines on the screen", options: []*option{
			{value: kindLength, set: func(a *args, v any) { a.length = new(int(v.(uint32))) }},
		}, run: setScreen},
		terminalMonitor,
		terminalNo,
		{text: "width", help: "Number of columns of the screen", options: []*option{
			{value: kindWidth, set: func(a *args, v any) { a.width = new(v.(int)) }},
		}, run: setScreen},
	}},
	undebugNode,
	{text: "who", help: "Operators who are here, and from where", options: onlyJSON, run: doShowUsers, pipe: true},
	writeNode,
}}

// showCrypto is what follows `show crypto`.
var showCrypto = []*node{
	showCondition,
	{text: "engine", help: "Encryption engine", next: []*node{
		{text: "connections", help: "SAs that the engine works for", next: []*node{
			{text: "active", help: "All SAs and what they carried", options: onlyJSON, run: showing(session.ShowEngine), pipe: true},
		}},
	}},
	{text: "ikev2", help: "IKEv2", next: []*node{
		{text: "count", help: "How many IKE SAs there are, and were", options: onlyJSON, run: showIKECount, pipe: true},
		{text: "diagnose", help: "What went wrong", next: []*node{
			{text: "error", help: "The last failures of all sessions, the newest first", options: errorOptions, run: showing(session.ShowErrors), pipe: true},
		}},
		{text: "policy", help: "Which proposals are for which of our addresses", options: namedOrDefault(kindPolicy, "The one for addresses that no other is for"), run: showPolicies, pipe: true},
		{text: "profile", help: "How peers are recognized and authenticated", options: named(kindProfile), run: showProfiles, pipe: true},
		{text: "proposal", help: "Algorithms for IKE as configured, and the default ones", options: namedOrDefault(kindProposal, "The one of the default policy, where nothing is configured"), run: showProposals, pipe: true},
		{text: "sa", help: "IKE SAs", options: ikeOptions, run: showing(session.ShowIKESAs), pipe: true},
		{text: "session", help: "IKE SAs with their Child SAs", options: ikeOptions, run: showing(session.ShowIKESessions), pipe: true},
		{text: "stats", help: "How negotiations went, and messages that were dropped", options: onlyJSON, run: showIKEStats, pipe: true},
	}},
	{text: "ipsec", help: "IPsec", next: []*node{
		{text: "profile", help: "How tunnel interfaces are protected", options: named(kindProfile), run: showIPsecProfiles, pipe: true},
		{text: "sa", help: "IPsec SAs, flow by flow", options: ipsecOptions, run: showing(session.ShowIPsec), pipe: true},
		{text: "default", help: "What is used where nothing is configured", next: []*node{
			{text: "transform-set", help: "Algorithms for ESP: there are none, as each entry and each profile names its own", options: onlyJSON, run: showNoTransformSets, pipe: true},
		}},
		{text: "transform-set", help: "Algorithms for ESP as configured", options: transformSetOptions, run: showTransformSets, pipe: true},
	}},
	{text: "isakmp", help: "IKE", next: []*node{
		{text: "default", help: "What is used where nothing is configured", next: []*node{
			{text: "policy", help: "Policies of IKE version 1, which this router never has", options: onlyJSON, run: showDefaultISAKMPPolicies, pipe: true},
		}},
		{text: "key", help: "Peers of the keyrings, without their keys", privileged: true, options: onlyJSON, run: showKeys, pipe: true},
		{text: "peers", help: "Peers that are described or have IKE SAs", options: peerOptions, run: showPeers, pipe: true},
		{text: "policy", help: "Policies of IKE version 1, which this router never has", options: onlyJSON, run: showISAKMPPolicies, pipe: true},
		{text: "profile", help: "Profiles of IKE version 1, which this router never has", options: named(kindProfile), run: showISAKMPProfiles, pipe: true},
		{text: "sa", help: "IKE SAs of version 1, which this router never has", options: isakmpOptions, run: showISAKMP, pipe: true},
	}},
	{text: "map", help: "Crypto maps as configured", options: mapOptions, run: showMaps, pipe: true},
	{text: "session", help: "Crypto sessions", options: showSessionOptions, run: showing(session.ShowSessions), pipe: true},
	{text: "statistics", help: "Drops that belong to no session", options: onlyJSON, run: showStatistics, pipe: true},
}

// clearCrypto is what follows `clear crypto`.
var clearCrypto = []*node{
	{text: "ikev2", help: "IKEv2", next: []*node{
		{text: "sa", help: "Delete IKE SAs with their IPsec SAs", options: clearIKEOptions, run: clearing(session.ClearSessions)},
		{text: "stats", help: "Have the statistics count from 0 again", run: clearIKEStats},
	}},
	{text: "isakmp", help: "Delete IKE SAs with their IPsec SAs", options: connectionOptions, run: clearing(session.ClearSessions)},
	{text: "sa", help: "Delete IPsec SAs and keep the IKE SAs", options: clearIPsecOptions, run: clearIPsec},
	{text: "session", help: "Delete the IKE and IPsec SAs of crypto sessions", options: clearSessionOptions, run: clearing(session.ClearSessions)},
}

// modifiers is what may follow a pipe.
var modifiers = []modifier{
	{text: "begin", help: "Begin with the first line that matches", filter: begin},
	{text: "count", help: "Count the lines that match", filter: count},
	{text: "exclude", help: "Exclude lines that match", filter: exclude},
	{text: formatModifier, help: "Style of this one listing; another modifier may follow"},
	{text: "include", help: "Include lines that match", filter: include},
	{text: redirectModifier, help: "Write into a file where this command line runs, not on the screen", argument: row{"LINE", "Path of the file"}},
	{text: "section", help: "Include lines that match, and those below them", filter: section},
}

// expression is how help shows what a modifier that filters needs.
var expression = row{"LINE", "Regular expression"}
