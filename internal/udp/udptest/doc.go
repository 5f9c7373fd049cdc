// Package udptest is a network in memory, for tests: its sockets are built on channels, so that they work inside of a
// testing/synctest bubble, where time is virtual.
package udptest
