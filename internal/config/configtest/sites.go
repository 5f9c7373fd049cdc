// Package configtest makes configurations for tests, without the code that is tested.
package configtest

import (
	"fmt"
	"strings"
)

// Site is the lines of site i of many, from 0 up to 16383: what it takes to protect a network of its own by an entry of the crypto map CM, with
// the transform set TS.
func Site(i int) string {
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

// Sites is the lines of the sites from from up to to, without that.
func Sites(from, to int) string {
	var b strings.Builder
	for i := from; i < to; i++ {
		b.WriteString(Site(i))
	}
	return b.String()
}
