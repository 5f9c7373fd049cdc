package compare

import (
	"encoding/json"
	"fmt"
	"os"
	"regexp"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"seikan/internal/interop"
)

// bench is one system that runs, and what is known of it so far.
type bench struct {
	*interop.Lab
	bin      *binaries
	gateways []int
	seconds  int
	report   func(m metric, v float64)
}

const gigabyte = 1e9

// stream sends TCP and gives the rate in Gb/s and the processor time per gigabyte.
func (b *bench) stream(t testing.TB, s interop.Stream) (rate float64, perGB cpuTimes, share float64) {
	t.Helper()
	s.Seconds = b.seconds
	before, began := b.cpu(t), time.Now()
	x := b.A.Stream(t, b.B, interop.InnerA, interop.InnerB, s)
	took, used := time.Since(began), b.cpu(t).minus(before)
	gb := float64(x.Octets) / gigabyte
	share = used.others / took.Seconds() / float64(runtime.NumCPU())
	return x.BitsPerSecond / 1e9, cpuTimes{busy: (used.busy - used.others) / gb, gateways: used.gateways / gb}, share
}

func (b *bench) cpu(t testing.TB) cpuTimes {
	t.Helper()
	c, err := readCPU("/proc", os.Getpid(), b.gateways)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

// echoTime is the round trip of an answer, as ping prints it.
var echoTime = regexp.MustCompile(`time=([0-9.]+) ms`)

// streams measures TCP in both directions, and the round trip that others see meanwhile.
func (b *bench) streams(t testing.TB) {
	t.Helper()
	p := b.A.StartProgram(t, "PING", "ping", "-n", "-I", interop.InnerA, "-i", "0.005", interop.InnerB)
	rate, perGB, share := b.stream(t, interop.Stream{})
	var trips []float64
	for _, m := range echoTime.FindAllStringSubmatch(p.Interrupt(t), -1) {
		ms, _ := strconv.ParseFloat(m[1], 64)
		trips = append(trips, ms)
	}
	slices.Sort(trips)
	b.report(tcp1, rate)
	b.report(machineCPU, perGB.busy)
	if len(b.gateways) > 0 {
		b.report(gatewayCPU, perGB.gateways)
	}
	b.report(others, 100*share)
	if len(trips) > 0 {
		b.report(tripMedian, quantile(trips, 0.5))
		b.report(tripWorst, quantile(trips, 0.99))
	}
	for _, s := range []struct {
		m metric
		s interop.Stream
	}{{tcp1Back, interop.Stream{Reverse: true}}, {tcp8, interop.Stream{Streams: 8}}, {tcp8Back, interop.Stream{Streams: 8, Reverse: true}}} {
		rate, _, _ := b.stream(t, s.s)
		b.report(s.m, rate)
	}
}

// loadPort is where the receiver of packets listens.
const loadPort = 9000

// packets is how many datagrams of a size arrive in a second at under 1 % loss.
func (b *bench) packets(t testing.TB, size int, trial time.Duration) float64 {
	t.Helper()
	to := fmt.Sprintf("%s:%d", interop.InnerB, loadPort+size) // each receiver has a port of its own
	b.B.StartProgram(t, "ready", b.bin.load, "receive", "-at", to)
	out := b.A.Run(t, b.bin.load, "search", "-from", interop.InnerA, "-to", to, "-size", strconv.Itoa(size), "-trial", trial.String())
	var found struct{ Arrived float64 }
	if err := json.Unmarshal([]byte(out), &found); err != nil {
		t.Fatalf("load: %v\n%s", err, out)
	}
	return found.Arrived
}

// likeWire makes the cable one on which no packet is longer than its MTU: it is cut before it leaves, and may be joined again after it
// has arrived, as network cards do it.
func (b *bench) likeWire(t testing.TB) {
	t.Helper()
	for _, e := range []struct {
		n      *interop.Namespace
		device string
	}{{b.A, interop.DeviceA}, {b.B, interop.DeviceB}} {
		e.n.Run(t, "ethtool", "-K", e.device, "tso", "off", "gso", "off", "tx-udp-segmentation", "off", "gro", "on")
	}
}

// sent is what A has sent on the cable, in packets or bytes.
func (b *bench) sent(t testing.TB, what string) float64 {
	t.Helper()
	out := b.A.Run(t, "cat", "/sys/class/net/"+interop.DeviceA+"/statistics/tx_"+what)
	n, err := strconv.ParseFloat(strings.TrimSpace(out), 64)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// wire measures a stream over it, and sees that it was one.
func (b *bench) wire(t testing.TB) {
	t.Helper()
	const most = 1500 + 14 // octets of a packet with its Ethernet header
	b.likeWire(t)
	packets, octets := b.sent(t, "packets"), b.sent(t, "bytes")
	rate, perGB, _ := b.stream(t, interop.Stream{})
	packets, octets = b.sent(t, "packets")-packets, b.sent(t, "bytes")-octets
	if mean := octets / packets; mean > most {
		t.Fatalf("packets on the cable had %.0f octets on average, want at most %d: they were not cut", mean, most)
	}
	b.report(wire1, rate)
	b.report(wireCPU, perGB.busy)
}
