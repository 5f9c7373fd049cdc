package cli

import "testing"

func TestHelp(t *testing.T) {
	const sessionOptions = `  detail     Counters, lifetimes and identities as well
  fvrf       Sessions with this front-door VRF
  interface  Sessions of this interface
  ivrf       Sessions with this inside VRF
  json       All that is known, for programs
  local      Sessions with this local address
  remote     Sessions with this remote address
  |          Output modifiers
  <cr>
`
	const modifierHelp = `  begin    Begin with the first line that matches
  count    Count the lines that match
  exclude  Exclude lines that match
  include  Include lines that match
  section  Include lines that match, and those below them
`
	for _, tt := range []struct{ line, want string }{
		{"", `  clear     Reset functions
  enable    Turn on privileged commands, which they always are
  exit      Leave the command line
  logout    Leave the command line
  quit      Leave the command line
  rekey     Replace keys before their time
  show      Show running system information
  terminal  Set terminal line parameters
`},
		{"sh", "show\n"},
		{"E", "enable  exit\n"},
		{"show ", `  crypto          Encryption module
  running-config  Configuration that the router runs with
  version         Version of the software
`},
		{"show crypto ", `  isakmp      IKE
  session     Crypto sessions
  statistics  Drops that belong to no session
`},
		{"sh cry s", "session  statistics\n"},
		{"show crypto session ", sessionOptions},
		{"show crypto session fvrf RED remote 192.0.2.2 ", `  detail     Counters, lifetimes and identities as well
  interface  Sessions of this interface
  ivrf       Sessions with this inside VRF
  json       All that is known, for programs
  local      Sessions with this local address
  port       Port at that address
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
  |           Output modifiers
  <cr>
`},
		{"clear crypto session remote 10.1.1.1 port 500 local 10.1.1.2 port 500 fvrf A ivrf B interface C ", "  <cr>\n"},
		{"show version ", "  |     Output modifiers\n  <cr>\n"},
		{"exit ", "  <cr>\n"},
		{"show version | ", modifierHelp},
		{"show version |", modifierHelp},
		{"show version | i", "include\n"},
		{"show version | inc ", "  LINE  Regular expression\n"},
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
			if got := help(tt.line); got != tt.want {
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
		{"show crypto isakmp p", "show crypto isakmp peers "},
		{"show run | inc", "show run | include "},
		{"show run |inc", "show run |include "},
		{"show run | include cry", "show run | include cry"},
		{"show what ev", "show what ev"},
		{"what", "what"},
	} {
		if got := complete(tt.line); got != tt.want {
			t.Errorf("%q: got %q, want %q", tt.line, got, tt.want)
		}
	}
}
