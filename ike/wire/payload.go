package wire

// Payload is a payload of a message: one of the pointer types of this package.
type Payload interface {
	Type() PayloadType
	append(b []byte) []byte // the body, without the generic payload header
}

// PayloadType says what a payload is (RFC 7296 §3.2).
type PayloadType uint8

// Payload types.
const (
	PayloadNone     PayloadType = 0 // no next payload
	PayloadSA       PayloadType = 33
	PayloadKE       PayloadType = 34
	PayloadIDi      PayloadType = 35
	PayloadIDr      PayloadType = 36
	PayloadCERT     PayloadType = 37
	PayloadCERTREQ  PayloadType = 38
	PayloadAUTH     PayloadType = 39
	PayloadNonce    PayloadType = 40
	PayloadNotify   PayloadType = 41
	PayloadDelete   PayloadType = 42
	PayloadVendorID PayloadType = 43
	PayloadTSi      PayloadType = 44
	PayloadTSr      PayloadType = 45
	PayloadSK       PayloadType = 46
	PayloadCP       PayloadType = 47
	PayloadEAP      PayloadType = 48
	PayloadSKF      PayloadType = 53 // RFC 7383
)

// ProtocolID names a security protocol, in proposals, notifies and deletes (RFC 7296 §3.3.1).
type ProtocolID uint8

// Protocol identifiers.
const (
	ProtocolNone ProtocolID = 0 // in a notify that is about no SA
	ProtocolIKE  ProtocolID = 1
	ProtocolAH   ProtocolID = 2
	ProtocolESP  ProtocolID = 3
)
