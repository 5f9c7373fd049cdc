package wire

import (
	"encoding/binary"

	"golang.org/x/crypto/cryptobyte"
)

// Notify is a Notify payload (RFC 7296 §3.10).
type Notify struct {
	Protocol ProtocolID // of the SPI; ProtocolNone when SPI is empty
	SPI      []byte     // the Child SA that it is about; mostly empty. Its length is not checked
	Kind     NotifyType
	Data     []byte // Notification Data, as Kind says; not checked
}

// NotifyType is a Notify Message Type (RFC 7296 §3.10.1).
type NotifyType uint16

// Error types, by their IANA names.
const (
	UNSUPPORTED_CRITICAL_PAYLOAD NotifyType = 1
	INVALID_IKE_SPI              NotifyType = 4
	INVALID_MAJOR_VERSION        NotifyType = 5
	INVALID_SYNTAX               NotifyType = 7
	INVALID_MESSAGE_ID           NotifyType = 9
	INVALID_SPI                  NotifyType = 11
	NO_PROPOSAL_CHOSEN           NotifyType = 14
	INVALID_KE_PAYLOAD           NotifyType = 17
	AUTHENTICATION_FAILED        NotifyType = 24
	SINGLE_PAIR_REQUIRED         NotifyType = 34
	NO_ADDITIONAL_SAS            NotifyType = 35
	INTERNAL_ADDRESS_FAILURE     NotifyType = 36
	FAILED_CP_REQUIRED           NotifyType = 37
	TS_UNACCEPTABLE              NotifyType = 38
	INVALID_SELECTORS            NotifyType = 39
	UNACCEPTABLE_ADDRESSES       NotifyType = 40 // RFC 4555
	UNEXPECTED_NAT_DETECTED      NotifyType = 41 // RFC 4555
	TEMPORARY_FAILURE            NotifyType = 43
	CHILD_SA_NOT_FOUND           NotifyType = 44
	STATE_NOT_FOUND              NotifyType = 47 // RFC 9370
)

// Status types, by their IANA names.
const (
	INITIAL_CONTACT                 NotifyType = 16384
	SET_WINDOW_SIZE                 NotifyType = 16385
	ADDITIONAL_TS_POSSIBLE          NotifyType = 16386
	IPCOMP_SUPPORTED                NotifyType = 16387
	NAT_DETECTION_SOURCE_IP         NotifyType = 16388
	NAT_DETECTION_DESTINATION_IP    NotifyType = 16389
	COOKIE                          NotifyType = 16390
	USE_TRANSPORT_MODE              NotifyType = 16391
	HTTP_CERT_LOOKUP_SUPPORTED      NotifyType = 16392
	REKEY_SA                        NotifyType = 16393
	ESP_TFC_PADDING_NOT_SUPPORTED   NotifyType = 16394
	NON_FIRST_FRAGMENTS_ALSO        NotifyType = 16395
	MOBIKE_SUPPORTED                NotifyType = 16396 // RFC 4555, up to NO_NATS_ALLOWED
	ADDITIONAL_IP4_ADDRESS          NotifyType = 16397
	ADDITIONAL_IP6_ADDRESS          NotifyType = 16398
	NO_ADDITIONAL_ADDRESSES         NotifyType = 16399
	UPDATE_SA_ADDRESSES             NotifyType = 16400
	COOKIE2                         NotifyType = 16401
	NO_NATS_ALLOWED                 NotifyType = 16402
	AUTH_LIFETIME                   NotifyType = 16403 // RFC 4478
	MULTIPLE_AUTH_SUPPORTED         NotifyType = 16404 // RFC 4739
	ANOTHER_AUTH_FOLLOWS            NotifyType = 16405
	REDIRECT_SUPPORTED              NotifyType = 16406 // RFC 5685
	REDIRECT                        NotifyType = 16407
	REDIRECTED_FROM                 NotifyType = 16408
	EAP_ONLY_AUTHENTICATION         NotifyType = 16417 // RFC 5998
	CHILDLESS_IKEV2_SUPPORTED       NotifyType = 16418 // RFC 6023
	QUICK_CRASH_DETECTION           NotifyType = 16419 // RFC 6290
	IKEV2_MESSAGE_ID_SYNC_SUPPORTED NotifyType = 16420 // RFC 6311
	IKEV2_FRAGMENTATION_SUPPORTED   NotifyType = 16430 // RFC 7383
	SIGNATURE_HASH_ALGORITHMS       NotifyType = 16431 // RFC 7427
	USE_PPK                         NotifyType = 16435 // RFC 8784
	PPK_IDENTITY                    NotifyType = 16436
	NO_PPK_AUTH                     NotifyType = 16437
	INTERMEDIATE_EXCHANGE_SUPPORTED NotifyType = 16438 // RFC 9242
	ADDITIONAL_KEY_EXCHANGE         NotifyType = 16441 // RFC 9370
	SUPPORTED_AUTH_METHODS          NotifyType = 16443 // RFC 9593
)

// IsError reports whether the type is of the range that tells of errors. An unknown error in a response means that the
// request failed; an unknown status type is ignored (RFC 7296 §3.10.1).
func (t NotifyType) IsError() bool { return t < INITIAL_CONTACT }

// Type returns PayloadNotify.
func (*Notify) Type() PayloadType { return PayloadNotify }

func parseNotify(s cryptobyte.String) (*Notify, error) {
	p := &Notify{}
	var spiLen uint8
	if !s.ReadUint8((*uint8)(&p.Protocol)) || !s.ReadUint8(&spiLen) || !s.ReadUint16((*uint16)(&p.Kind)) ||
		!s.ReadBytes(&p.SPI, int(spiLen)) {
		return nil, malformed("Notify", "truncated")
	}
	p.Data = s
	return p, nil
}

func (p *Notify) append(b []byte) []byte {
	b = append(b, byte(p.Protocol), byte(len(p.SPI)))
	b = binary.BigEndian.AppendUint16(b, uint16(p.Kind))
	return append(append(b, p.SPI...), p.Data...)
}
