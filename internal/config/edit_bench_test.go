package config

import (
	"fmt"
	"strings"
	"testing"

	"seikan/internal/config/configtest"
)

// manySites is a configuration of n sites.
func manySites(n int) string {
	return "crypto ipsec transform-set TS esp-gcm 128\n" + configtest.Sites(0, n) + "interface vA\n ip address 192.0.2.1 255.255.255.0\n crypto map CM\n"
}

// BenchmarkEdit gives the lines of another site, or those that take one away.
func BenchmarkEdit(b *testing.B) {
	for _, sites := range []int{10, 100, 500, 1000} {
		m := mustParse(b, manySites(sites))
		add := strings.Split(strings.TrimSuffix(configtest.Site(sites), "\n"), "\n")
		var no []string
		for s := range strings.Lines(configtest.Site(5)) {
			if s[0] != ' ' {
				no = append(no, "no "+strings.TrimSuffix(strings.TrimSpace(s), " ipsec-isakmp"))
			}
		}
		for _, lines := range [][]string{add, no} {
			b.Run(fmt.Sprintf("sites=%d/no=%v", sites, lines[0][0] == 'n'), func(b *testing.B) {
				for b.Loop() {
					edited(b, m, lines...)
				}
				b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1000/float64(b.N*len(lines)), "µs/line")
			})
		}
	}
}
