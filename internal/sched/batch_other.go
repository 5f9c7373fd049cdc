//go:build !linux

package sched

// Batch does nothing: the system has no such class of threads.
func Batch() error { return nil }
