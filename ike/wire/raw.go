package wire

// Raw is a payload that is not taken apart here: CERT, CERTREQ, CP, EAP and those of unknown types.
type Raw struct {
	Kind PayloadType

	// Critical is the critical bit. It means nothing in payloads that RFC 7296 defines; a payload of an unknown type that has
	// it set must be refused with UNSUPPORTED_CRITICAL_PAYLOAD, and one that has not must be skipped (RFC 7296 §2.5).
	Critical bool
	Data     []byte // what follows the generic payload header
}

// Type returns p.Kind.
func (p *Raw) Type() PayloadType { return p.Kind }

func (p *Raw) append(b []byte) []byte { return append(b, p.Data...) }
