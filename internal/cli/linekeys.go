package cli

import (
	"bytes"
	"cmp"
	"io"
	"strings"
)

// synonyms are keys as other terminals send them, and those of a classic router's line editor, each with what package term takes for it.
var synonyms = []string{
	"\x1b[1~", "\x1b[H", "\x1b[7~", "\x1b[H", "\x1bOH", "\x1b[H", // home
	"\x1b[4~", "\x1b[F", "\x1b[8~", "\x1b[F", "\x1bOF", "\x1b[F", // end
	"\x1bOA", "\x1b[A", "\x1bOB", "\x1b[B", "\x1bOC", "\x1b[C", "\x1bOD", "\x1b[D",
	"\x1bb", "\x1b[1;3D", "\x1bB", "\x1b[1;3D", "\x1b[1;5D", "\x1b[1;3D", // a word back
	"\x1bf", "\x1b[1;3C", "\x1bF", "\x1b[1;3C", "\x1b[1;5C", "\x1b[1;3C", // a word on
	"\x18", "\x15", // control-X: from here to the beginning
	"\x1b\x03", "\x03", "\x1b[\x03", "\x03", "\x1bO\x03", "\x03", "\x1b\x1e", "\x1e", // a break in the middle of a key
}

var translate = strings.NewReplacer(synonyms...)

// unfinished is how many octets at the end of some keys are the beginning of a synonym: escape and the key behind it may be pressed apart.
func unfinished(keys []byte) int {
	longest := 0
	for i := 0; i < len(synonyms); i += 2 {
		for n := 1; n < len(synonyms[i]); n++ {
			if n > longest && bytes.HasSuffix(keys, []byte(synonyms[i][:n])) {
				longest = n
			}
		}
	}
	return longest
}

// lineKeys is keys for a line that is being edited, where a break takes the line away: package term would end the conversation.
type lineKeys struct {
	r       io.Reader
	typed   func() // called before keys are given; nil: nothing is
	abort   byte   // what a break becomes; 0: keyAbort
	aborted bool   // one has come

	held  []byte // the beginning of a synonym
	given []byte // read, and not taken yet
}

func (l *lineKeys) Read(b []byte) (int, error) {
	for len(l.given) == 0 {
		read := make([]byte, 256)
		n, err := l.r.Read(read)
		if n > 0 && l.typed != nil {
			l.typed()
		}
		keys := append(l.held, read[:n]...)
		whole := len(keys)
		if err == nil {
			whole -= unfinished(keys)
		}
		l.held = bytes.Clone(keys[whole:])
		l.given = []byte(translate.Replace(string(keys[:whole])))
		if err != nil && len(l.given) == 0 {
			return 0, err
		}
	}
	n := copy(b, l.given)
	l.given = l.given[n:]
	for i, c := range b[:n] {
		if bytes.IndexByte([]byte(breakKeys), c) >= 0 {
			b[i], l.aborted = cmp.Or(l.abort, keyAbort), true
		}
	}
	return n, nil
}
