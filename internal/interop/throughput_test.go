package interop

import (
	"regexp"
	"slices"
	"strconv"
	"testing"
	"time"
)

// echoTime is the round trip of an answer, as ping prints it.
var echoTime = regexp.MustCompile(`time=([0-9.]+) ms`)

// BenchmarkTCP is one TCP stream from A to B, over the cable and through two routers, and the round trip that others see meanwhile. All of it
// shares the cores of this machine. One iteration is a stream of a second.
func BenchmarkTCP(b *testing.B) {
	b.Run("path=cable", func(b *testing.B) {
		l := NewLab(b)
		l.A.ip(b, "route", "add", InnerB, "via", OuterB, "src", InnerA)
		l.B.ip(b, "route", "add", InnerA, "via", OuterA, "src", InnerB)
		benchmarkTCP(b, l)
	})
	b.Run("path=routers", func(b *testing.B) {
		Require(b)
		binary, err := build()
		if err != nil {
			b.Fatal(err)
		}
		l := NewLab(b)
		StartRouterIn(b, l, l.A, binary, RouterConf{}.String())
		StartRouterIn(b, l, l.B, binary, mirrored(RouterConf{}.String()))
		benchmarkTCP(b, l)
	})
}

func benchmarkTCP(b *testing.B, l *Lab) {
	l.A.Ping(b, InnerA, InnerB, 3)
	var octets int64
	var rates, trips []float64
	for b.Loop() {
		p := l.A.StartPing(b, InnerA, InnerB, 5*time.Millisecond)
		x := l.A.Stream(b, l.B, InnerA, InnerB, Stream{Seconds: 1})
		p.Stop(b)
		for _, m := range echoTime.FindAllStringSubmatch(p.p.output(b), -1) {
			ms, _ := strconv.ParseFloat(m[1], 64)
			trips = append(trips, ms)
		}
		rates = append(rates, x.BitsPerSecond)
		octets += x.Octets
	}
	slices.Sort(rates)
	slices.Sort(trips)
	b.SetBytes(octets / int64(b.N))
	b.ReportMetric(rates[len(rates)/2]/1e9, "Gb/s")
	b.ReportMetric(trips[len(trips)/2], "ms-rtt-p50")
	b.ReportMetric(trips[len(trips)*99/100], "ms-rtt-p99")
}
