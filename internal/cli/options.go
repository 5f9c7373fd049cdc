package cli

import (
	"net/netip"

	"seikan/sadb"
	"seikan/session"
)

// Options that commands share.
var (
	asJSON   = &option{text: "json", help: "All that is known, for programs", set: func(a *args, _ any) { a.json = true }}
	onlyJSON = []*option{asJSON}

	byFVRF = &option{text: "fvrf", help: "Sessions with this front-door VRF", value: kindVRF,
		set: func(a *args, v any) { a.filter.FVRF = new(v.(string)) }}
	byIVRF = &option{text: "ivrf", help: "Sessions with this inside VRF", value: kindVRF,
		set: func(a *args, v any) { a.filter.IVRF = new(v.(string)) }}
	byInterface = &option{text: "interface", help: "Sessions of this interface", value: kindInterface,
		set: func(a *args, v any) { a.filter.Interface = v.(string) }}
	// The number of an interface may stand apart from its type.
	byNumber = &option{value: kindUnit,
		set:  func(a *args, v any) { a.filter.Interface += v.(string) },
		open: func(a *args) bool { return lacksNumber(a.filter.Interface) }}
	byLocal = &option{text: "local", help: "Sessions with this local address", value: kindAddress,
		set: func(a *args, v any) { a.filter.Local, a.port = v.(netip.Addr), &a.filter.LocalPort }}
	byRemote = &option{text: "remote", help: "Sessions with this remote address", value: kindAddress,
		set: func(a *args, v any) { a.filter.Remote, a.port = v.(netip.Addr), &a.filter.RemotePort }}
	byPort = &option{text: "port", help: "Port at that address", value: kindPort,
		set:  func(a *args, v any) { *a.port, a.port = v.(uint16), nil },
		open: func(a *args) bool { return a.port != nil }}
	byMap = &option{text: "map", help: "Sessions of this crypto map", value: kindMap,
		set: func(a *args, v any) { a.filter.Map = v.(string) }}
	byProfile = &option{text: "profile", help: "Sessions with this profile", value: kindProfile,
		set: func(a *args, v any) { a.filter.Profile = v.(string) }}
	byGroup = &option{text: "group", help: "Sessions of this group of clients", value: kindGroup,
		set: func(a *args, v any) { a.filter.Group = v.(string) }}
	byUsername = &option{text: "username", help: "Sessions of this user", value: kindUser,
		set: func(a *args, v any) { a.filter.Username = v.(string) }}
	byISAKMP = &option{text: "isakmp", help: "Sessions by their group or profile", next: []*option{byGroup, byProfile}}
	byIKEv2  = &option{text: "ikev2", help: "Sessions with IKEv2, as all are", set: func(a *args, _ any) { a.ikev2 = true }}

	// The profile of IKEv2, as an option of its own behind that word.
	byIKEv2Profile = &option{text: "profile", help: "Sessions with this profile", value: kindProfile, set: byProfile.set,
		open: func(a *args) bool { return a.ikev2 && a.filter.Profile == "" }}

	byPeer = &option{text: "peer", help: "SAs with this peer", next: []*option{
		{value: kindAddress, set: func(a *args, v any) { a.filter.Remote = v.(netip.Addr) }},
		{text: "vrf", help: "In this front-door VRF", value: kindVRF, set: byFVRF.set, next: []*option{
			{value: kindAddress, set: func(a *args, v any) { a.filter.Remote = v.(netip.Addr) }},
		}},
	}}
	byVRF = &option{text: "vrf", help: "SAs with this inside VRF", value: kindVRF, set: byIVRF.set}
)

// listing is an option for one of several listings that exclude each other.
func listing(text, help string, set func(v *session.View)) *option {
	return &option{
		text: text, help: help,
		set:  func(a *args, _ any) { a.chosen = true; set(&a.view) },
		open: func(a *args) bool { return !a.chosen },
	}
}

func showAs(s session.Show) func(v *session.View) { return func(v *session.View) { v.Show = s } }

func inDetail(v *session.View) { v.Detail = true }

// The options of sessions.
var (
	sessionFilters = []*option{byFVRF, byInterface, byNumber, byIKEv2, byIKEv2Profile, byISAKMP, byIVRF, byLocal, byPort, byRemote, byUsername}

	clearSessionOptions = sessionFilters
	showSessionOptions  = append([]*option{
		listing("brief", "A line for each session", showAs(session.ShowBrief)),
		listing("detail", "Counters, lifetimes and identities as well", inDetail),
		listing("groups", "How many clients each group has", showAs(session.ShowGroups)),
		listing("history", "What happened to each session, and why", showAs(session.ShowHistory)),
		listing("summary", "Groups of clients with their users", showAs(session.ShowSummary)),
		{value: kindGroup, set: func(a *args, v any) { a.view.Group = v.(string) },
			open: func(a *args) bool { return a.view.Show == session.ShowSummary && a.view.Group == "" }},
		asJSON,
	}, sessionFilters...)
)

// The options of SAs.
var (
	detailed   = listing("detailed", "Identities, SPIs, message IDs and timers as well", inDetail)
	ikeOptions = []*option{byFVRF, byLocal, byPort, byRemote, detailed, asJSON}

	errorOptions = []*option{byFVRF, byLocal, byPort, byRemote, asJSON}

	clearIKEOptions = []*option{byFVRF, byLocal, byPort, byRemote,
		{text: "psh", help: "The one with this tunnel ID", value: kindConnection, set: setConnection},
	}

	ipsecOptions = []*option{
		listing("count", "How many there are", showAs(session.ShowIPsecCount)),
		listing("detail", "Each reason for which packets were dropped as well", inDetail),
		listing("identity", "Flows without their SAs", func(v *session.View) { v.Identity = true }),
		byInterface, byNumber, byMap, byPeer, byVRF, asJSON,
	}

	clearIPsecOptions = []*option{byMap, byPeer, byVRF,
		{text: "counters", help: "Only count from 0 again", set: func(a *args, _ any) { a.counters = true },
			open: func(a *args) bool { return !a.counters && a.spi == 0 }},
		{text: "entry", help: "The one with this destination, protocol and SPI",
			open: func(a *args) bool { return a.filter == (session.Filter{}) && !a.counters && a.spi == 0 },
			next: []*option{{value: kindAddress, set: setEntry, next: []*option{
				{text: "esp", help: "Encapsulating Security Payload", next: []*option{
					{value: kindSPI, set: func(a *args, v any) { a.spi = v.(uint32) }},
				}},
			}}}},
	}

	isakmpOptions = []*option{
		{text: "count", help: "How many there are", set: func(a *args, _ any) { a.chosen, a.count = true, true }, open: func(a *args) bool { return !a.chosen }},
		listing("detail", "Algorithms and lifetimes as well", inDetail),
		byVRF, asJSON,
	}
	connectionOptions = []*option{{value: kindConnection, set: setConnection}}
)

func setConnection(a *args, v any) { a.filter.ConnID = sadb.IKEID(v.(uint32)) }

// The options of what is listed beside sessions.
var (
	peerOptions = []*option{
		asJSON,
		{value: kindAddress, set: func(a *args, v any) { a.peer = v.(netip.Addr) }},
		{text: "vrf", help: "In this front-door VRF", value: kindVRF, set: byFVRF.set},
	}
	mapOptions = []*option{
		asJSON,
		{text: "interface", help: "Those on this interface", value: kindInterface, set: byInterface.set},
		byNumber,
		{text: "tag", help: "The one with this name", value: kindMap, set: byMap.set},
	}
	transformSetOptions = append(namedOrDefault(kindSet, "The one that is used where none is named: there is none"),
		&option{text: "tag", help: "The one with this name", value: kindSet, set: func(a *args, v any) { a.name = v.(string) }, open: func(a *args) bool { return a.name == "" }})
	interfaceOptions = []*option{
		asJSON,
		{value: kindInterface, set: byInterface.set, open: func(a *args) bool { return a.filter.Interface == "" }},
		byNumber,
	}
)

// runningOptions choose a part of the configuration.
var runningOptions = []*option{
	{text: "interface", help: "Of this interface alone", value: kindInterface, set: byInterface.set},
	byNumber,
}

// The options of VRFs and of routes.
var (
	vrfOptions = []*option{
		listing("detail", "Namespaces and descriptions as well", inDetail),
		asJSON,
		{value: kindVRF, set: byFVRF.set, open: func(a *args) bool { return a.filter.FVRF == nil }},
	}
	routeOptions = []*option{asJSON, {text: "vrf", help: "Of this VRF", value: kindVRF, set: byIVRF.set}}
)

// lacksNumber reports whether the name of an interface is a type alone.
func lacksNumber(name string) bool {
	return name != "" && (name[len(name)-1] < '0' || name[len(name)-1] > '9')
}
