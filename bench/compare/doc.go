// Package compare measures the router beside others on one machine: two namespaces with a cable between them, a gateway in each, and
// the same traffic through each system in turn, several rounds in one run.
//
// `make bench` runs it. What the machine does besides moves the figures; so each is a median of the rounds, and each ratio is a median
// of the ratios within a round. The processor time of processes that are not of the run is left out of it.
package compare
