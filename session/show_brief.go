package session

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// letters is the status as the brief listing has it.
func (s Status) letters() string {
	return [...]string{Down: "D", DownNegotiating: "DN", UpNoIKE: "UK", UpIdle: "UI", UpActive: "UA"}[s]
}

// groupOrID is the group of a remote access client, else what the peer proved to be.
func (s *Session) groupOrID() string { return cmp.Or(s.Group, identityText(s.Phase1ID)) }

// briefReport is `show crypto session brief`: a table for each inside VRF, in the order in which these appear.
type briefReport struct {
	format Format
	order  []string
	rows   map[string][]byte // by inside VRF
}

func (r *briefReport) begin(b []byte) []byte {
	r.rows = make(map[string][]byte)
	trail := ""
	if r.format == XE {
		trail = " "
	}
	return fmt.Appendf(b, "Status: A- Active, U - Up, D - Down, I - Idle, S - Standby, N - Negotiating%s\n        K - No IKE\n", trail)
}

func (r *briefReport) session(b []byte, s *Session) []byte {
	rows, seen := r.rows[s.IVRF]
	if !seen {
		r.order = append(r.order, s.IVRF)
	}
	uptime := ""
	if s.Status != Down && s.Status != DownNegotiating {
		uptime = uptimeText(s.UptimeSeconds)
	}
	form := "%15s%8s%16s%25s %8s%6s\n"
	if r.format == XE {
		form = "%-15s %-12s %-15s %-24s %-8s %s\n" // a blank stands between the columns, however long an IPv6 address is
	}
	r.rows[s.IVRF] = fmt.Appendf(rows, form, addrText(s.Peer.Addr()), interfaceText(s.Interface), s.Username, s.groupOrID(), uptime, s.Status.letters())
	return b
}

func (r *briefReport) end(b []byte) []byte {
	header := "           Peer     I/F        Username          Group/Phase1_id   Uptime Status\n"
	if r.format == XE {
		header = "Peer            I/F          Username        Group/Phase1_id          Uptime   Status\n"
	}
	if len(r.order) == 0 {
		r.order = []string{""}
	}
	for _, ivrf := range r.order {
		b = fmt.Appendf(b, "ivrf = %s\n%s%s", orNone(ivrf), header, r.rows[ivrf])
	}
	return b
}

// shortInterfaces is how the names of interfaces are abbreviated.
var shortInterfaces = [...]struct{ long, short string }{
	{"TenGigabitEthernet", "Te"}, {"GigabitEthernet", "Gi"}, {"FastEthernet", "Fa"}, {"Ethernet", "Et"}, {"Virtual-Access", "Vi"},
	{"Virtual-Template", "Vt"}, {"Tunnel", "Tu"}, {"Loopback", "Lo"}, {"Dialer", "Di"}, {"Serial", "Se"}, {"Port-channel", "Po"}, {"Vlan", "Vl"},
}

// interfaceText is the name of an interface, abbreviated where there is a short form of it.
func interfaceText(name string) string {
	for _, f := range shortInterfaces {
		if number, ok := strings.CutPrefix(name, f.long); ok && number != "" && number[0] >= '0' && number[0] <= '9' {
			return f.short + number
		}
	}
	return name
}

// groupReport is `show crypto session groups`, or `summary`.
type groupReport struct {
	summary bool
	json    bool
	only    string                    // in a summary: this group; "": all
	groups  map[string]map[string]int // sessions by group and user
}

func (r *groupReport) begin(b []byte) []byte {
	r.groups = make(map[string]map[string]int)
	return b
}

func (r *groupReport) session(b []byte, s *Session) []byte {
	if s.Group == "" || r.only != "" && s.Group != r.only {
		return b
	}
	if r.groups[s.Group] == nil {
		r.groups[s.Group] = make(map[string]int)
	}
	r.groups[s.Group][s.Username]++
	return b
}

// groupItem is a group for programs.
type groupItem struct {
	Group       string         `json:"group"`
	Connections int            `json:"connections"`
	Users       map[string]int `json:"users"` // sessions of each; "" is who has no name of a user
}

// list is the groups in order.
func (r *groupReport) list() []groupItem {
	list := make([]groupItem, 0, len(r.groups))
	for _, name := range sortedKeys(r.groups) {
		g := groupItem{Group: name, Users: r.groups[name]}
		for _, n := range g.Users {
			g.Connections += n
		}
		list = append(list, g)
	}
	return list
}

func (r *groupReport) end(b []byte) []byte {
	if r.json {
		object := map[string][]groupItem{}
		if list := r.list(); len(list) > 0 {
			object["groups"] = list
		}
		return append(appendJSON(b, "", object), '\n')
	}
	if !r.summary {
		b = append(b, "Group: Connections\n"...)
	}
	for _, g := range r.list() {
		if !r.summary {
			b = fmt.Appendf(b, "%s: %d\n", g.Group, g.Connections)
			continue
		}
		b = fmt.Appendf(b, "Group %s has %d connections\n User (Logins)\n", g.Group, g.Connections)
		for _, user := range sortedKeys(g.Users) {
			b = fmt.Appendf(b, " %s (%d)\n", orNone(user), g.Users[user])
		}
	}
	return b
}

func sortedKeys[V any](m map[string]V) []string {
	keys := make([]string, 0, len(m))
	for k := range m {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}
