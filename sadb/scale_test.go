package sadb

import (
	"fmt"
	"math/rand/v2"
	"net/netip"
	"runtime"
	"testing"
	"time"

	"seikan/esp"
)

// shapes are policies that one structure or another could be slow for: each with the flow of the last one.
var shapes = []struct {
	name   string
	policy func(i int) (local, remote string)
}{
	{"remotes", func(i int) (string, string) {
		return "10.1.0.0/16", fmt.Sprintf("10.%d.%d.%d/32", 2+i>>16, i>>8&255, i&255)
	}},
	{"locals", func(i int) (string, string) {
		return fmt.Sprintf("10.%d.%d.%d/32", 2+i>>16, i>>8&255, i&255), "0.0.0.0/0"
	}},
	{"pairs", func(i int) (string, string) {
		return fmt.Sprintf("10.1.%d.1/32", i&255), fmt.Sprintf("10.2.%d.%d/32", i>>8&255, i>>16)
	}},
	{"nested", func(i int) (string, string) {
		return "10.1.0.0/16", fmt.Sprintf("10.%d.%d.0/%d", i>>8&255, i&255, 31-i%24)
	}},
}

// BenchmarkRoute finds the policy and the SA of a packet. Its cost must not grow with the number of policies.
func BenchmarkRoute(b *testing.B) {
	for _, shape := range shapes {
		for _, n := range []int{1, 1000, 100000} {
			b.Run(fmt.Sprintf("shape=%s/policies=%d", shape.name, n), func(b *testing.B) {
				var db DB
				var policies []Policy
				for i := range n {
					local, remote := shape.policy(i)
					p := protect(PolicyID(fmt.Sprint(i)), remote)
					p.Local = []Selector{SelectorFromPrefix(netip.MustParsePrefix(local), 0)}
					policies = append(policies, p)
				}
				db.SetPolicies(policies)
				last := policies[n-1]
				f := Flow{Src: last.Local[0].Lo, Dst: last.Remote[0].Lo, Proto: 17, Ports: true}
				id := db.Route(f).Policy.ID
				s := spec(1000, "0.0.0.0/0", id)
				s.Local = []Selector{SelectorFromPrefix(netip.MustParsePrefix("0.0.0.0/0"), 0)}
				if _, err := db.Install(time.Unix(1, 0), s); err != nil {
					b.Fatal(err)
				}
				b.ReportAllocs()
				for b.Loop() {
					if db.Route(f).Out == nil {
						b.Fatal("not found")
					}
				}
				perSecond(b)
			})
		}
	}
}

// BenchmarkPermit holds an inbound packet against an SA whose policy has many lines that deny before it.
func BenchmarkPermit(b *testing.B) {
	for _, n := range []int{0, 10000} {
		b.Run(fmt.Sprintf("denies=%d", n), func(b *testing.B) {
			var db DB
			var policies []Policy
			for i := range n {
				p := protect(PolicyID(fmt.Sprint(i)), fmt.Sprintf("10.2.%d.%d/32", i>>8, i&255))
				p.Action, p.Group = Skip, "g"
				policies = append(policies, p)
			}
			permit := protect("P", "10.0.0.0/8")
			permit.Group = "g"
			db.SetPolicies(append(policies, permit))
			c, err := db.Install(time.Unix(1, 0), spec(1000, "10.0.0.0/8", "P"))
			if err != nil {
				b.Fatal(err)
			}
			f := to("10.9.0.1").Reverse()
			b.ReportAllocs()
			for b.Loop() {
				if c.In.Permit(f) == nil {
					b.Fatal("not permitted")
				}
			}
			perSecond(b)
		})
	}
}

// populated has n policies with a Child SA each.
func populated(b *testing.B, n int) (*DB, []Policy) {
	b.Helper()
	db := new(DB)
	var policies []Policy
	for i := range n {
		policies = append(policies, protect(PolicyID(fmt.Sprint(i)), fmt.Sprintf("10.%d.%d.%d/32", 2+i>>16, i>>8&255, i&255)))
	}
	db.SetPolicies(policies)
	for i, p := range policies {
		s := spec(esp.SPI(1000+i), p.Remote[0].Lo.String()+"/32", p.ID)
		s.IKE = IKEID(i + 1)
		if _, err := db.Install(time.Unix(1, 0), s); err != nil {
			b.Fatal(err)
		}
	}
	return db, policies
}

// BenchmarkLookup finds an inbound SA by its SPI, one after the other among many.
func BenchmarkLookup(b *testing.B) {
	for _, n := range []int{1, 1000, 100000} {
		b.Run(fmt.Sprintf("sas=%d", n), func(b *testing.B) {
			db, _ := populated(b, n)
			spi := esp.SPI(0)
			b.ReportAllocs()
			for b.Loop() {
				if db.Lookup(1000+spi) == nil {
					b.Fatal("not found")
				}
				if spi += 7919; int(spi) >= n {
					spi %= esp.SPI(n)
				}
			}
			perSecond(b)
		})
	}
}

// orders are which of n flows come: one over and over, or all in no order, so that little of it is in the processor's caches.
var orders = []struct {
	name string
	of   func(n int) []int
}{
	{"repeated", func(n int) []int { return []int{n / 2} }},
	{"random", func(n int) []int { return rand.New(rand.NewPCG(1, 2)).Perm(n) }},
}

// BenchmarkOutbound finds policy and SA of an outbound packet among as many of both, BenchmarkInbound SA and policy of an inbound one.
func BenchmarkOutbound(b *testing.B) {
	benchmarkScale(b, func(db *DB, i int, f Flow) bool { return db.Route(f).Out != nil })
}

func BenchmarkInbound(b *testing.B) {
	benchmarkScale(b, func(db *DB, i int, f Flow) bool { return db.Lookup(esp.SPI(1000+i)).Permit(f.Reverse()) != nil })
}

func benchmarkScale(b *testing.B, found func(db *DB, i int, f Flow) bool) {
	for _, n := range []int{1, 1000, 100000} {
		var db *DB
		var flows []Flow
		for _, o := range orders {
			b.Run(fmt.Sprintf("sas=%d/order=%s", n, o.name), func(b *testing.B) {
				if db == nil {
					var policies []Policy
					db, policies = populated(b, n)
					for _, p := range policies {
						flows = append(flows, Flow{Src: addr("10.1.0.1"), Dst: p.Remote[0].Lo, Proto: 17, Ports: true})
					}
					runtime.GC() // not while it is measured
				}
				order, next := o.of(n), 0
				b.ReportAllocs()
				for b.Loop() {
					i := order[next]
					if !found(db, i, flows[i]) {
						b.Fatal("not found")
					}
					if next++; next == len(order) {
						next = 0
					}
				}
				perSecond(b)
			})
		}
	}
}

// BenchmarkInstall installs a Child SA among many, as a rekey does, and removes it.
func BenchmarkInstall(b *testing.B) {
	for _, n := range []int{1, 1000, 100000} {
		b.Run(fmt.Sprintf("sas=%d", n), func(b *testing.B) {
			db, policies := populated(b, n)
			p := policies[n/2]
			s := spec(999, p.Remote[0].Lo.String()+"/32", p.ID)
			s.IKE = 1
			b.ReportAllocs()
			for b.Loop() {
				if _, err := db.Install(time.Unix(1, 0), s); err != nil {
					b.Fatal(err)
				}
				db.Remove(999)
			}
		})
	}
}

// BenchmarkSetPolicies puts many policies into force.
func BenchmarkSetPolicies(b *testing.B) {
	var policies []Policy
	for i := range 100000 {
		policies = append(policies, protect(PolicyID(fmt.Sprint(i)), fmt.Sprintf("10.%d.%d.%d/32", 2+i>>16, i>>8&255, i&255)))
	}
	b.ReportAllocs()
	for b.Loop() {
		new(DB).SetPolicies(policies)
	}
}
