package esp

import "errors"

// Errors of a frame that was not opened. The packet is to be discarded (RFC 4303 §3.4). They are compared with ==.
var (
	ErrShort   = errors.New("esp: packet is too short, or no whole number of blocks")
	ErrSPI     = errors.New("esp: packet is for another SA")
	ErrReplay  = errors.New("esp: sequence number was received before")
	ErrStale   = errors.New("esp: sequence number is left of the replay window")
	ErrICV     = errors.New("esp: packet does not authenticate")
	ErrPadding = errors.New("esp: padding is malformed")
)

// Errors of a frame that was not sealed. ErrSeqExhausted means that the SA must be replaced (RFC 4303 §3.3.3).
var (
	ErrNoRoom       = errors.New("esp: no room for the packet")
	ErrSeqExhausted = errors.New("esp: sequence numbers are used up")
)
