// Package bench measures whole routers: two of them, over UDP sockets of this host's loopback interface, with packets made
// and counted in memory at both ends. `go test -bench . ./bench` runs it. There is nothing to import.
package bench
