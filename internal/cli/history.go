package cli

import (
	"context"
	"io"
	"net/url"
	"slices"
	"strings"
)

// The commands that were given at a terminal are the client's to remember. They travel with its requests, escaped, with commas between, and
// never back. Lines that were refused are not among them, nor are those of a configuration: there may be a key in one, and it may have been
// given in the wrong place.
const (
	settingHistory = "history="

	historyLines  = 20
	historyOctets = 4096 // escaped
)

var showHistory = &node{text: "history", help: "Commands that were given at this terminal, the oldest first", options: onlyJSON, run: doShowHistory, pipe: true}

func doShowHistory(_ context.Context, c *call) error {
	if c.args.json {
		return writeJSON(c.w, "commands", c.settings.history)
	}
	var b strings.Builder
	for _, line := range c.settings.history {
		b.WriteString("  " + line + "\n")
	}
	_, err := io.WriteString(c.w, b.String())
	return err
}

// history is the escaped lines, the oldest first.
type history []string

// add remembers a line, unless it is the last one again.
func (h *history) add(line string) {
	text := url.QueryEscape(strings.TrimSpace(line))
	if text == "" || len(*h) > 0 && (*h)[len(*h)-1] == text {
		return
	}
	*h = append(*h, text)
	for len(*h) > historyLines || len(h.String()) > historyOctets {
		*h = slices.Delete(*h, 0, 1)
	}
}

// String is the lines as they travel.
func (h history) String() string { return strings.Join(h, ",") }

// parseHistory reads what String wrote.
func parseHistory(text string) (lines []string) {
	for part := range strings.SplitSeq(text, ",") {
		if line, err := url.QueryUnescape(part); err == nil && line != "" && len(lines) < historyLines {
			lines = append(lines, clean(line))
		}
	}
	return lines
}
