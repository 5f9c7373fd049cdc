package ping

import (
	"testing"

	"golang.org/x/net/icmp"
	"golang.org/x/net/ipv4"
)

// Whatever comes: no panic, and an answer only to what names our request.
func FuzzJudge(f *testing.F) {
	const id, seq = 0x1234, 0x5678
	r4, r6 := Request{To: there4, Size: 64}, Request{To: there6, Size: 64}
	echo, err := r4.echo(id, seq)
	if err != nil {
		f.Fatal(err)
	}
	m := icmp.Message{Type: ipv4.ICMPTypeDestinationUnreachable, Code: 1, Body: &icmp.DstUnreach{Data: inner4(echo, 1)}}
	unreach, err := m.Marshal(nil)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(echo)
	f.Add(unreach)
	f.Add([]byte{4, 0, 0, 0})
	f.Fuzz(func(t *testing.T, b []byte) {
		for _, r := range []Request{r4, r6} {
			if _, ok := r.judge(b, r.To, id, seq); ok && len(b) < headerEcho {
				t.Errorf("%x is an answer", b)
			}
		}
	})
}
