package ike

import (
	"crypto/rand"
	"flag"
	"hash/fnv"
	"testing"
	"testing/cryptotest"
)

var (
	chance = flag.Uint64("chance", 0, "another number has the ends of a pair draw other nonces and times")
	system = rand.Reader // what a test that has not seeded anything draws from
)

// fixChance has all that is drawn at random follow from the name of the test, unless it has a seed already: it passes always or never.
func fixChance(t *testing.T) {
	if rand.Reader != system {
		return
	}
	h := fnv.New64a()
	h.Write([]byte(t.Name()))
	cryptotest.SetGlobalRandom(t, h.Sum64()+*chance)
}
