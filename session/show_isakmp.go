package session

import "io"

// What `show crypto isakmp sa` prints. It is about IKEv1, which this router does not speak: there are only the headings, and
// IKEv2's SAs are in listings of their own.
const (
	isakmpSAs = `IPv4 Crypto ISAKMP SA
dst             src             state          conn-id status

IPv6 Crypto ISAKMP SA
`
	isakmpDetail = `Codes: C - IKE configuration mode, D - Dead Peer Detection
       K - Keepalives, N - NAT-traversal
       T - cTCP encapsulation, X - IKE Extended Authentication
       psk - Preshared key, rsig - RSA signature
       renc - RSA encryption
IPv4 Crypto ISAKMP SA

C-id  Local           Remote          I-VRF  Status Encr Hash   Auth DH Lifetime Cap.

IPv6 Crypto ISAKMP SA
`
	isakmpCount = `Active ISAKMP SA's: 0

Standby ISAKMP SA's: 0

Currently being negotiated ISAKMP SA's: 0

Dead ISAKMP SA's: 0
`
)

// RenderISAKMP writes `show crypto isakmp sa`. Its error is w's.
func RenderISAKMP(w io.Writer, detail bool) error {
	if detail {
		return write(w, []byte(isakmpDetail))
	}
	return write(w, []byte(isakmpSAs))
}

// RenderISAKMPCount writes `show crypto isakmp sa count`. Its error is w's.
func RenderISAKMPCount(w io.Writer) error { return write(w, []byte(isakmpCount)) }

// RenderISAKMPPolicies writes `show crypto isakmp policy`. Its error is w's.
func RenderISAKMPPolicies(w io.Writer) error { return write(w, []byte("Global IKE policy\n")) }

// RenderDefaultISAKMPPolicies writes `show crypto isakmp default policy`. Its error is w's.
func RenderDefaultISAKMPPolicies(w io.Writer) error { return write(w, []byte("Default IKE policy\n")) }
