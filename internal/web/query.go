package web

import (
	"fmt"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"seikan/session"
)

const (
	defaultLimit = 100
	maxLimit     = 500
	maxOffset    = 1 << 24
	maxQuery     = 2048 // octets
	maxText      = 400  // octets of a text that is looked for
)

// query is which rows of a list are asked for.
type query struct {
	statuses  []session.Status // none: all
	iface     string           // "": all
	text      string           // in lower case, somewhere in the row; "": all
	offset    int
	limit     int
	wantsSome bool // any of the first three
}

// parseQuery reads the part of a URL behind the question mark. Its error is for the client.
func parseQuery(raw string) (query, error) {
	q := query{limit: defaultLimit}
	if len(raw) > maxQuery {
		return q, fmt.Errorf("the query is longer than %d octets", maxQuery)
	}
	values, err := url.ParseQuery(raw)
	if err != nil {
		return q, fmt.Errorf("the query is no query")
	}
	for name, list := range values {
		if name != "status" && len(list) > 1 {
			return q, fmt.Errorf("%.20q is there twice", name)
		}
		if err := q.set(name, list); err != nil {
			return q, err
		}
	}
	q.wantsSome = len(q.statuses) > 0 || q.iface != "" || q.text != ""
	return q, nil
}

// set takes a parameter with its values, of which there is one, but for status.
func (q *query) set(name string, list []string) (err error) {
	switch value := list[0]; name {
	case "status":
		for _, s := range list {
			var status session.Status
			if status.UnmarshalText([]byte(s)) != nil {
				return fmt.Errorf("there is no status %.20q", s)
			}
			if !slices.Contains(q.statuses, status) {
				q.statuses = append(q.statuses, status)
			}
		}
	case "interface":
		q.iface = value
	case "text":
		if len(value) > maxText || !utf8.ValidString(value) {
			return fmt.Errorf("text is longer than %d octets, or no text", maxText)
		}
		q.text = strings.ToLower(value)
	case "offset":
		q.offset, err = number(name, value, 0, maxOffset)
	case "limit":
		q.limit, err = number(name, value, 1, maxLimit)
	default:
		return fmt.Errorf("there is no parameter %.20q", name)
	}
	return err
}

func number(name, text string, lo, hi int) (int, error) {
	n, err := strconv.ParseUint(text, 10, 31)
	if err != nil || int(n) < lo || int(n) > hi {
		return 0, fmt.Errorf("%s is no number from %d to %d", name, lo, hi)
	}
	return int(n), nil
}

// match reports whether a row is asked for.
func (q *query) match(r *Row) bool {
	if len(q.statuses) > 0 && !slices.Contains(q.statuses, r.Status) || q.iface != "" && q.iface != r.Interface {
		return false
	}
	if q.text == "" {
		return true
	}
	for _, s := range [...]string{r.Interface, r.Name, r.Description, r.Peer.String(), r.Local.String(), r.Phase1ID, r.FVRF, r.IVRF, r.Cause} {
		if strings.Contains(strings.ToLower(s), q.text) {
			return true
		}
	}
	return false
}

// choose gives the rows that are asked for, and how many there would be on all pages.
func (q *query) choose(rows []Row) (page []Row, matched int) {
	if !q.wantsSome {
		first := min(q.offset, len(rows))
		return rows[first:min(first+q.limit, len(rows))], len(rows)
	}
	page = []Row{}
	for i := range rows {
		if !q.match(&rows[i]) {
			continue
		}
		if matched >= q.offset && len(page) < q.limit {
			page = append(page, rows[i])
		}
		matched++
	}
	return page, matched
}
