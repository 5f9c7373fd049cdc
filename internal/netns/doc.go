// Package netns does something inside of a network namespace of the host, by the name that `ip netns add` has given it. A socket or a device
// stays in the namespace in which it was opened, so that is all that is needed to work in several at once.
//
// Do starts a goroutine and waits for it: a namespace belongs to a thread, and a thread that cannot leave one must not be used for
// anything else.
package netns
