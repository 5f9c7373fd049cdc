//go:build linux

package udp

import (
	"testing"
	"time"
)

// What a full queue does not take is counted, and what it takes is not.
func TestOverflows(t *testing.T) {
	to := open(t, "127.0.0.1", Options{RecvBuffer: 4096})
	from := open(t, "127.0.0.1", Options{NoSegmentation: true})
	if got := Overflows(to); got != 0 {
		t.Errorf("got %d before the first datagram", got)
	}
	const sent = 500
	var ms []Message
	for range sent {
		ms = append(ms, Message{Data: make([]byte, 1000), Remote: to.LocalAddr()})
	}
	if n, err := from.NewWriter().WriteBatch(ms); n != sent || err != nil {
		t.Fatalf("sent %d, %v", n, err)
	}
	lost := Overflows(to)
	r, got := to.NewReader(), 0
	ended := time.AfterFunc(time.Minute, func() { to.Close() })
	defer ended.Stop()
	for batch := make([]Message, 64); got < sent-int(lost); {
		n, err := r.ReadBatch(batch)
		if err != nil {
			t.Fatalf("received %d of %d, %d lost: %v", got, sent, lost, err)
		}
		got += n
	}
	if lost == 0 || got != sent-int(lost) {
		t.Errorf("%d sent, %d received, %d lost", sent, got, lost)
	}
}
