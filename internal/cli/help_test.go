package cli

import "testing"

func TestHelp(t *testing.T) {
	const sessionOptions = `  brief      A line for each session
  detail     Counters, lifetimes and identities as well
  fvrf       Sessions with this front-door VRF
  groups     How many clients each group has
  history    What happened to each session, and why
  ikev2      Sessions with IKEv2, as all are
  interface  Sessions of this interface
  isakmp     Sessions by their group or profile
  ivrf       Sessions with this inside VRF
  json       All that is known, for programs
  local      Sessions with this local address
  remote     Sessions with this remote address
  summary    Groups of clients with their users
  username   Sessions of this user
  |          Output modifiers
  <cr>
`
	const modifierHelp = `  begin     Begin with the first line that matches
  count     Count the lines that match
  exclude   Exclude lines that match
  format    Style of this one listing; another modifier may follow
  include   Include lines that match
  redirect  Write into a file where this command line runs, not on the screen
  section   Include lines that match, and those below them
`
	const formatChoices = `  classic  As the first systems had it
  xe       With title, legend, session IDs and uptimes
`
	for _, tt := range []struct{ line, want string }{
		{"", `  clear      Reset functions
  configure  Enter configuration mode
  copy       Copy from one file to another
  debug      Have the router tell what it does as it does it
  disable    Turn off privileged commands
  enable     Turn on privileged commands
  exit       Leave the command line
  logout     Leave the command line
  no         Undo
  ping       Send echo messages
  quit       Leave the command line
  rekey      Replace keys before their time
  show       Show running system information
  terminal   Set terminal line parameters
  undebug    Have it tell no more
  who        Operators who are here, and from where
  write      Write the configuration
`},
		{"sh", "show\n"},
		{"E", "enable  exit\n"},
		{"show ", `  access-lists    Access lists, and how many packets each line has permitted
  clock           Time of the router
  crypto          Encryption module
  debugging       What is debugged
  history         Commands that were given at this terminal, the oldest first
  interfaces      Interfaces of the sessions, and the one of inner packets
  ip              IPv4
  ipv6            IPv6
  logging         Where messages go, and those that are kept
  monitoring      Where the metrics and the page are
  privilege       Whether privileged commands are turned on
  running-config  Configuration that the router runs with
  startup-config  Configuration that the router starts with
  tech-support    All that helps to find a fault, without keys
  users           Operators who are here, and from where
  version         Version of the software
  vrf             VRFs with their interfaces
`},
		{"show crypto ", `  debug-condition  What debugging is restricted to
  engine           Encryption engine
  ikev2            IKEv2
  ipsec            IPsec
  isakmp           IKE
  map              Crypto maps as configured
  session          Crypto sessions
  statistics       Drops that belong to no session
`},
		{"sh cry s", "session  statistics\n"},
		{"show crypto session ", sessionOptions},
		{"show crypto session fvrf RED remote 192.0.2.2 detail ", `  ikev2      Sessions with IKEv2, as all are
  interface  Sessions of this interface
  isakmp     Sessions by their group or profile
  ivrf       Sessions with this inside VRF
  json       All that is known, for programs
  local      Sessions with this local address
  port       Port at that address
  username   Sessions of this user
  |          Output modifiers
  <cr>
`},
		{"show crypto session remote ", "  A.B.C.D     IPv4 address\n  X:X:X:X::X  IPv6 address\n"},
		{"show crypto session remote 10.", "  A.B.C.D     IPv4 address\n  X:X:X:X::X  IPv6 address\n"},
		{"show crypto session remote 10.1.1.1 port ", "  <1-65535>  UDP port\n"},
		{"show crypto session interface ", "  WORD  Name of the interface\n"},
		{"show crypto isakmp peers ", `  A.B.C.D     IPv4 address
  X:X:X:X::X  IPv6 address
  json        All that is known, for programs
  vrf         In this front-door VRF
  |           Output modifiers
  <cr>
`},
		{"clear crypto session remote 10.1.1.1 port 500 local 10.1.1.2 port 500 fvrf A ivrf B interface C0 ikev2 profile P username U isakmp group G ", "  <cr>\n"},
		{"clear crypto session interface Tunnel ", `  N         Number of the interface, where its type stands alone
  fvrf      Sessions with this front-door VRF
  ikev2     Sessions with IKEv2, as all are
  isakmp    Sessions by their group or profile
  ivrf      Sessions with this inside VRF
  local     Sessions with this local address
  remote    Sessions with this remote address
  username  Sessions of this user
  <cr>
`},
		{"show crypto session isakmp ", "  group    Sessions of this group of clients\n  profile  Sessions with this profile\n"},
		{"show crypto session isakmp group ", "  WORD  Name of the group\n"},
		{"show crypto ipsec sa peer ", "  A.B.C.D     IPv4 address\n  X:X:X:X::X  IPv6 address\n  vrf         In this front-door VRF\n"},
		{"clear crypto sa entry 10.1.1.1 ", "  esp  Encapsulating Security Payload\n"},
		{"clear crypto sa entry 10.1.1.1 esp ", "  <256-4294967295>  SPI, or in hexadecimal behind 0x\n"},
		{"clear crypto sa entry 10.1.1.1 esp 256 ", `  map   Sessions of this crypto map
  peer  SAs with this peer
  vrf   SAs with this inside VRF
  <cr>
`},
		{"show version ", "  json  All that is known, for programs\n  |     Output modifiers\n  <cr>\n"},
		{"exit ", "  <cr>\n"},
		{"show version | ", modifierHelp},
		{"show version |", modifierHelp},
		{"show version | i", "include\n"},
		{"show version | inc ", "  LINE  Regular expression\n"},
		{"show version | format ", formatChoices},
		{"show version | format x", "xe\n"},
		{"show version | format xe ", "  |     Output modifiers\n  <cr>\n"},
		{"show version | format xe |", modifierHelp},
		{"show version | format xe | inc x", ""},
		{"show version | format xe more ", unrecognized},
		{"show version | format yy ", unrecognized},
		{"show version | format |", unrecognized},
		{"show version | redirect ", "  LINE  Path of the file\n"},
		{"show version | redirect x", ""},
		{"show version | inc x", ""},
		{"show version | inc x ", ""},
		{"show version | what ", unrecognized},
		{"show what ", unrecognized},
		{"what", unrecognized},
		{"show crypto | ", unrecognized},
		{"clear crypto session | ", unrecognized},
		{"show crypto s ", "% Ambiguous command:  \"show crypto s \"\n"},
	} {
		t.Run(tt.line, func(t *testing.T) {
			if got := help(tt.line, false); got != tt.want {
				t.Errorf("got\n%s\nwant\n%s", got, tt.want)
			}
			if tt.want != "" { // so does the command with the ?
				checkExecute(t, tt.line+"?", tt.want, done)
			}
		})
	}
}

func TestComplete(t *testing.T) {
	for _, tt := range []struct{ line, want string }{
		{"", ""},
		{"s", "show "},
		{"SH", "show "},
		{"e", "e"},
		{"show ", "show "},
		{"show crypto s", "show crypto s"},
		{"show crypto se", "show crypto session "},
		{"sh cr sess rem", "sh cr sess remote "},
		{"show crypto session i", "show crypto session i"},
		{"show crypto session int", "show crypto session interface "},
		{"show crypto session remote 10", "show crypto session remote 10"},
		{"show crypto session | format c", "show crypto session | format classic "},
		{"show crypto ikev2 sa det", "show crypto ikev2 sa detailed "},
		{"show crypto isakmp pe", "show crypto isakmp peers "},
		{"show run | inc", "show run | include "},
		{"show run |inc", "show run |include "},
		{"show run | include cry", "show run | include cry"},
		{"show what ev", "show what ev"},
		{"what", "what"},
	} {
		if got := complete(tt.line, false); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.line, got, tt.want)
		}
	}
}
