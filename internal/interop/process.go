package interop

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// patience is how long the bench waits for what should happen at once; the machine may be very busy.
const patience = time.Minute

// process is a program that runs beside the test. What it prints goes to a file.
type process struct {
	cmd  *exec.Cmd
	log  string // path of the file
	done chan struct{}
	err  error // of Wait; after done is closed
}

// start starts a program, and kills it when the test ends if it still runs then.
func start(t testing.TB, c *exec.Cmd, log string) *process {
	t.Helper()
	f, err := os.OpenFile(log, os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	c.Stdout, c.Stderr = f, f
	dieWithParent(c)
	if err := c.Start(); err != nil {
		t.Fatalf("%s: %v", strings.Join(c.Args, " "), err)
	}
	p := &process{cmd: c, log: log, done: make(chan struct{})}
	go func() {
		p.err = c.Wait()
		close(p.done)
	}()
	t.Cleanup(func() {
		if err := c.Process.Kill(); err != nil && !errors.Is(err, os.ErrProcessDone) {
			t.Errorf("%s: %v", filepath.Base(c.Path), err)
		}
		<-p.done
	})
	return p
}

// signal sends a signal and waits for the end, which must be a clean one.
func (p *process) signal(t testing.TB, s os.Signal) {
	t.Helper()
	if err := p.cmd.Process.Signal(s); err != nil {
		t.Fatalf("%s: %v\n%s", strings.Join(p.cmd.Args, " "), err, p.output(t))
	}
	select {
	case <-p.done:
	case <-time.After(patience):
		t.Fatalf("%s: still runs %v after %v", strings.Join(p.cmd.Args, " "), patience, s)
	}
	if p.err != nil {
		t.Fatalf("%s: after %v: %v\n%s", strings.Join(p.cmd.Args, " "), s, p.err, p.output(t))
	}
}

// ended reports whether the program is no longer there.
func (p *process) ended() bool {
	select {
	case <-p.done:
		return true
	default:
		return false
	}
}

// output is what the program printed so far.
func (p *process) output(t testing.TB) string {
	t.Helper()
	return readFile(t, p.log)
}

// readFile is the content of a file, nothing when it is not there yet.
func readFile(t testing.TB, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	return string(b)
}

// Eventually waits until ok holds, and ends the test where it never does. ok gives what it saw, for the message.
func Eventually(t testing.TB, what string, ok func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(patience)
	for {
		good, saw := ok()
		if good {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not within %v; saw:\n%s", what, patience, saw)
		}
		time.Sleep(20 * time.Millisecond)
	}
}
