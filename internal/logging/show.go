package logging

import (
	"encoding/json"
	"fmt"
	"io"
	"strings"
)

// State is the log as `show logging` prints it. It is a copy.
type State struct {
	Dropped     uint64         `json:"dropped"` // lost to places that were slow or gone
	RateLimited uint64         `json:"rateLimited"`
	Malformed   uint64         `json:"malformed"`
	Console     PlaceState     `json:"console"`
	Monitor     PlaceState     `json:"monitor"`
	Buffer      PlaceState     `json:"buffer"`
	Trap        PlaceState     `json:"trap"`
	Terminals   []ListenerInfo `json:"terminals,omitempty"`
	Collectors  []ListenerInfo `json:"collectors,omitempty"`
	Overwritten uint64         `json:"overwritten"`
	Size        int            `json:"bufferSize"`
	Messages    []Message      `json:"-"` // in the buffer, the oldest first
}

// PlaceState is a sort of places.
type PlaceState struct {
	Level  string `json:"level"`
	Logged uint64 `json:"logged"` // messages
}

// ListenerInfo is one place with a queue.
type ListenerInfo struct {
	Name  string `json:"name"`
	State string `json:"state,omitempty"` // of a collector
	Sent  uint64 `json:"sent"`
	Lost  uint64 `json:"lost"`
}

// State is the log as it is now.
func (l *Log) State() State {
	l.mu.Lock()
	defer l.mu.Unlock()
	of := func(p place) PlaceState { return PlaceState{l.level(p).String(), l.logged[p]} }
	s := State{
		Dropped: l.lostBefore, RateLimited: l.limit.dropped, Malformed: l.malformed,
		Console: of(console), Monitor: of(monitor), Buffer: of(buffered), Trap: of(trap),
		Overwritten: l.buffer.overwritten, Size: l.buffer.limit, Messages: l.buffer.copy(),
	}
	for _, o := range l.listeners {
		info := ListenerInfo{Name: o.name, Sent: o.sent, Lost: o.queue.Lost()}
		s.Dropped += info.Lost
		if o.place == monitor {
			s.Terminals = append(s.Terminals, info)
		} else {
			info.State = o.state
			s.Collectors = append(s.Collectors, info)
		}
	}
	return s
}

// Render writes the text of `show logging`.
func (s State) Render(w io.Writer) error {
	var b strings.Builder
	fmt.Fprintf(&b, "Syslog logging: enabled (%d messages dropped, %d messages rate-limited)\n\n", s.Dropped, s.RateLimited)
	fmt.Fprintf(&b, "    Console logging: %s\n", s.Console)
	fmt.Fprintf(&b, "    Monitor logging: %s\n", s.Monitor)
	for _, t := range s.Terminals {
		fmt.Fprintf(&b, "        Logging to: %s, %d message lines logged, %d message lines dropped\n", t.Name, t.Sent, t.Lost)
	}
	fmt.Fprintf(&b, "    Buffer logging:  %s, %d messages overwritten\n", s.Buffer, s.Overwritten)
	fmt.Fprintf(&b, "    Trap logging: %s\n", s.Trap)
	for _, c := range s.Collectors {
		fmt.Fprintf(&b, "        Logging to %s, link %s,\n              %d message lines logged, %d message lines dropped\n", c.Name, c.State, c.Sent, c.Lost)
	}
	fmt.Fprintf(&b, "\nLog Buffer (%d bytes):\n\n", s.Size)
	for _, m := range s.Messages {
		b.WriteString(m.Line)
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func (p PlaceState) String() string {
	if p.Level == Off.String() {
		return p.Level
	}
	return fmt.Sprintf("level %s, %d messages logged", p.Level, p.Logged)
}

// RenderJSON writes the same for programs, with the messages as they were logged.
func (s State) RenderJSON(w io.Writer) error {
	type message struct {
		Seq      uint64          `json:"seq"`
		Severity Severity        `json:"severity"`
		Mnemonic string          `json:"mnemonic"`
		Line     string          `json:"line"`
		Fields   json.RawMessage `json:"fields"`
	}
	out := struct {
		State
		Messages []message `json:"messages,omitempty"`
	}{State: s}
	for _, m := range s.Messages {
		out.Messages = append(out.Messages, message{m.Seq, m.Severity, m.Mnemonic, m.Line, m.JSON})
	}
	text, err := json.MarshalIndent(out, "", "  ")
	if err != nil {
		return fmt.Errorf("logging: json: %w", err)
	}
	_, err = w.Write(append(text, '\n'))
	return err
}
