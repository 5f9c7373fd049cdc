package interop

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"
)

// pingSummary is the last but one line of ping.
var pingSummary = regexp.MustCompile(`(?m)^(\d+) packets transmitted, (\d+) received`)

// Ping sends n echo requests from one address to another and ends the test unless each was answered, once.
func (n *Namespace) Ping(t testing.TB, from, to string, count int) {
	t.Helper()
	if sent, received, out := n.TryPing(t, from, to, count); sent != count || received != count || strings.Contains(out, "DUP!") {
		t.Fatalf("ping %s from %s: got %d answers to %d requests, want %d\n%s", to, from, received, sent, count, out)
	}
}

// TryPing sends n echo requests and gives how many were sent and answered, and what ping printed. more are further options of ping.
func (n *Namespace) TryPing(t testing.TB, from, to string, count int, more ...string) (sent, received int, out string) {
	t.Helper()
	// Ping waits for the last answer no longer than its interval.
	args := append(more, "-n", "-I", from, "-c", strconv.Itoa(count), "-i", "0.2", "-W", "5", to)
	b, _ := n.command("ping", args...).CombinedOutput()
	sent, received = pingCounts(t, string(b))
	return sent, received, string(b)
}

func pingCounts(t testing.TB, out string) (sent, received int) {
	t.Helper()
	m := pingSummary.FindStringSubmatch(out)
	if m == nil {
		t.Fatalf("ping gave no summary:\n%s", out)
	}
	sent, _ = strconv.Atoi(m[1])
	received, _ = strconv.Atoi(m[2])
	return sent, received
}

// Pinger is a ping that goes on.
type Pinger struct{ p *process }

// StartPing sends an echo request every interval until Stop. more are further options of ping.
func (n *Namespace) StartPing(t testing.TB, from, to string, interval time.Duration, more ...string) *Pinger {
	t.Helper()
	c := n.command("ping", append(more, "-n", "-I", from, "-i", fmt.Sprintf("%.3f", interval.Seconds()), to)...)
	return &Pinger{start(t, c, filepath.Join(t.TempDir(), "ping.log"))}
}

// echoReply is a line of ping for one answer.
var echoReply = regexp.MustCompile(`icmp_seq=(\d+) `)

// Stop ends the ping and gives how many requests there were. The test ends unless each was answered once, up to the last one that
// was: ping does not wait for answers that are on their way when it is told to end. The router's counters tell of those.
func (p *Pinger) Stop(t testing.TB) int {
	t.Helper()
	p.p.signal(t, os.Interrupt)
	out := p.p.output(t)
	sent, received := pingCounts(t, out)
	last := 0
	for _, m := range echoReply.FindAllStringSubmatch(out, -1) {
		seq, _ := strconv.Atoi(m[1])
		last = max(last, seq)
	}
	if received == 0 || received != last || strings.Contains(out, "DUP!") {
		t.Fatalf("ping: got %d answers to the first %d requests\n%s", received, last, tail(out, 60))
	}
	return sent
}

// Stream is how iperf3 sends TCP. The zero value: one stream from the client.
type Stream struct {
	Seconds int  // default: as long as some megabytes take, on a busy machine and to a slow peer
	Streams int  // at once; default: 1
	Reverse bool // the server sends
}

// Transfer is what came of an iperf3 run.
type Transfer struct {
	Octets        int64 // that arrived
	BitsPerSecond float64
}

// TransferTCP runs iperf3 from this namespace, where the client is, to an address at the other end; with reverse the server sends. It ends the test unless data arrived.
func (n *Namespace) TransferTCP(t testing.TB, other *Namespace, from, to string, reverse bool) Transfer {
	t.Helper()
	return n.Stream(t, other, from, to, Stream{Reverse: reverse})
}

// Stream runs iperf3 from this namespace, where the client is, to an address at the other end. It ends the test unless data arrived.
func (n *Namespace) Stream(t testing.TB, other *Namespace, from, to string, s Stream) Transfer {
	t.Helper()
	server := start(t, other.command("iperf3", "--server", "--one-off", "--bind", to, "--forceflush"), filepath.Join(t.TempDir(), "iperf3.log"))
	Eventually(t, "iperf3 server", func() (bool, string) {
		out := server.output(t)
		return strings.Contains(out, "Server listening"), out
	})
	// The default congestion control of a machine may be one that a namespace cannot use.
	args := []string{"120", "iperf3", "--client", to, "--bind", from, "--parallel", strconv.Itoa(max(s.Streams, 1)), "--congestion", "cubic", "--json"}
	if s.Seconds > 0 {
		args = append(args, "--time", strconv.Itoa(s.Seconds))
	} else {
		args = append(args, "--bytes", "8M")
	}
	if s.Reverse {
		args = append(args, "--reverse")
	}
	out, err := n.command("timeout", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("iperf3: %v\n%s", err, out)
	}
	// The next one listens where it does.
	Eventually(t, "the iperf3 server ends", func() (bool, string) { return server.ended(), server.output(t) })
	var report struct {
		End struct {
			Received struct {
				Bytes         int64   `json:"bytes"`
				BitsPerSecond float64 `json:"bits_per_second"`
			} `json:"sum_received"`
		} `json:"end"`
	}
	if err := json.Unmarshal(out, &report); err != nil {
		t.Fatalf("iperf3: %v\n%s", err, out)
	}
	x := Transfer{report.End.Received.Bytes, report.End.Received.BitsPerSecond}
	if x.Octets == 0 {
		t.Fatalf("iperf3: nothing arrived\n%s", out)
	}
	return x
}

// tail is the last lines of a text.
func tail(s string, lines int) string {
	all := strings.SplitAfter(s, "\n")
	return strings.Join(all[max(0, len(all)-lines):], "")
}
