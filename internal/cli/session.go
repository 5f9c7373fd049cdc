package cli

import (
	"context"
	"fmt"
	"io"
	"time"
)

// Commands about the terminal itself, and the time.
var (
	showClock     = &node{text: "clock", help: "Time of the router", run: doShowClock, pipe: true}
	showPrivilege = &node{text: "privilege", help: "Whether privileged commands are turned on", run: doShowPrivilege, pipe: true}
)

// doShowClock has an asterisk before a time that nothing keeps right.
func doShowClock(_ context.Context, c *call) error {
	now, right := time.Now(), true
	if c.info.Clock != nil {
		now, right = c.info.Clock()
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
	_, err := io.WriteString(c.w, fmt.Sprintf("Current privilege level is %d\n", level))
	return err
}
