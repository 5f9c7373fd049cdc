package udp

import (
	"net/netip"
	"strings"
	"testing"

	"seikan/internal/netns/netnstest"
)

// Two namespaces have the same address, and what is sent in one stays there.
func TestListenInNamespaces(t *testing.T) {
	at := netip.MustParseAddrPort("127.0.5.1:4500")
	var conns [][]Conn
	for range 2 {
		c, err := ListenGroup(at, 2, Options{Netns: netnstest.New(t)})
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c {
			defer s.Close()
		}
		conns = append(conns, c)
	}
	for i, text := range []string{"first", "second"} {
		if _, err := conns[i][0].NewWriter().WriteBatch([]Message{{Data: []byte{0, 0, 0, 0, text[0]}, Remote: at}}); err != nil {
			t.Fatal(err)
		}
	}
	for i, text := range []string{"first", "second"} {
		ms := make([]Message, 4)
		if n, err := conns[i][0].NewReader().ReadBatch(ms); n != 1 || err != nil || ms[0].Data[4] != text[0] {
			t.Errorf("namespace %d: got %d datagrams, %q, %v, want its own", i, n, ms[0].Data, err)
		}
	}
	bare, err := ListenESP(at.Addr(), Options{Netns: netnstest.New(t)})
	if err != nil {
		t.Fatal(err)
	}
	bare.Close()
	if _, err := Listen(at, Options{Netns: "no-such-namespace"}); err == nil || !strings.Contains(err.Error(), "/run/netns/no-such-namespace") {
		t.Errorf("got %v, want an error that names the namespace", err)
	}
}
