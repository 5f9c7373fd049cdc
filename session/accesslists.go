package session

import (
	"fmt"
	"io"

	"seikan/sadb"
)

// AccessList is an access list, as the configuration has it.
type AccessList struct {
	Name  string       `json:"name"`
	V6    bool         `json:"ipv6"`
	Rules []AccessRule `json:"rules"`
}

// AccessRule is a line of an access list.
type AccessRule struct {
	Sequence uint64  `json:"sequence"`
	Rule     string  `json:"rule"`              // without the number
	Matches  *uint64 `json:"matches,omitempty"` // packets out and in that it permitted; nil: they are not counted

	Policies []sadb.PolicyID `json:"-"` // that protect what it permits. They are not modified
}

// RenderAccessLists writes `show access-lists`. Its error is w's.
func RenderAccessLists(w io.Writer, lists []AccessList) error {
	var b []byte
	for i := range lists {
		b = lists[i].append(b)
	}
	return write(w, b)
}

func (l *AccessList) append(b []byte) []byte {
	if l.V6 {
		b = fmt.Appendf(b, "IPv6 access list %s\n", l.Name)
	} else {
		b = fmt.Appendf(b, "Extended IP access list %s\n", l.Name)
	}
	for _, r := range l.Rules {
		if l.V6 {
			b = fmt.Appendf(b, "    %s%s sequence %d\n", r.Rule, r.matches(), r.Sequence)
		} else {
			b = fmt.Appendf(b, "    %d %s%s\n", r.Sequence, r.Rule, r.matches())
		}
	}
	return b
}

func (r *AccessRule) matches() string {
	switch {
	case r.Matches == nil || *r.Matches == 0:
		return ""
	case *r.Matches == 1:
		return " (1 match)"
	}
	return fmt.Sprintf(" (%d matches)", *r.Matches)
}
