// Package suite holds the algorithms of IKE SAs behind tables keyed by transform ID: pseudorandom functions, key
// exchanges, and the ciphers of the SK payload. It has no state of its own; random numbers come from crypto/rand.
package suite
