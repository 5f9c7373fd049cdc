package session

import (
	"cmp"
	"fmt"
	"io"
	"strings"
)

// VRF is a VRF, as the configuration has it.
type VRF struct {
	Name        string   `json:"name"`
	Namespace   string   `json:"netns"` // of the host
	Description string   `json:"description,omitempty"`
	Interfaces  []string `json:"interfaces"`
}

// notSet is the route distinguisher of every VRF, as a classic router lists it: it is a matter of BGP.
const notSet = "<not set>"

// RenderVRFs writes `show vrf`. Its error is w's.
func (t Tables) RenderVRFs(w io.Writer) error {
	const form = "  %-32s %-21s %-11s %s"
	line := func(b []byte, cells ...any) []byte {
		return append(b, strings.TrimRight(fmt.Sprintf(form, cells...), " ")+"\n"...)
	}
	b := line(nil, "Name", "Default RD", "Protocols", "Interfaces")
	for _, v := range t.VRFs {
		first := ""
		if len(v.Interfaces) > 0 {
			first = v.Interfaces[0]
		}
		b = line(b, v.Name, notSet, "ipv4,ipv6", first)
		for _, f := range v.Interfaces[min(1, len(v.Interfaces)):] {
			b = line(b, "", "", "", f)
		}
	}
	return write(w, b)
}

// RenderVRFDetails writes `show vrf detail`. Its error is w's.
func (t Tables) RenderVRFDetails(w io.Writer) error {
	var b []byte
	for i, v := range t.VRFs {
		if i > 0 {
			b = append(b, '\n')
		}
		b = fmt.Appendf(b, "VRF %s; default RD %s\n", v.Name, notSet)
		if v.Description != "" {
			b = fmt.Appendf(b, "  Description: %s\n", v.Description)
		}
		b = fmt.Appendf(b, "  Network namespace: %s\n  Interfaces:\n    %s\n", v.Namespace, cmp.Or(strings.Join(v.Interfaces, "\n    "), "none"))
	}
	return write(w, b)
}
