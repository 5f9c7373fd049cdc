package cli

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"strings"
	"time"
)

// settingLine is the line of a terminal, which travels with its commands and never back.
const settingLine = "line="

var showUsers = &node{text: "users", help: "Operators who are here over SSH, and yourself", options: onlyJSON, run: doShowUsers, pipe: true}

// User is an operator on another machine.
type User struct {
	Line int // from 1 on
	Name string
	From netip.Addr
	Idle time.Duration // since a key was pressed
}

// userItem is a line as it is listed.
type userItem struct {
	Line        int        `json:"line"`
	Kind        string     `json:"kind"` // con: on this machine, or vty
	User        string     `json:"user,omitempty"`
	IdleSeconds int        `json:"idleSeconds"`
	Location    netip.Addr `json:"location,omitzero"`
	Self        bool       `json:"self,omitempty"`
}

// doShowUsers lists operators over SSH. Those on this machine come and go with each command: whoever asks is the one that is known.
func doShowUsers(_ context.Context, c *call) error {
	var list []userItem
	if c.settings.line == 0 {
		list = append(list, userItem{Kind: "con", Self: true})
	}
	if c.info.Users != nil {
		for _, u := range c.info.Users() {
			list = append(list, userItem{u.Line, "vty", u.Name, int(u.Idle / time.Second), u.From, u.Line == c.settings.line})
		}
	}
	if c.args.json {
		return writeJSON(c.w, "users", list)
	}
	var b strings.Builder
	b.WriteString("    Line       User       Host(s)              Idle       Location\n")
	for _, u := range list {
		mark, line, from := ' ', fmt.Sprintf("%s %d", u.Kind, max(0, u.Line-1)), ""
		if u.Self {
			mark = '*'
		}
		if u.Location.IsValid() {
			from = strings.ToUpper(u.Location.String())
		}
		idle := fmt.Sprintf("%02d:%02d:%02d", u.IdleSeconds/3600, u.IdleSeconds/60%60, u.IdleSeconds%60)
		text := fmt.Sprintf("%c%3d %-10s %-10s %-20s %-10s %s", mark, u.Line, line, u.User, "idle", idle, from)
		b.WriteString(strings.TrimRight(text, " ") + "\n")
	}
	_, err := io.WriteString(c.w, b.String())
	return err
}
