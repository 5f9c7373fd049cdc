package logging

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"seikan/internal/clocktest"
)

var update = flag.Bool("update", false, "write the golden files anew")

// say logs as package zerolog does.
func say(t *testing.T, l *Log, at time.Time, level, text string) {
	t.Helper()
	object := fmt.Sprintf("{\"level\":%q,\"time\":%q,\"message\":%q}\n", level, at.Format(TimeLayout), text)
	if n, err := l.Write([]byte(object)); n != len(object) || err != nil {
		t.Fatalf("got %d, %v", n, err)
	}
}

// lines is the lines of messages.
func lines(msgs []Message) string {
	var b strings.Builder
	for _, m := range msgs {
		b.WriteString(m.Line + "\n")
	}
	return b.String()
}

func wantLines(t *testing.T, what string, msgs []Message, want string) {
	t.Helper()
	if got := lines(msgs); got != want {
		t.Errorf("%s: got\n%s\nwant\n%s", what, got, want)
	}
}

func monitorOf(t *testing.T, l *Log) *Listener {
	t.Helper()
	s, err := l.Monitor()
	if err != nil {
		t.Fatal(err)
	}
	return s
}

const sessionUp = "%CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 192.0.2.2:500 Id: 192.0.2.2"

// Each place has what its level lets through.
func TestPlaces(t *testing.T) {
	var console bytes.Buffer
	l := New(Config{
		Console: LevelOf(Warning), Monitor: LevelOf(Notice), Buffered: LevelOf(Debug), Trap: LevelOf(Informational),
	}, Options{Console: &console, ConsoleLevel: LevelOf(Debug)})
	l.Tick(t0, "*")
	terminal, collector := monitorOf(t, l), l.Collector("192.0.2.9")
	say(t, l, t0, "info", sessionUp)
	say(t, l, t0.Add(time.Millisecond), "debug", "child SA in use")
	say(t, l, t0.Add(2*time.Millisecond), "info", "child SA up")
	say(t, l, t0.Add(3*time.Millisecond), "error", "no socket")

	up := "*Mar  1 00:00:00.000: " + sessionUp + "\n"
	debug := "*Mar  1 00:00:00.001: %SEIKAN-7-EVENT: child SA in use\n"
	child := "*Mar  1 00:00:00.002: %SEIKAN-6-EVENT: child SA up\n"
	failed := "*Mar  1 00:00:00.003: %SEIKAN-3-EVENT: no socket\n"
	wantLines(t, "monitor", terminal.Queue().Take(), up+failed)
	wantLines(t, "trap", collector.Queue().Take(), up+child+failed)
	wantLines(t, "buffer", l.State().Messages, up+debug+child+failed)
	if got, want := console.String(), `{"level":"error","time":"2026-03-01T00:00:00.003Z","message":"no socket"}`+"\n"; got != want {
		t.Errorf("console: got %q, want %q", got, want)
	}

	terminal.Close()
	terminal.Close()
	l.Configure(Config{Buffered: Off})
	say(t, l, t0, "info", "more")
	wantLines(t, "closed monitor", terminal.Queue().Take(), "")
	if got := len(l.State().Messages); got != 4 {
		t.Errorf("buffer that is off: got %d messages, want the 4 of before", got)
	}
	l.Clear()
	if got := len(l.State().Messages); got != 0 {
		t.Errorf("cleared buffer: got %d messages", got)
	}
}

func TestConsoleLevel(t *testing.T) {
	for _, tt := range []struct {
		name   string
		cfg    Level
		flag   Level
		force  bool
		debug  bool
		passes Severity // the least that is printed; emergencies: none
	}{
		{"nothing said", Default, Default, false, false, Informational},
		{"configuration", LevelOf(Notice), LevelOf(Debug), false, false, Notice},
		{"command line", Default, LevelOf(Debug), false, true, Debug},
		{"command line before configuration", Off, LevelOf(Warning), true, false, Warning},
		{"off", Off, Default, false, false, Emergency},
	} {
		var out bytes.Buffer
		l := New(Config{Console: tt.cfg}, Options{Console: &out, ConsoleLevel: tt.flag, ForceConsole: tt.force})
		for s := Alert; s <= Debug; s++ {
			say(t, l, t0, "info", fmt.Sprintf("%%X-%d-Y: z", s))
		}
		if got := strings.Count(out.String(), "\n"); got != int(tt.passes) {
			t.Errorf("%s: got %d messages, want %d", tt.name, got, tt.passes)
		}
		if got := l.Debugging(); got != tt.debug {
			t.Errorf("%s: debugging: got %v, want %v", tt.name, got, tt.debug)
		}
	}
}

// There is debugging while something takes it.
func TestDebugging(t *testing.T) {
	l := New(Config{Monitor: LevelOf(Debug)}, Options{})
	if l.Debugging() {
		t.Error("with nobody listening")
	}
	s := monitorOf(t, l)
	if !l.Debugging() {
		t.Error("not with a terminal")
	}
	s.Close()
	if l.Debugging() {
		t.Error("with a closed terminal")
	}
	l.Configure(Config{Buffered: LevelOf(Debug)})
	if !l.Debugging() {
		t.Error("not with a buffer")
	}
}

// A terminal that takes nothing loses messages and is told how many, where they were.
func TestQueueTellsLosses(t *testing.T) {
	q := NewQueue(2)
	msg := func(i int) Message {
		text := fmt.Sprintf("%%X-5-Y: %d", i)
		return Message{Seq: uint64(i), Time: t0.Add(time.Duration(i)), Text: text, Line: fmt.Sprintf("%06d: Mar  1: ", i) + text}
	}
	for i := 1; i <= 5; i++ {
		q.Put(msg(i))
	}
	<-q.Ready()
	wantLines(t, "first", q.Take(), "000001: Mar  1: %X-5-Y: 1\n000002: Mar  1: %X-5-Y: 2\n000005: Mar  1: %SYS-4-LOGGING_LOST: 3 messages lost\n")
	wantLines(t, "empty", q.Take(), "")
	q.Put(msg(6))
	wantLines(t, "then", q.Take(), "000006: Mar  1: %X-5-Y: 6\n")
	for i := 7; i <= 9; i++ {
		q.Put(msg(i))
	}
	wantLines(t, "one", q.Take(), "000007: Mar  1: %X-5-Y: 7\n000008: Mar  1: %X-5-Y: 8\n000009: Mar  1: %SYS-4-LOGGING_LOST: 1 message lost\n")
	q.Lose(2)
	if got := q.Lost(); got != 6 {
		t.Errorf("lost: got %d, want 6", got)
	}
}

func TestRateLimit(t *testing.T) {
	l := New(Config{RateLimit: 2, Except: LevelOf(Error)}, Options{})
	for range 5 {
		say(t, l, t0, "warn", "%CRYPTO-4-RECVD_PKT_INV_SPI: x")
	}
	say(t, l, t0, "info", sessionUp)
	say(t, l, t0, "error", "%IKEV2-3-NEG_ABORT: x")
	l.Tick(t0.Add(999*time.Millisecond), "")
	inv := "Mar  1 00:00:00.000: %CRYPTO-4-RECVD_PKT_INV_SPI: x\n"
	before := inv + inv + "Mar  1 00:00:00.000: %IKEV2-3-NEG_ABORT: x\n"
	wantLines(t, "in the first second", l.State().Messages, before)
	l.Tick(t0.Add(time.Second), "")
	before += "Mar  1 00:00:01.000: %SYS-4-LOGGING_LIMIT: 4 messages dropped by the rate limit: 3 CRYPTO-4-RECVD_PKT_INV_SPI, 1 CRYPTO-5-SESSION_STATUS\n"
	wantLines(t, "after it", l.State().Messages, before)
	l.Tick(t0.Add(2*time.Second), "")
	wantLines(t, "nothing more to tell", l.State().Messages, before)
	if got := l.State().RateLimited; got != 4 {
		t.Errorf("rate limited: got %d, want 4", got)
	}

	// A message tells of those before it, when nobody told the time.
	l.Clear()
	for range 3 {
		say(t, l, t0.Add(10*time.Second), "warn", "x")
	}
	say(t, l, t0.Add(11*time.Second), "warn", "y")
	x := "Mar  1 00:00:10.000: %SEIKAN-4-EVENT: x\n"
	wantLines(t, "a message", l.State().Messages, x+x+
		"Mar  1 00:00:11.000: %SYS-4-LOGGING_LIMIT: 1 message dropped by the rate limit: 1 SEIKAN-4-EVENT\n"+
		"Mar  1 00:00:11.000: %SEIKAN-4-EVENT: y\n")

	// A clock that was set back does not stop the log.
	l.Clear()
	say(t, l, t0.Add(-time.Hour), "warn", "z")
	say(t, l, t0.Add(-time.Hour), "warn", "z")
	say(t, l, t0.Add(-time.Hour+time.Second), "warn", "z")
	if got := strings.Count(lines(l.State().Messages), "z\n"); got != 2 {
		t.Errorf("a clock that was set back: got %d messages, want 2", got)
	}
	l.Tick(t0.Add(20*time.Second), "")
	l.Configure(Config{})
	l.Clear()
	for range 10 {
		say(t, l, t0, "warn", "z")
	}
	if got := len(l.State().Messages); got != 10 {
		t.Errorf("without a limit: got %d messages, want 10", got)
	}
}

// However many kinds of messages are dropped, what is told stays short.
func TestRateLimitManyKinds(t *testing.T) {
	l := New(Config{RateLimit: 1}, Options{})
	for i := range 100 {
		say(t, l, t0, "info", fmt.Sprintf("%%X-5-M%02d: x", i))
	}
	l.Tick(t0.Add(time.Second), "")
	msgs := l.State().Messages
	if got, want := msgs[len(msgs)-1].Text, "%SYS-4-LOGGING_LIMIT: 99 messages dropped by the rate limit: 67 others, 1 X-5-M01, 1 X-5-M02, 1 X-5-M03, 29 others"; got != want {
		t.Errorf("got  %s\nwant %s", got, want)
	}
}

func TestBufferSize(t *testing.T) {
	l := New(Config{BufferSize: MinBufferSize}, Options{})
	for i := range 200 {
		say(t, l, t0, "info", fmt.Sprintf("%%X-5-Y: %03d", i))
	}
	s := l.State()
	octets := 0
	for _, m := range s.Messages {
		octets += octetsOf(m)
	}
	if last := s.Messages[len(s.Messages)-1].Text; octets > MinBufferSize || octets < MinBufferSize-200 || last != "%X-5-Y: 199" {
		t.Errorf("got %d octets, the last message %q", octets, last)
	}
	if got := int(s.Overwritten) + len(s.Messages); got != 200 {
		t.Errorf("got %d messages in all, want 200", got)
	}
	l.Configure(Config{BufferSize: MinBufferSize / 2})
	if got := len(l.State().Messages); got > len(s.Messages)/2+1 || got == 0 {
		t.Errorf("half of the room: got %d messages of %d", got, len(s.Messages))
	}
}

func TestMonitors(t *testing.T) {
	l := New(Config{}, Options{})
	var all []*Listener
	for range maxMonitors {
		all = append(all, monitorOf(t, l))
	}
	if _, err := l.Monitor(); err != ErrMonitors {
		t.Errorf("one more: got %v, want %v", err, ErrMonitors)
	}
	all[3].Close()
	monitorOf(t, l)
}

func TestShow(t *testing.T) {
	l := New(Config{Monitor: LevelOf(Notice), Trap: Off, RateLimit: 3}, Options{})
	l.Tick(t0, "*")
	monitorOf(t, l)
	a, b := l.Collector("192.0.2.9 (tcp port 601)"), l.Collector("local daemon")
	a.SetState("up")
	a.Sent(3)
	a.Queue().Lose(1)
	b.SetState("down: no such file")
	say(t, l, t0, "info", sessionUp)
	say(t, l, t0, "info", "child SA up")
	say(t, l, t0, "info", "x")
	say(t, l, t0, "info", "dropped")
	if _, err := l.Write([]byte("no message")); err != nil {
		t.Error(err)
	}
	var text, object bytes.Buffer
	if err := l.State().Render(&text); err != nil {
		t.Fatal(err)
	}
	if err := l.State().RenderJSON(&object); err != nil {
		t.Fatal(err)
	}
	golden(t, "show.golden", text.Bytes())
	golden(t, "show.json.golden", object.Bytes())
}

func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Errorf("%s: got\n%s\nwant\n%s", name, got, want)
	}
}

// Everything may be done at once.
func TestConcurrent(t *testing.T) {
	l := New(Config{RateLimit: 50}, Options{Console: &lockedBuffer{}})
	var all sync.WaitGroup
	for range 4 {
		all.Go(func() {
			for i := range 100 {
				say(t, l, t0.Add(time.Duration(i)*time.Second), "info", "x")
			}
		})
	}
	all.Go(func() {
		for i := range 20 {
			l.Tick(t0.Add(time.Duration(i)*time.Second), "")
			l.Configure(Config{RateLimit: i})
			s := monitorOf(t, l)
			s.Queue().Take()
			s.SetState("up")
			l.Clear()
			l.State()
			s.Close()
		}
	})
	all.Wait()
}

type lockedBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

// The time since the start is how long that is, also where the system's clock was set.
func TestUptimeOfASteppedClock(t *testing.T) {
	began := time.Now()
	for _, step := range []time.Duration{0, time.Hour, -time.Hour} {
		l := New(Config{Stamps: Stamps{Kind: Uptime}, Monitor: LevelOf(Debug)}, Options{Clock: Clock{Started: began}})
		terminal := monitorOf(t, l)
		now := clocktest.Step(t, began.Add(2*time.Minute), step)
		l.Tick(now, "")
		say(t, l, now.Add(500*time.Millisecond), "info", "%SYS-6-TEST: a message")
		wantLines(t, fmt.Sprintf("a step of %v", step), terminal.Queue().Take(), "00:02:00: %SYS-6-TEST: a message\n")
	}
}
