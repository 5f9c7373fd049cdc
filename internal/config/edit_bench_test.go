package config

import (
	"fmt"
	"strings"
	"testing"
)

// siteLines is the lines of site i of many.
func siteLines(i int) string {
	return fmt.Sprintf(`crypto ikev2 keyring KR%[1]d
 peer site%[1]d
  address 198.18.%[2]d.%[3]d
  pre-shared-key a-test-key-%[1]d
crypto ikev2 profile PROF%[1]d
 match identity remote address 198.18.%[2]d.%[3]d 255.255.255.255
 authentication remote pre-share
 authentication local pre-share
 keyring local KR%[1]d
ip access-list extended TO%[1]d
 permit ip 10.0.0.0 0.0.255.255 10.%[4]d.%[3]d.0 0.0.0.255
crypto isakmp peer address 198.18.%[2]d.%[3]d
 description site %[1]d
crypto map CM %[5]d ipsec-isakmp
 set peer 198.18.%[2]d.%[3]d
 set transform-set TS
 set ikev2-profile PROF%[1]d
 match address TO%[1]d
`, i, i>>8, i&0xff, 64+i>>8, i+1)
}

// manySites is a configuration of n sites.
func manySites(n int) string {
	var b strings.Builder
	b.WriteString("crypto ipsec transform-set TS esp-gcm 128\n")
	for i := range n {
		b.WriteString(siteLines(i))
	}
	b.WriteString("interface vA\n ip address 192.0.2.1 255.255.255.0\n crypto map CM\n")
	return b.String()
}

// BenchmarkEdit gives the lines of another site, or those that take one away.
func BenchmarkEdit(b *testing.B) {
	for _, sites := range []int{10, 100, 500, 1000} {
		m := mustParse(b, manySites(sites))
		add := strings.Split(strings.TrimSuffix(siteLines(sites), "\n"), "\n")
		var no []string
		for s := range strings.Lines(siteLines(5)) {
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
