package wire

import (
	"errors"
	"fmt"
)

// Errors of the parsers. They come wrapped with the place; test for them with errors.Is.
var (
	// ErrMalformed means that octets break the syntax of RFC 7296: in an authenticated request, INVALID_SYNTAX.
	ErrMalformed = errors.New("malformed")
	// ErrVersion means a major version that is not 2. The header was read nevertheless: a major version above 2 wants the
	// answer INVALID_MAJOR_VERSION (RFC 7296 §2.5).
	ErrVersion = errors.New("major version not supported")
)

// malformed says in which part of a message the syntax is broken, and how.
func malformed(part, how string) error {
	return fmt.Errorf("ike/wire: %s: %w: %s", part, ErrMalformed, how)
}
