package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"seikan/internal/ping"
)

// noLive is for replies that must not be live.
func noLive() (io.Writer, func(), error) { return io.Discard, func() {}, nil }

// fakePing answers as its script says, over again.
func fakePing(script ...ping.Result) func(context.Context, ping.Request, func(ping.Result) error) error {
	return func(_ context.Context, r ping.Request, take func(ping.Result) error) error {
		if err := fmt.Sprintf("%v", r.To); err == "192.0.2.99" {
			return errFake
		}
		for i := range r.Count {
			if err := take(script[i%len(script)]); err != nil {
				return err
			}
		}
		return nil
	}
}

const escape = "Type escape sequence to abort.\n"

func TestPing(t *testing.T) {
	ms := func(n float64) ping.Result { return ping.Result{Time: time.Duration(n * float64(time.Millisecond))} }
	of := func(a ping.Answer) ping.Result { return ping.Result{Answer: a} }
	var all []ping.Result
	for a := ping.Reply; a <= ping.Unknown; a++ {
		all = append(all, of(a))
	}
	for _, tt := range []struct {
		line   string
		script []ping.Result
		want   string
		o      outcome
	}{
		{"ping 10.2.2.9", []ping.Result{ms(1), ms(2), ms(4), ms(1.4), ms(1.6)},
			escape + "Sending 5, 100-byte ICMP Echos to 10.2.2.9, timeout is 2 seconds:\n!!!!!\nSuccess rate is 100 percent (5/5), round-trip min/avg/max = 1/2/4 ms\n", done},
		{"ping ip 10.2.2.9 repeat 3 size 1500 timeout 1 df-bit", []ping.Result{ms(0.1), of(ping.TooBig), of(ping.Timeout)},
			escape + "Sending 3, 1500-byte ICMP Echos to 10.2.2.9, timeout is 1 second:\nPacket sent with the DF bit set\n!M.\nSuccess rate is 33 percent (1/3), round-trip min/avg/max = 1/1/1 ms\n", done},
		{"ping 10.2.2.9 source 10.1.1.1 repeat 2", []ping.Result{of(ping.Timeout)},
			escape + "Sending 2, 100-byte ICMP Echos to 10.2.2.9, timeout is 2 seconds:\nPacket sent with a source address of 10.1.1.1 \n..\nSuccess rate is 0 percent (0/2)\n", done},
		{"ping 10.2.2.9 source ETH0 repeat 1", []ping.Result{of(ping.NoRoute)},
			escape + "Sending 1, 100-byte ICMP Echos to 10.2.2.9, timeout is 2 seconds:\nPacket sent with a source address of 192.0.2.1 \nU\nSuccess rate is 0 percent (0/1)\n", done},
		{"ping 10.2.2.9 repeat 13", all,
			escape + "Sending 13, 100-byte ICMP Echos to 10.2.2.9, timeout is 2 seconds:\n!.M&?QUUUUUU?\nSuccess rate is 7 percent (1/13), round-trip min/avg/max = 1/1/1 ms\n", done},
		{"ping ipv6 2001:db8::9 repeat 13", all,
			escape + "Sending 13, 100-byte ICMP Echos to 2001:DB8::9, timeout is 2 seconds:\n!.BTR?UANHP@?\nSuccess rate is 7 percent (1/13), round-trip min/avg/max = 1/1/1 ms\n", done},
		{"ping 10.2.2.9 repeat 71", []ping.Result{ms(1)},
			escape + "Sending 71, 100-byte ICMP Echos to 10.2.2.9, timeout is 2 seconds:\n" + strings.Repeat("!", 70) + "\n!\nSuccess rate is 100 percent (71/71), round-trip min/avg/max = 1/1/1 ms\n", done},
		{"ping 192.0.2.99", nil,
			escape + "Sending 5, 100-byte ICMP Echos to 192.0.2.99, timeout is 2 seconds:\nSuccess rate is 0 percent (0/0)\n% seikan: router stopped\n", refused},
		{"ping vrf RED 10.2.2.9 source Tunnel0 repeat 2", []ping.Result{ms(1)},
			escape + "Sending 2, 100-byte ICMP Echos to 10.2.2.9, timeout is 2 seconds:\nPacket sent with a source address of 10.31.0.1 \n!!\nSuccess rate is 100 percent (2/2), round-trip min/avg/max = 1/1/1 ms\n", done},
		{"ping vrf RED ip 10.2.2.9 repeat 1", []ping.Result{ms(1)},
			escape + "Sending 1, 100-byte ICMP Echos to 10.2.2.9, timeout is 2 seconds:\n!\nSuccess rate is 100 percent (1/1), round-trip min/avg/max = 1/1/1 ms\n", done},
		{"ping vrf RED ipv6 2001:db8::9 repeat 1", []ping.Result{ms(1)},
			escape + "Sending 1, 100-byte ICMP Echos to 2001:DB8::9, timeout is 2 seconds:\n!\nSuccess rate is 100 percent (1/1), round-trip min/avg/max = 1/1/1 ms\n", done},
		{"ping vrf BLUE 10.2.2.9", nil, " No VRF named BLUE exists\n", refused},
		{"ping vrf RED 10.2.2.9 source eth0", nil, "% Invalid source: interface eth0 is not in VRF RED.\n", refused},
		{"ping 10.2.2.9 source tunnel0", nil, "% Invalid source: interface Tunnel0 is in VRF RED.\n", refused},
		{"ping vrf RED", nil, incomplete, refused},
		{"ping vrf RED ip", nil, incomplete, refused},
		{"ping vrf RED ip 2001:db8::9", nil, "ping vrf RED ip 2001:db8::9\n                ^\n" + invalid, refused},
		{"ping vrf RED repeat 5", nil, "ping vrf RED repeat 5\n             ^\n" + invalid, refused},
		{"ping 10.2.2.9 vrf RED", nil, "ping 10.2.2.9 vrf RED\n              ^\n" + invalid, refused},
		{"ping 10.2.2.9 ip 10.2.2.9", nil, "ping 10.2.2.9 ip 10.2.2.9\n              ^\n" + invalid, refused},
		{"ping", nil, incomplete, refused},
		{"ping ip", nil, incomplete, refused},
		{"ping 10.2.2.9 repeat", nil, incomplete, refused},
		{"ping 10.2.2.9 repeat 0", nil, "ping 10.2.2.9 repeat 0\n                     ^\n" + invalid, refused},
		{"ping 10.2.2.9 repeat 100001", nil, "ping 10.2.2.9 repeat 100001\n                     ^\n" + invalid, refused},
		{"ping 10.2.2.9 size 35", nil, "ping 10.2.2.9 size 35\n                   ^\n" + invalid, refused},
		{"ping 10.2.2.9 size 18025", nil, "ping 10.2.2.9 size 18025\n                   ^\n" + invalid, refused},
		{"ping 10.2.2.9 timeout 61", nil, "ping 10.2.2.9 timeout 61\n                      ^\n" + invalid, refused},
		{"ping ipv6 10.2.2.9", nil, "ping ipv6 10.2.2.9\n          ^\n" + invalid, refused},
		{"ping ip 2001:db8::9", nil, "ping ip 2001:db8::9\n        ^\n" + invalid, refused},
		{"ping repeat 5", nil, "ping repeat 5\n     ^\n" + invalid, refused},
		{"ping 10.2.2.9 repeat 5 repeat 5", nil, "ping 10.2.2.9 repeat 5 repeat 5\n                       ^\n" + invalid, refused},
		{"ping 2001:db8::9 size 40", nil, "% A packet of IPv6 has at least 48 octets.\n", refused},
		{"ping 10.2.2.9 source 2001:db8::1", nil, "% Invalid source: it is of another family than the destination.\n", refused},
		{"ping 10.2.2.9 source eth7", nil, "% Invalid source: there is no interface eth7.\n", refused},
		{"ping 2001:db8::9 source eth0", nil, "% Invalid source: interface eth0 has no address of that family.\n", refused},
	} {
		t.Run(tt.line, func(t *testing.T) {
			s := &shell{backend: &fakeBackend{}, info: fakeInfo}
			s.info.Ping = fakePing(tt.script...)
			var out bytes.Buffer
			o, err := s.execute(t.Context(), tt.line, false, &out)
			if err != nil || o != tt.o || out.String() != tt.want {
				t.Errorf("got outcome %d, %v, text\n%s\nwant %d,\n%s", o, err, out.String(), tt.o, tt.want)
			}
		})
	}
	checkExecute(t, "ping 10.2.2.9", "% This router sends no echo messages.\n", refused)
}

// The request is of the network namespace of the VRF, and of that of the process without one.
func TestPingNamespace(t *testing.T) {
	for line, want := range map[string]string{"ping 10.2.2.9": "", "ping vrf RED 10.2.2.9": "red"} {
		s := &shell{backend: &fakeBackend{}, info: fakeInfo}
		got := "none"
		s.info.Ping = func(_ context.Context, r ping.Request, _ func(ping.Result) error) error {
			got = r.Netns
			return nil
		}
		if _, err := s.execute(t.Context(), line, false, io.Discard); err != nil || got != want {
			t.Errorf("%s: got namespace %q, %v, want %q", line, got, err, want)
		}
	}
}

// Without `enable` there is a ping as it comes.
func TestPingOfUser(t *testing.T) {
	s := &shell{backend: &fakeBackend{}, info: fakeInfo, settings: settings{user: true}}
	s.info.Ping = fakePing(ping.Result{Time: time.Millisecond})
	for line, want := range map[string]string{
		"ping 10.2.2.9":              "100 percent (5/5)",
		"ping ipv6 2001:db8::9":      "100 percent (5/5)",
		"ping 10.2.2.9 repeat 1000":  "% Invalid input",
		"ping 10.2.2.9 source eth0":  "% Invalid input",
		"ping 10.2.2.9 size 18000":   "% Invalid input",
		"ping ip 10.2.2.9 timeout 1": "% Invalid input",
	} {
		var out bytes.Buffer
		if _, err := s.execute(t.Context(), line, false, &out); err != nil || !strings.Contains(out.String(), want) {
			t.Errorf("%s: no %q in %q, %v", line, want, out.String(), err)
		}
	}
}

// slowPing answers when it is told to, and never by itself.
type slowPing struct {
	results chan ping.Result
	begun   chan struct{}
	ended   atomic.Int32
}

func newSlowPing() *slowPing {
	return &slowPing{results: make(chan ping.Result), begun: make(chan struct{}, 100)}
}

func (p *slowPing) ping(ctx context.Context, r ping.Request, take func(ping.Result) error) error {
	p.begun <- struct{}{}
	defer p.ended.Add(1)
	for range r.Count {
		select {
		case result := <-p.results:
			if err := take(result); err != nil {
				return err
			}
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// startPingServer serves with pings that are slow.
func startPingServer(t *testing.T) (Client, *slowPing) {
	p := newSlowPing()
	c, _ := startInfoServer(t, func(i *Info) { i.Ping = p.ping })
	return c, p
}

// Each result is on the screen as soon as it is there; a break ends the ping with what there was, and not the session; what is typed
// without one waits for the prompt.
func TestLiveAtTerminal(t *testing.T) {
	for _, key := range []string{"\x03", "\x1e", "typed ahead\r\x03", "\x03\x03", strings.Repeat("x", 2*maxAhead) + "\x1e"} {
		c, p := startPingServer(t)
		keys, typing := io.Pipe()
		out := newScreen()
		ended := make(chan error, 1)
		go func() { ended <- c.Converse(t.Context(), screenOf(keys, out)) }()
		enter := func(text string) {
			if _, err := io.WriteString(typing, text); err != nil {
				t.Fatal(err)
			}
		}
		enter("ping 10.2.2.9 repeat 1000\r")
		out.wait(t, "timeout is 2 seconds:\r\n")
		for _, r := range []ping.Result{{Time: time.Millisecond}, {Answer: ping.Timeout}, {Answer: ping.Unreachable}} {
			p.results <- r
			out.wait(t, string(pingMarks[r.Answer]))
		}
		enter(key)
		out.wait(t, "\r\nSuccess rate is 33 percent (1/3), round-trip min/avg/max = 1/1/1 ms\r\n")
		out.wait(t, "gwA#")
		enter("show version\r")
		out.wait(t, "Version 1\r\n")
		enter("ping 10.2.2.9 repeat 1\r")
		out.wait(t, "2 seconds:\r\n")
		enter("show version\r")
		p.results <- ping.Result{Time: time.Millisecond}
		out.wait(t, "gwA#show version\r\nSeikan Software")
		enter("exit\r")
		if err := <-ended; err != nil {
			t.Error(err)
		}
		typing.Close()
		if n := p.ended.Load(); n != 2 {
			t.Errorf("%q: %d pings have ended, want 2", key, n)
		}
	}
}

// Without a terminal, what was begun ends with the context, and tells what there was.
func TestLiveWithoutTerminal(t *testing.T) {
	c, p := startPingServer(t)
	out := newScreen()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- c.Run(ctx, "ping 10.2.2.9", out) }()
	p.results <- ping.Result{Time: time.Millisecond}
	out.wait(t, "!")
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
	out.wait(t, "\nSuccess rate is 100 percent (1/1)")
}

// A client that goes away, or says what it should not, ends its command; there are so many at a time.
func TestLiveEnds(t *testing.T) {
	c, p := startPingServer(t)
	for _, last := range []string{"", "b\x00\x00", "x\x00\x04show", "b\xff\xff"} {
		conn, err := c.dial(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if err := writeFrame(conn, frameExecute, []byte("ping 10.2.2.9")); err != nil {
			t.Fatal(err)
		}
		<-p.begun
		if _, err := io.WriteString(conn, last); err != nil {
			t.Fatal(err)
		}
		if last == "" {
			conn.Close()
			continue
		}
		if _, o, _, err := readReply(conn, noLive); err != nil || o != done {
			t.Errorf("%q: got outcome %d, %v", last, o, err)
		}
		conn.Close()
	}
	ctx, cancel := context.WithCancel(t.Context())
	failed := make(chan error, maxLive)
	for range maxLive {
		go func() {
			err := ErrRefused
			for errors.Is(err, ErrRefused) { // the places of above are free a moment later
				err = c.Run(ctx, "ping 10.2.2.9", io.Discard)
			}
			failed <- err
		}()
		<-p.begun
	}
	var out bytes.Buffer
	if err := c.Run(t.Context(), "ping 10.2.2.9", &out); !errors.Is(err, ErrRefused) || out.String() != string(tooManyLive)+"\n" {
		t.Errorf("one too many: %v, %q", err, out.String())
	}
	if err := c.Run(t.Context(), "show version", io.Discard); err != nil {
		t.Errorf("a command beside them: %v", err)
	}
	cancel()
	for range maxLive {
		<-failed // one that had not seen yet that its reply is live is cut off
	}
}

// What is typed at a full screen is the pager's, a break too.
func TestBreakAtFullScreen(t *testing.T) {
	c, _ := startServer(t, &fakeBackend{})
	got := typed(t, c, "terminal length 3\rshow running-config\r\x03show version\r")
	if strings.Contains(got, "interface eth0") || !strings.Contains(got, "Version 1\r\n") {
		t.Errorf("got %q", got)
	}
}
