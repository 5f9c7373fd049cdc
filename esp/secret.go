package esp

import (
	"crypto/subtle"
	"fmt"
	"io"
)

// Secret is keying material or a password. It does not show its content: every fmt verb and every text or JSON encoder
// writes "[redacted]" in its place. (A field that package fmt cannot reach by its methods, an unexported one of a struct
// that is printed whole, is not covered; do not print such structs.) The holder of a Secret owns its octets.
type Secret []byte

const redacted = "[redacted]"

// Format implements fmt.Formatter for all verbs and flags.
func (Secret) Format(f fmt.State, _ rune) { io.WriteString(f, redacted) }

// String implements fmt.Stringer.
func (Secret) String() string { return redacted }

// MarshalText implements encoding.TextMarshaler, and so for JSON too.
func (Secret) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// Equal reports whether s and t have the same content. The time it takes depends on their lengths only.
func (s Secret) Equal(t Secret) bool { return subtle.ConstantTimeCompare(s, t) == 1 }

// Clear overwrites the content with zeros. Copies of it are not reached.
func (s Secret) Clear() { clear(s) }
