package sadb

import (
	"testing"
	"time"

	"seikan/esp"
)

func TestOffered(t *testing.T) {
	var db DB
	db.SetPolicies([]Policy{{ID: "P", Action: Protect}})
	if db.Offered(0) || db.Offered(0x1001) {
		t.Error("an SPI is offered that was not")
	}
	db.Offer(0x1001)
	db.Offer(0x1002)
	if !db.Offered(0x1001) || !db.Offered(0x1002) {
		t.Error("an offered SPI is forgotten")
	}
	p := esp.Params{SPI: 0x1001, Suite: esp.Suite{Encr: esp.ENCR_AES_GCM_16, KeyBits: 128}, Key: make([]byte, 20)}
	if _, err := db.Install(time.Unix(1, 0), ChildSpec{IKE: 1, Policies: []PolicyID{"P"}, In: p, Out: p}); err != nil {
		t.Fatal(err)
	}
	if db.Offered(0x1001) || !db.Offered(0x1002) {
		t.Error("after the SA was installed its SPI is no longer on offer; the other one is")
	}
	for spi := esp.SPI(0x2000); spi < 0x4000; spi++ { // more than there is room for
		if db.Offer(spi); !db.Offered(spi) {
			t.Fatalf("%v: just offered, and forgotten", spi)
		}
	}
}
