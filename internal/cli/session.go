package cli

import (
	"context"
	"fmt"
	"strings"
	"time"
)

// Commands about the terminal itself, and the time.
var (
	showClock     = &node{text: "clock", help: "Time of the router", options: onlyJSON, run: doShowClock, pipe: true}
	showPrivilege = &node{text: "privilege", help: "Whether privileged commands are turned on", options: onlyJSON, run: doShowPrivilege, pipe: true}
)

// doShowClock has an asterisk before a time that nothing keeps right.
func doShowClock(_ context.Context, c *call) error {
	now, right := time.Now(), true
	if c.info.Clock != nil {
		now, right = c.info.Clock()
	}
	if c.args.json {
		return writeObject(c.w, struct {
			Time   time.Time `json:"time"`
			Synced bool      `json:"synchronized"`
		}{now, right})
	}
	mark := ""
	if !right {
		mark = "*"
	}
	_, err := fmt.Fprintf(c.w, "%s%s\n", mark, now.Format("15:04:05.000 MST Mon Jan 2 2006"))
	return err
}

func doShowPrivilege(_ context.Context, c *call) error {
	level := 15
	if c.settings.user {
		level = 1
	}
	if c.args.json {
		return writeObject(c.w, struct {
			Level int `json:"privilegeLevel"`
		}{level})
	}
	_, err := fmt.Fprintf(c.w, "Current privilege level is %d\n", level)
	return err
}

func showVersion(_ context.Context, c *call) error {
	if c.args.json {
		return writeObject(c.w, struct {
			Version []string `json:"version"` // a line each
		}{strings.Split(strings.TrimSuffix(c.info.Version, "\n"), "\n")})
	}
	return writeText(c.w, c.info.Version)
}
