// Package sadb is the SA and policy databases of a router (RFC 4301 §4.4), with the counters of both.
//
// A DB answers two questions without a lock and without allocating: which inbound SA an SPI names (Lookup), and which policy
// a flow falls under and which outbound SA carries it (Route). One goroutine, the writer, changes the DB; any number of
// others, the lanes, ask. What a lane got stays usable after the writer has removed it: the packets that are on their way
// finish under the SA that they began with.
//
// Counters are added to by the lanes, once for a run of packets, and read by anybody. Those of a policy go on when the SAs
// that serve it are replaced.
package sadb
