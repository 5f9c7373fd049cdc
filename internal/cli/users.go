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

var showUsers = &node{text: "users", help: "Operators who are here, and from where", options: onlyJSON, run: doShowUsers, pipe: true}

// userItem is a line as it is listed.
type userItem struct {
	Line        int        `json:"line"`
	Kind        string     `json:"kind"` // con: a command by itself on this machine, or vty
	User        string     `json:"user,omitempty"`
	IdleSeconds int        `json:"idleSeconds"`
	Location    netip.Addr `json:"location,omitzero"` // none: this machine
	Self        bool       `json:"self,omitempty"`
}

// doShowUsers lists terminals. A command by itself on this machine has no line: whoever asks is the one that is known.
func doShowUsers(_ context.Context, c *call) error {
	var list []userItem
	if c.settings.line == 0 {
		list = append(list, userItem{Kind: "con", Self: true})
	}
	for _, u := range c.info.Lines.Users() {
		list = append(list, userItem{u.Line, "vty", u.Name, int(u.Idle / time.Second), u.From, u.Line == c.settings.line})
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

// clearLine is `clear line`: a number is that of the listing, behind vty it is that of the terminals alone.
var clearLine = &node{text: "line", help: "End the session of a line", next: []*node{
	{text: "vty", help: "Terminals, as the listing of users names them", options: []*option{
		{value: kindLine, set: func(a *args, v any) { a.line = new(v.(int) + 1) }},
	}, run: doClearLine},
}, options: []*option{
	{value: kindLine, set: func(a *args, v any) { a.line = new(v.(int)) }},
}, run: doClearLine}

// doClearLine ends a terminal. A line that nobody has is as it is to be.
func doClearLine(_ context.Context, c *call) error {
	switch {
	case c.args.line == nil:
		return errIncomplete
	case *c.args.line == c.settings.line:
		return refusal("% Not allowed to clear current line")
	}
	if err := c.confirm("[confirm]"); err != nil {
		return err
	}
	c.info.Lines.clear(*c.args.line, c.operator())
	_, err := io.WriteString(c.w, " [OK]\n")
	return err
}
