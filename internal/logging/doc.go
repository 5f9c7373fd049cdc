// Package logging is the router's log as its operator knows it: each message is a line in the manner of a classic router,
//
//	*Mar  1 00:00:00.000: %CRYPTO-5-SESSION_STATUS: Crypto tunnel is UP. Peer 192.0.2.2:500 Id: 192.0.2.2
//
// and the JSON that it was made of, with all that the line does not say. A Log takes the JSON, gives each message its
// severity and its line, limits their rate, keeps the last ones for `show logging`, and hands them to those who listen: the
// console, the terminals and the collectors, each with a level of its own and a bounded queue that nobody waits for.
//
// The package has no clock: messages bring their time, and Tick is told it. It starts no goroutine and opens nothing.
package logging
