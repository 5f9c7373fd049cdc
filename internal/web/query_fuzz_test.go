package web

import (
	"strings"
	"testing"
	"unicode"
)

// Whatever the query, what is taken stays within its bounds, and what is refused is refused in a line that can be shown.
func FuzzParseQuery(f *testing.F) {
	for _, seed := range []string{"", "status=DOWN&text=x", "offset=1&limit=2", "interface=%00", "limit=%2b1", "a;b", "text=%ff", "\n=\x00"} {
		f.Add(seed)
	}
	snap := sites(0)
	rows := []Row{rowOf(&snap.Sessions[0]), rowOf(&snap.Sessions[1]), rowOf(&snap.Sessions[2])}
	f.Fuzz(func(t *testing.T, raw string) {
		q, err := parseQuery(raw)
		if err != nil {
			if strings.ContainsFunc(err.Error(), unicode.IsControl) || len(err.Error()) > 200 {
				t.Errorf("error %q", err)
			}
			return
		}
		if q.limit < 1 || q.limit > maxLimit || q.offset < 0 || q.offset > maxOffset || len(q.statuses) > 5 {
			t.Errorf("got %+v", q)
		}
		if page, matched := q.choose(rows); len(page) > q.limit || matched > len(rows) || len(page) > matched {
			t.Errorf("got %d of %d rows", len(page), matched)
		}
	})
}
