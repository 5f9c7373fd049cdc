package cli

import (
	"bytes"
	"io"
	"strings"
	"testing"
	"testing/iotest"
)

// Keys of other terminals and of a classic line editor do what they are known for, however they arrive: each line becomes "show clock".
func TestLineKeys(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	for _, tt := range []struct{ name, keys string }{
		{"home", "how clock\x1b[1~s"},
		{"home of others", "ow clock\x1b[7~h\x1bOHs"},
		{"end", "how cloc\x1b[1~s\x1b[4~k"},
		{"end of others", "how clo\x1b[1~s\x1b[8~c\x1b[1~\x1bOFk"},
		{"arrows", "shw lock\x1bOD\x1bOD\x1bOD\x1bODc\x1bOD\x1bOD\x1bODo\x1bOC"},
		{"history", "show clock\r\x1bOA"},
		{"history and back", "show clock\rshow version\r\x1bOA\x1bOA"},
		{"a word back", "clock\x1bbshow "},
		{"in capitals", "clock\x1bBshow "},
		{"with control", "clock\x1b[1;5Dshow "},
		{"a word on", "shw clock\x1bb\x1bb\x1bf\x02\x02o"},
		{"a word on with control", "shw clock\x1bb\x1bb\x1b[1;5C\x02\x02o"},
		{"to the beginning", "wrong\x18show clock"},
		{"in the middle to the beginning", "wrong clock\x1bb\x18show "},
		{"the line again", "show clo\x12ck"},
		{"what is no key", "show \x1b[99~clock"},
		{"a break in a key", "show \x1b[\x03show clock"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			keys := tt.keys + "\r"
			for _, in := range []io.Reader{strings.NewReader(keys), iotest.OneByteReader(strings.NewReader(keys))} {
				var screen bytes.Buffer
				term := &terminal{Screen: screenOf(in, &screen), client: newConversation(c), prompt: "gwA#"}
				if err := term.converse(t.Context()); err != nil {
					t.Fatal(err)
				}
				if h := term.client.history; len(h) == 0 || h[len(h)-1] != "show+clock" {
					t.Errorf("given was %q: %q", h, screen.String())
				}
				if tt.name == "the line again" && !strings.Contains(screen.String(), "gwA#show clo\r\ngwA#show clo") {
					t.Errorf("got %q", screen.String())
				}
			}
		})
	}
}
