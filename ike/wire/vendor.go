package wire

// VendorID is a Vendor ID payload (RFC 7296 §3.12): a constant by which implementations of one vendor know each other.
type VendorID struct {
	Data []byte
}

// Type returns PayloadVendorID.
func (*VendorID) Type() PayloadType { return PayloadVendorID }

func (p *VendorID) append(b []byte) []byte { return append(b, p.Data...) }
