package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
)

// Configurator is the configuration as operators change it. Its methods are called by several goroutines at once.
//
// A path is the lines that lead to a mode: none to the global one.
type Configurator interface {
	Hostname() string            // now, for the prompt
	Prompt(path []string) string // the mode as it stands in the prompt, such as "(config-if)"
	// Choices are the words that may stand at the end of a line; whole reports whether it may also end there.
	Choices(path []string, line string) (words []ConfigWord, whole bool, err error)
	// Configure carries out a line. It is in force a moment after the last of the lines that come together, at the end of the configuration, or
	// with Settle, unless Pending says something.
	Configure(ctx context.Context, path []string, line string) (ConfigEdit, error)
	Settle(ctx context.Context) // puts in force what was given, before anything else is done
	Pending() []string          // why the configuration is not in force, or what of it is not, a line each
	Configured(by string)       // somebody who has changed something leaves the configuration

	Startup() (string, error) // text that the router starts with, without keys
	Save(file string) error   // writes the configuration; "": where the router starts from
	// Replace puts a file's configuration in the place of all that there is, and goes back as RevertAfter does unless revert is 0.
	Replace(ctx context.Context, by, file string, revert time.Duration) error
	// Merge carries out the lines of a file, "" for what the router starts from, in the configuration that there is: all or none of them.
	Merge(ctx context.Context, by, file string) error
	RevertAfter(d time.Duration)                 // goes back to what is in force now unless Confirm is called in time
	Confirm() error                              // stops that
	Revert(ctx context.Context, by string) error // goes back at once
}

// ConfigEdit is what became of a line.
type ConfigEdit struct {
	Path    []string // of the mode that the next line is for
	Left    bool     // there is none: the operator leaves the configuration
	Changed bool     // something is another now
	Note    string   // for the operator; "": none
}

// ConfigWord is a word of a configuration and its help. A word in capitals is a placeholder.
type ConfigWord struct{ Word, Help string }

// LineProblem is why a line of a configuration is not taken.
type LineProblem uint8

// Problems of lines.
const (
	LineInvalid    LineProblem = iota // a word is not understood
	LineAmbiguous                     // a word is short for several
	LineIncomplete                    // a word is missing
	LineRefused                       // the words are all right, and what they say is not
)

// LineError is a line of a configuration that is not taken.
type LineError struct {
	Problem  LineProblem
	Column   int    // of the word, in characters from 0
	Expected string // what would be right there
}

func (e *LineError) Error() string { return "cli: expected " + e.Expected }

const noConfig = refusal("% This router's configuration cannot be changed from here.")

// configuring is an action that needs the configuration.
func configuring(do func(ctx context.Context, c *call) error) action {
	return func(ctx context.Context, c *call) error {
		if c.info.Config == nil {
			return noConfig
		}
		return do(ctx, c)
	}
}

// Commands of the configuration.
var (
	configureNode = &node{text: "configure", help: "Enter configuration mode", privileged: true, next: []*node{
		{text: "confirm", help: "Keep what was configured, and do not go back", run: configuring(func(_ context.Context, c *call) error {
			return c.info.Config.Confirm()
		})},
		{text: "memory", help: "Add the lines of what the router starts with", run: configuring(mergeConfig), time: mergeTime},
		{text: "replace", help: "Replace the configuration with that of a file", options: []*option{intoFile, inTime}, run: configuring(replaceConfig)},
		{text: "revert", help: "Go back to the configuration before", next: []*node{
			{text: "now", help: "At once", run: configuring(revertConfig)},
		}},
		{text: "terminal", help: "Configure from the terminal", options: []*option{byRevert}, run: configuring(configureTerminal)},
	}}
	copyNode = &node{text: "copy", help: "Copy from one file to another", privileged: true, options: []*option{fromFile}, run: configuring(copyFile), time: mergeTime, next: []*node{
		{text: "running-config", help: "Configuration that the router runs with", options: []*option{intoFile}, run: configuring(copyConfig), next: []*node{
			{text: "startup-config", help: "Configuration that the router starts with", run: configuring(writeMemory)},
		}},
		{text: "startup-config", help: "Configuration that the router starts with", next: []*node{
			{text: "running-config", help: "Into the one that it runs with, line by line", run: configuring(mergeConfig), time: mergeTime},
		}},
	}}
	writeNode = &node{text: "write", help: "Write the configuration", privileged: true, run: configuring(writeMemory), next: []*node{
		{text: "memory", help: "To where the router starts from", run: configuring(writeMemory)},
		{text: "terminal", help: "To the screen", run: showRunning, pipe: true},
	}}
	showStartup = &node{text: "startup-config", help: "Configuration that the router starts with", privileged: true, run: configuring(func(_ context.Context, c *call) error {
		text, err := c.info.Config.Startup()
		if err == nil {
			_, err = io.WriteString(c.w, text)
		}
		return err
	}), pipe: true}

	fromFile = &option{value: kindFile, set: func(a *args, v any) { a.file = v.(string) }, next: []*option{
		{text: "running-config", help: "Into the configuration that the router runs with, line by line", set: func(a *args, _ any) { a.chosen = true }},
	}}
	intoFile = &option{value: kindFile, set: func(a *args, v any) { a.file = v.(string) }}
	inTime   = &option{text: "time", help: "Go back unless it is confirmed in time", value: kindMinutes, set: setRevert}
	byRevert = &option{text: "revert", help: "Go back unless it is confirmed in time", next: []*option{
		{text: "timer", help: "How long to wait", value: kindMinutes, set: setRevert},
	}}
)

func setRevert(a *args, v any) { a.revert = time.Duration(v.(uint32)) * time.Minute }

func configureTerminal(_ context.Context, c *call) error {
	if !c.settings.keeps {
		return refusal("% Only a terminal or a file of commands can configure.")
	}
	if c.args.revert > 0 {
		c.info.Config.RevertAfter(c.args.revert)
	}
	c.settings.configuring, c.settings.path = true, nil
	_, err := io.WriteString(c.w, "Enter configuration commands, one per line.  End with CNTL/Z.\n")
	return err
}

func replaceConfig(ctx context.Context, c *call) error {
	if err := c.checkFile(); err != nil {
		return err
	}
	if err := c.info.Config.Replace(ctx, c.operator(), c.args.file, c.args.revert); err != nil {
		return err
	}
	return c.pending(c.w)
}

func revertConfig(ctx context.Context, c *call) error {
	if err := c.info.Config.Revert(ctx, c.operator()); err != nil {
		return err
	}
	return c.pending(c.w)
}

// checkFile refuses paths from those who are elsewhere: they have the router's configurations, not its machine.
func (c *call) checkFile() error {
	switch file := c.args.file; {
	case file == "":
		return errIncomplete
	case !c.settings.files && (strings.ContainsAny(file, "/\\") || file == "." || file == ".."):
		return refusal("% From here only files beside the startup configuration can be named, by their names alone.")
	}
	return nil
}

// mergeTime is how long the lines of a file may take.
const mergeTime = time.Minute

func copyFile(ctx context.Context, c *call) error {
	if err := c.checkFile(); err != nil {
		return err
	}
	return mergeConfig(ctx, c)
}

// mergeConfig adds the lines of the file that was named, or of what the router starts with.
func mergeConfig(ctx context.Context, c *call) error {
	if err := c.info.Config.Merge(ctx, c.operator(), c.args.file); err != nil {
		return err
	}
	return c.pending(c.w)
}

func copyConfig(_ context.Context, c *call) error {
	if err := c.checkFile(); err != nil {
		return err
	}
	return c.info.Config.Save(c.args.file)
}

func writeMemory(_ context.Context, c *call) error {
	if _, err := io.WriteString(c.w, "Building configuration...\n"); err != nil {
		return err
	}
	if err := c.info.Config.Save(""); err != nil {
		return err
	}
	_, err := io.WriteString(c.w, "[OK]\n")
	return err
}

// configure carries out a line of a configuration, or the command behind `do`.
func (s *shell) configure(ctx context.Context, line string, w io.Writer) error {
	switch ts := tokens(line); {
	case len(ts) == 0 || !strings.EqualFold(ts[0].text, "do"):
	case len(ts) == 1:
		return errIncomplete
	default:
		return s.do(ctx, strings.Repeat(" ", ts[1].at)+line[ts[1].at:], w)
	}
	ctx, cancel := context.WithTimeout(ctx, commandTime)
	defer cancel()
	e, err := s.info.Config.Configure(ctx, s.settings.path, line)
	if err != nil {
		return err
	}
	s.settings.configuring, s.settings.path, s.settings.changed = !e.Left, e.Path, s.settings.changed || e.Changed
	if line := s.info.Lines.find(s.settings.line); line != nil && e.Changed {
		line.changed.Store(true)
	}
	if e.Note != "" {
		if _, err := io.WriteString(w, "% "+e.Note+"\n"); err != nil {
			return err
		}
	}
	if e.Left {
		s.configured()
		return s.pending(w)
	}
	return nil
}

// pending says what is not in force.
func (s *shell) pending(w io.Writer) error {
	for _, text := range s.info.Config.Pending() {
		if _, err := io.WriteString(w, "% "+text+"\n"); err != nil {
			return err
		}
	}
	return nil
}

// configured tells of the end of a configuration that has changed something.
func (s *shell) configured() {
	if s.settings.changed {
		s.info.Config.Configured(s.operator())
	}
	s.settings.changed = false
	if line := s.info.Lines.find(s.settings.line); line != nil {
		line.changed.Store(false)
	}
}

// operator is who gives commands, as the log is to say.
func (s *shell) operator() string {
	if line := s.info.Lines.find(s.settings.line); line != nil {
		return line.operator()
	}
	return "console"
}

// complaintOf is what the operator reads about a line of a configuration. mark writes a line with a mark under a column.
func complaintOf(e *LineError, line string, mark func(column int) string) string {
	switch e.Problem {
	case LineAmbiguous:
		return ambiguous(line)
	case LineIncomplete:
		return "% Incomplete command.\n\n"
	case LineRefused:
		return mark(e.Column) + "% Expected: " + e.Expected + "\n\n"
	}
	return mark(e.Column) + "% Invalid input detected at '^' marker.\n\n"
}

// configHelp is the answer to a `?` behind a line of a configuration.
func (s *shell) configHelp(line string) string {
	if rest, ok := cutDo(line); ok {
		return help(rest, false)
	}
	rows, err := s.configRows(line)
	part := lastWord(line)
	var bad *LineError
	switch {
	case errors.As(err, &bad) && bad.Problem == LineAmbiguous:
		return ambiguous(line)
	case err != nil:
		return unrecognized
	case part == "":
		return table(rows)
	}
	return words(rows, part)
}

func (s *shell) configRows(line string) ([]row, error) {
	list, whole, err := s.info.Config.Choices(s.settings.path, line)
	if err != nil {
		return nil, err
	}
	var rows []row
	for _, c := range list {
		rows = append(rows, row{c.Word, c.Help})
	}
	if whole {
		rows = append(rows, crRow)
	}
	return rows, nil
}

// configComplete is complete for a line of a configuration.
func (s *shell) configComplete(line string) string {
	if rest, ok := cutDo(line); ok {
		return line[:len(line)-len(rest)] + complete(rest, false)
	}
	rows, err := s.configRows(line)
	if err != nil {
		return line
	}
	return completed(line, rows)
}

// cutDo is the command behind `do`.
func cutDo(line string) (string, bool) {
	ts := tokens(line)
	if len(ts) == 0 || !strings.EqualFold(ts[0].text, "do") || len(line) == ts[0].at+len("do") {
		return "", false
	}
	return line[ts[0].at+len("do "):], true
}

// prompt is what stands in front of what is typed.
func (s *shell) prompt() string {
	name, mode := s.info.Hostname, ""
	if s.info.Config != nil {
		name = s.info.Config.Hostname()
		if s.configuring() {
			mode = s.info.Config.Prompt(s.settings.path)
		}
	}
	if name == "" {
		name = defaultHostname
	}
	if s.settings.user {
		return name + ">"
	}
	return fmt.Sprintf("%s%s#", name, mode)
}
