// Package ike is IKEv2 (RFC 7296) as a deterministic state machine, for both roles.
//
// An Endpoint holds the IKE SAs of one router. It starts no goroutine, reads no clock, opens nothing and logs
// nothing: datagrams, deadlines and orders go in together with the current time, and their complete effect comes out
// as an Output of events and datagrams. One goroutine owns an Endpoint.
//
// # Order of trust
//
// Handle looks at a message in an order that never changes: size and version, SPI, message ID, then integrity and
// decryption, and only then anything that changes state. The payloads that a message must and may carry are
// checked against its exchange's schema before a handler sees it. What an unauthenticated sender says can make an
// Endpoint answer IKE_SA_INIT, and nothing else.
//
// # Inside
//
// An IKE SA (sa) has two windows of one message each: peerWindow remembers the last answer to the peer, ownWindow the
// request of ours that is under way. What we start is an exchange: a value that makes its request and takes the answer;
// those that have to wait their turn queue on the SA. One file holds one exchange.
package ike
