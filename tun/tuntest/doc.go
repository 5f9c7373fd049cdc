// Package tuntest is a packet device in memory, for tests: it is built on channels, so that it works inside of a
// testing/synctest bubble.
package tuntest
