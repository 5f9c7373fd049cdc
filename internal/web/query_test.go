package web

import (
	"fmt"
	"strings"
	"testing"

	"seikan/session"
)

func TestParseQuery(t *testing.T) {
	for _, tt := range []struct{ raw, want string }{
		{"", "[]  0 100"},
		{"status=DOWN&status=UP-ACTIVE&status=DOWN", "[DOWN UP-ACTIVE]  0 100"},
		{"interface=v+A&text=Caf%C3%A9&offset=7&limit=500", "[] v A café 7 500"},
		{"limit=0", "error: limit is no number from 1 to 500"},
		{"limit=501", "error: limit is no number from 1 to 500"},
		{"limit=-1", "error: limit is no number from 1 to 500"},
		{"limit=1e2", "error: limit is no number from 1 to 500"},
		{"limit=99999999999999999999", "error: limit is no number from 1 to 500"},
		{"limit=", "error: limit is no number from 1 to 500"},
		{"offset=16777217", "error: offset is no number from 0 to 16777216"},
		{"limit=1&limit=2", `error: "limit" is there twice`},
		{"status=down", `error: there is no status "down"`},
		{"status=", `error: there is no status ""`},
		{"Status=DOWN", `error: there is no parameter "Status"`},
		{"text=" + strings.Repeat("x", maxText+1), "error: text is longer than 400 octets, or no text"},
		{"text=%ff", "error: text is longer than 400 octets, or no text"},
		{"a;b", "error: the query is no query"},
		{"%zz", "error: the query is no query"},
		{strings.Repeat("x", maxQuery+1), "error: the query is longer than 2048 octets"},
	} {
		q, err := parseQuery(tt.raw)
		got := fmt.Sprint(q.statuses, " ", strings.TrimSpace(q.iface+" "+q.text), " ", q.offset, " ", q.limit)
		if err != nil {
			got = "error: " + err.Error()
		}
		if got != tt.want {
			t.Errorf("%.50s: got %s, want %s", tt.raw, got, tt.want)
		}
	}
}

func TestChoose(t *testing.T) {
	snap := crowd(250)
	rows := make([]Row, len(snap.Sessions))
	for i := range rows {
		rows[i] = rowOf(&snap.Sessions[i])
	}
	for _, tt := range []struct {
		raw            string
		first          string
		count, matched int
	}{
		{"", "CM 0", 100, 250},
		{"offset=200", "CM 200", 50, 250},
		{"offset=250", "", 0, 250},
		{"offset=9999", "", 0, 250},
		{"status=UP-ACTIVE", "CM 0", 25, 25},
		{"status=UP-ACTIVE&offset=20&limit=3", "CM 200", 3, 25},
		{"status=UP-ACTIVE&status=DOWN", "CM 0", 100, 250},
		{"status=UP-IDLE", "", 0, 0},
		{"interface=vB", "CM 1", 100, 225},
		{"interface=v", "", 0, 0},
		{"text=CM+24", "CM 24", 11, 11},
		{"text=BRANCH", "CM 0", 25, 25},
		{"text=authentication", "CM 1", 100, 225},
		{"text=192.0.2.3:500&status=DOWN&interface=vB&limit=1", "CM 1", 1, 225},
	} {
		q, err := parseQuery(tt.raw)
		if err != nil {
			t.Fatal(err)
		}
		page, matched := q.choose(rows)
		first := ""
		if len(page) > 0 {
			first = page[0].Name
		}
		if page == nil || first != tt.first || len(page) != tt.count || matched != tt.matched {
			t.Errorf("%q: got %q, %d of %d; want %q, %d of %d", tt.raw, first, len(page), matched, tt.first, tt.count, tt.matched)
		}
	}
}

func TestRowTraffic(t *testing.T) {
	s := session.Session{Flows: []session.Flow{
		{ActiveSAs: 2, In: session.Direction{Packets: 1, Bytes: 2, Dropped: 3}, Out: session.Direction{Packets: 4, Bytes: 5, Dropped: 6}},
		{In: session.Direction{Packets: 10, Bytes: 20, Dropped: 30}},
	}}
	r := rowOf(&s)
	if r.In != (Traffic{11, 22, 33}) || r.Out != (Traffic{4, 5, 6}) || r.Flows != 2 || r.FlowsUp != 1 {
		t.Errorf("got %+v", r)
	}
}
