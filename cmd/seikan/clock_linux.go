package main

import "golang.org/x/sys/unix"

// clockSet reports whether the kernel believes that its clock is right, as something keeps telling it (adjtimex(2)).
func clockSet() bool {
	var t unix.Timex
	state, err := unix.Adjtimex(&t) // it changes nothing, as t asks for nothing
	return err != nil || state != unix.TIME_ERROR
}
