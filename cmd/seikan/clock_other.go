//go:build !linux

package main

// clockSet reports whether the system's clock was set. Nobody can be asked here.
func clockSet() bool { return true }
