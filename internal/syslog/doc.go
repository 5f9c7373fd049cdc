// Package syslog sends messages of the router's log to collectors: over UDP (RFC 5426), TCP with octet counting (RFC 6587
// §3.4.1) and TLS (RFC 5425), and to the daemon of this machine, written as RFC 3164 or RFC 5424 have it, or as classic routers do.
//
// A Sender is one goroutine for one collector, which takes messages of a bounded queue. Nobody waits for it: while its collector
// is slow or gone it tries again at growing intervals, the queue fills, and what finds it full is counted and told of.
package syslog
