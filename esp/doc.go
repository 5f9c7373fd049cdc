// Package esp protects IP packets with the IP Encapsulating Security Payload (RFC 4303) in tunnel mode.
//
// It knows one direction of one SA at a time. A Sealer turns inner packets into ESP packets:
//
//	SPI | sequence number | IV | inner packet | padding | pad length | next header | ICV
//
// and an Opener turns those back. Both take batches of frames, do not allocate, and may be used by several goroutines at
// once, each with a Scratch of its own. What becomes of a frame stays with the frame: Frame.Err.
//
// The algorithms of an SA are its Suite. The combined mode ones, AES-GCM (RFC 4106) and ChaCha20-Poly1305 (RFC 7634), need
// no lock. AES-CBC (RFC 3602), AES-CTR (RFC 3686) and NULL (RFC 2410) with an HMAC (RFC 2404, RFC 4868) take one for each
// packet, because the state of those algorithms is mutable.
//
// Two promises that the security of an SA rests on are kept here and nowhere else: a Sealer never uses a sequence number
// twice, and so no IV either, and an Opener moves its replay window only for packets whose ICV it has verified.
package esp
