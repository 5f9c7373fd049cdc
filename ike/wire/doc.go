// Package wire parses and appends IKEv2 messages (RFC 7296 §3). It knows the syntax of a message, not its meaning: which
// payloads an exchange needs, which algorithms are acceptable and whether a message is authentic are for package ike.
//
// [Parse] reads a message as it came from the network: payloads in the clear, the last of which may be an [Encrypted] one.
// Once that has been decrypted, [ParsePayloads] reads what was inside. Both return typed payloads or an error that wraps
// [ErrMalformed]; there is no half-parsed result. CERT, CERTREQ, CP and EAP payloads, and those of types that are not known
// here, become a [Raw]. Reserved fields are ignored on receipt and sent as zero.
//
// What a parser returns borrows the octets that it was given: they must not change while it is in use, and must not be
// appended to. Copy what outlives them. The memory that a parser allocates is bounded by a small multiple of the octets that
// it was given, whatever counts and lengths they claim.
//
// Appending trusts its input: SPIs are at most 255 octets, lists hold at most as many elements as their count on the wire
// can say, and the body of a payload is at most 65,531 octets. All that Parse returns is within these limits.
//
// Values are plain data: safe for concurrent reading, not for concurrent writing. Their zero values are ready to be filled.
package wire
