package interop

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"
)

// PeerSA is an IKE SA as strongSwan lists it.
type PeerSA struct {
	Name      string
	State     string // ESTABLISHED, CONNECTING, ...
	SPIi      string
	SPIr      string
	Initiator bool // strongSwan is
	LocalID   string
	RemoteID  string
	Suite     string // AES_GCM_16-128/PRF_HMAC_SHA2_256/CURVE_25519
	Children  []PeerChildSA
}

// PeerChildSA is a Child SA as strongSwan lists it.
type PeerChildSA struct {
	Name       string
	State      string // INSTALLED, REKEYING, ...
	Suite      string // ESP:AES_GCM_16-128
	In, Out    string // SPIs
	PacketsIn  int
	PacketsOut int
	Local      string // traffic selectors
	Remote     string
}

// What swanctl --list-sas prints.
var (
	saLine     = regexp.MustCompile(`^(\S+): #\d+, (\w+), IKEv2, ([0-9a-f]{16})_i(\*?) ([0-9a-f]{16})_r(\*?)$`)
	saEndLine  = regexp.MustCompile(`^  (local|remote) +'(.*)' @ (\S+)$`)
	suiteLine  = regexp.MustCompile(`^  ([A-Z][A-Z0-9_]+[-A-Z0-9_]*/\S+)$`)
	childLine  = regexp.MustCompile(`^  (\S+): #\d+, reqid \d+, (\w+), TUNNEL-in-UDP, (ESP:\S+)$`)
	spiLine    = regexp.MustCompile(`^    (in|out) +([0-9a-f]+)(?: \([^)]*\))?, +\d+ bytes, +(\d+) packets`)
	selectLine = regexp.MustCompile(`^    (local|remote) +(.*)$`)
)

func parseSAs(text string) ([]PeerSA, error) {
	var sas []PeerSA
	for line := range strings.Lines(text) {
		line = strings.TrimRight(line, "\n")
		if m := saLine.FindStringSubmatch(line); m != nil {
			sas = append(sas, PeerSA{Name: m[1], State: m[2], SPIi: m[3], SPIr: m[5], Initiator: m[4] == "*"})
			continue
		}
		if len(sas) == 0 {
			if strings.TrimSpace(line) != "" {
				return nil, fmt.Errorf("no IKE SA before %q", line)
			}
			continue
		}
		sa := &sas[len(sas)-1]
		if m := childLine.FindStringSubmatch(line); m != nil {
			sa.Children = append(sa.Children, PeerChildSA{Name: m[1], State: m[2], Suite: m[3]})
			continue
		}
		if len(sa.Children) > 0 && sa.Children[len(sa.Children)-1].parse(line) {
			continue
		}
		sa.parse(line)
	}
	return sas, nil
}

// parse takes a line of the IKE SA's own.
func (sa *PeerSA) parse(line string) {
	if m := saEndLine.FindStringSubmatch(line); m != nil {
		if m[1] == "local" {
			sa.LocalID = m[2]
		} else {
			sa.RemoteID = m[2]
		}
	} else if m := suiteLine.FindStringSubmatch(line); m != nil {
		sa.Suite = m[1]
	}
}

// parse takes a line of the Child SA's own.
func (c *PeerChildSA) parse(line string) bool {
	if m := spiLine.FindStringSubmatch(line); m != nil {
		n, _ := strconv.Atoi(m[3])
		if m[1] == "in" {
			c.In, c.PacketsIn = m[2], n
		} else {
			c.Out, c.PacketsOut = m[2], n
		}
		return true
	}
	if m := selectLine.FindStringSubmatch(line); m != nil {
		if m[1] == "local" {
			c.Local = m[2]
		} else {
			c.Remote = m[2]
		}
		return true
	}
	return false
}
