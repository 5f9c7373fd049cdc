package tun

import "strings"

// offloads are all of them, in order, and what they are called.
var offloads = [...]struct {
	o    Offload
	name string
}{
	{TCPSegmentation, "TCP segmentation"},
	{UDPSegmentation, "UDP segmentation"},
	{TCPCoalescing, "TCP coalescing"},
	{UDPCoalescing, "UDP coalescing"},
}

// String is the names of those in the set.
func (o Offload) String() string {
	var names []string
	for _, x := range offloads {
		if o&x.o != 0 {
			names = append(names, x.name)
		}
	}
	if len(names) == 0 {
		return "none"
	}
	return strings.Join(names, ", ")
}
