package session

import (
	"net/netip"
	"slices"
	"testing"

	"seikan/sadb"
)

func TestPermits(t *testing.T) {
	ports := func(s sadb.Selector, lo, hi uint16) sadb.Selector {
		s.LoPort, s.HiPort = lo, hi
		return s
	}
	span := func(lo, hi string) sadb.Selector {
		return sadb.Selector{Lo: netip.MustParseAddr(lo), Hi: netip.MustParseAddr(hi), HiPort: 0xffff}
	}
	any4, any6 := prefix("0.0.0.0/0", 0), prefix("::/0", 0)
	tests := []struct {
		name          string
		local, remote sadb.Selector
		want          string
	}{
		{"subnets", prefix("10.10.10.0/24", 0), prefix("10.30.30.0/24", 0), "permit ip 10.10.10.0/255.255.255.0 10.30.30.0/255.255.255.0"},
		{"hosts and GRE", prefix("10.1.1.4/32", 47), prefix("10.1.1.3/32", 47), "permit 47 host 10.1.1.4 host 10.1.1.3"},
		{"everything", any4, any4, "permit ip 0.0.0.0/0.0.0.0 0.0.0.0/0.0.0.0"},
		{"everything of IPv6", any6, any6, "permit ipv6 ::/0 ::/0"},
		{"remote access", any4, prefix("7.1.2.40/32", 0), "permit ip 0.0.0.0/0.0.0.0 host 7.1.2.40"},
		{"odd mask", prefix("10.0.0.0/9", 0), prefix("10.128.0.0/31", 0), "permit ip 10.0.0.0/255.128.0.0 10.128.0.0/255.255.255.254"},
		{"IPv6 subnet and host", prefix("2001:db8:a::/48", 0), prefix("2001:db8:b::1/128", 0), "permit ipv6 2001:DB8:A::/48 host 2001:DB8:B::1"},
		{"IPv6 with a protocol", prefix("2001:db8:a::/48", 17), prefix("2001:db8:b::/61", 17), "permit 17 2001:DB8:A::/48 2001:DB8:B::/61"},
		{"protocol on one side", prefix("10.0.0.0/8", 6), any4, "permit 6 10.0.0.0/255.0.0.0 0.0.0.0/0.0.0.0"},
		{"one port", ports(prefix("10.0.0.0/24", 6), 22, 22), prefix("10.0.1.0/24", 6), "permit 6 10.0.0.0/255.255.255.0 port 22 10.0.1.0/255.255.255.0"},
		{"port zero", ports(prefix("10.0.0.0/24", 6), 0, 0), prefix("10.0.1.0/24", 6), "permit 6 10.0.0.0/255.255.255.0 port 0 10.0.1.0/255.255.255.0"},
		{"ports", prefix("10.0.0.1/32", 17), ports(prefix("10.0.1.1/32", 17), 5000, 6000), "permit 17 host 10.0.0.1 host 10.0.1.1 port range 5000 6000"},
		{"opaque ports", ports(prefix("10.0.0.1/32", 17), 0xffff, 0), prefix("10.0.1.1/32", 17), "permit 17 host 10.0.0.1 port opaque host 10.0.1.1"},
		{"ICMP echo", ports(prefix("10.0.0.1/32", 1), 8<<8, 8<<8|255), ports(prefix("10.0.1.1/32", 1), 8<<8, 8<<8|255), "permit 1 host 10.0.0.1 type 8 host 10.0.1.1 type 8"},
		{"ICMPv6 with code", ports(prefix("::1/128", 58), 1<<8|4, 1<<8|4), prefix("::2/128", 58), "permit 58 host ::1 type 1 code 4 host ::2"},
		{"range", span("10.0.0.1", "10.0.0.9"), any4, "permit ip range 10.0.0.1 10.0.0.9 0.0.0.0/0.0.0.0"},
		{"range from a network address", span("10.0.0.0", "10.0.0.254"), any4, "permit ip range 10.0.0.0 10.0.0.254 0.0.0.0/0.0.0.0"},
		{"range over octets", span("10.0.0.0", "10.1.255.127"), any4, "permit ip range 10.0.0.0 10.1.255.127 0.0.0.0/0.0.0.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := permits(sadb.Policy{Local: []sadb.Selector{tt.local}, Remote: []sadb.Selector{tt.remote}})
			if len(got) != 1 || got[0] != tt.want {
				t.Errorf("got %q, want %q", got, tt.want)
			}
		})
	}
}

func TestPermitsPairs(t *testing.T) {
	got := permits(sadb.Policy{
		Local:  []sadb.Selector{prefix("10.0.0.0/24", 0), prefix("2001:db8::/64", 0)},
		Remote: []sadb.Selector{prefix("10.1.0.0/24", 0), prefix("10.2.0.0/24", 0), prefix("2001:db8:1::/64", 0)},
	})
	want := []string{
		"permit ip 10.0.0.0/255.255.255.0 10.1.0.0/255.255.255.0",
		"permit ip 10.0.0.0/255.255.255.0 10.2.0.0/255.255.255.0",
		"permit ipv6 2001:DB8::/64 2001:DB8:1::/64",
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestAddrText(t *testing.T) {
	for in, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "2001:db8::a": "2001:DB8::A", "fe80::1%eth0": "FE80::1%eth0",
	} {
		if got := addrText(netip.MustParseAddr(in)); got != want {
			t.Errorf("%s: got %s, want %s", in, got, want)
		}
	}
}

func FuzzSelectorText(f *testing.F) {
	f.Add([]byte{10, 0, 0, 0}, []byte{10, 0, 0, 255}, uint8(6), uint16(22), uint16(22))
	f.Add(make([]byte, 16), []byte{15: 1}, uint8(58), uint16(0), uint16(0xffff))
	f.Add([]byte{10, 0, 0, 9}, []byte{10, 0, 0, 1}, uint8(0), uint16(0xffff), uint16(0))
	f.Fuzz(func(t *testing.T, lo, hi []byte, proto uint8, loPort, hiPort uint16) {
		a, ok1 := netip.AddrFromSlice(lo)
		b, ok2 := netip.AddrFromSlice(hi)
		if !ok1 || !ok2 {
			return
		}
		if text := selectorText(sadb.Selector{Proto: proto, Lo: a, Hi: b, LoPort: loPort, HiPort: hiPort}); text == "" {
			t.Error("no text")
		}
		p, ok := prefixOf(a, b)
		if !ok {
			return
		}
		if want := prefix(p.String(), 0); want.Lo != a || want.Hi != b {
			t.Errorf("%v to %v is not %v", a, b, p)
		}
	})
}
