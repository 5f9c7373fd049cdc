package cli

import (
	"context"
	"fmt"
	"io"
	"net/netip"
	"time"
)

// Access is where the router listens for others than peers.
type Access struct {
	At    netip.AddrPort // the zero AddrPort: nowhere, as it is not configured
	Error string         // why it does not; it is tried again
}

// SSH is how operators come in over SSH.
type SSH struct {
	Access
	LoginTime time.Duration // within which one must log in
	Tries     int           // passwords in a connection
	Limit     int           // sessions at once
}

var (
	showSSH        = &node{text: "ssh", help: "Where operators come in over SSH", options: onlyJSON, run: doShowSSH, pipe: true}
	showMonitoring = &node{text: "monitoring", help: "Where the metrics and the page are", options: onlyJSON, run: doShowMonitoring, pipe: true}
)

// accessItem is a Access as programs see it, and sshItem SSH. A listing has none of what is not configured.
type accessItem struct {
	Listen    netip.AddrPort `json:"listen"`
	Listening bool           `json:"listening"`
	Error     string         `json:"error,omitempty"`
}

type sshItem struct {
	accessItem
	LoginSeconds int `json:"loginSeconds"`
	Tries        int `json:"tries"`
	Sessions     int `json:"sessions"`
	Limit        int `json:"sessionLimit"`
}

func (l Access) item() accessItem { return accessItem{l.At, l.Error == "", l.Error} }

// String is where it listens, or why not.
func (l Access) String() string {
	text := fmt.Sprintf("%v port %d", l.At.Addr(), l.At.Port())
	if l.Error != "" {
		return "not listening on " + text + ": " + l.Error + " (tried again)"
	}
	return "listening on " + text
}

// doShowSSH is worded as a classic router words it.
func doShowSSH(_ context.Context, c *call) error {
	var s SSH
	if c.info.SSH != nil {
		s = c.info.SSH()
	}
	here := 0
	for _, u := range c.info.Lines.Users() {
		if u.From.IsValid() {
			here++
		}
	}
	login := int(s.LoginTime / time.Second)
	switch {
	case c.args.json && s.At.IsValid():
		return writeJSON(c.w, "ssh", []sshItem{{s.item(), login, s.Tries, here, s.Limit}})
	case c.args.json:
		return writeJSON(c.w, "ssh", []sshItem(nil))
	case !s.At.IsValid():
		_, err := fmt.Fprintf(c.w, "SSH Disabled - version 2.0\nSessions: %d\n", here)
		return err
	}
	_, err := fmt.Fprintf(c.w, "SSH Enabled - version 2.0, %v\nAuthentication timeout: %d secs; Authentication retries: %d\nSessions: %d, at most %d\n",
		s.Access, login, s.Tries-1, here, s.Limit)
	return err
}

func doShowMonitoring(_ context.Context, c *call) error {
	var l Access
	if c.info.Monitoring != nil {
		l = c.info.Monitoring()
	}
	switch {
	case c.args.json && l.At.IsValid():
		return writeJSON(c.w, "monitoring", []accessItem{l.item()})
	case c.args.json:
		return writeJSON(c.w, "monitoring", []accessItem(nil))
	case !l.At.IsValid():
		_, err := io.WriteString(c.w, "Monitoring disabled\n")
		return err
	}
	_, err := fmt.Fprintf(c.w, "Monitoring enabled, %v\n", l)
	return err
}
