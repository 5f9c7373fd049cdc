// Package tun is the host's side of the router: packet devices, and the routes that lead into them.
//
// Device is the seam. Open makes one of the operating system (Linux), which moves the segments of a stream as one; Adapt makes one of a device
// that moves packets by themselves; package tuntest has one in memory.
package tun
