// Package tun is the host's side of the router: packet devices, and the routes that lead into them.
//
// Device is the seam. Open makes one of the operating system (Linux); package tuntest has one in memory.
package tun
