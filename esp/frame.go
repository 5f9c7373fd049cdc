package esp

// Frame is one packet of a batch, before and after. Its Data belongs to the caller: Seal and Open keep no reference.
type Frame struct {
	Data []byte // an inner packet, or an ESP packet from its SPI through its ICV
	Next uint8  // next header: what the inner packet is, 4 for IPv4, 41 for IPv6, 59 for a dummy packet (RFC 4303 §2.6)
	Seq  uint64 // the sequence number; of a packet that was not authenticated, what it says, or with ESN would have to be
	Err  error  // why the packet was not sealed or not opened
}

// openRun is how many frames an Opener takes at a time.
const openRun = 128

// Scratch is memory for Seal and Open that would otherwise be allocated for each packet: what is handed to an algorithm
// through an interface cannot be on the stack. It belongs to one goroutine at a time, which may use it with any number of
// Sealers and Openers. Nothing in it has to last from one call to the next but what Taken tells. The zero value is ready.
type Scratch struct {
	nonce   [12]byte // salt and IV
	aad     [12]byte // SPI and extended sequence number
	high    [4]byte  // high half of the extended sequence number
	counter [16]byte
	stream  [streamLen]byte
	mac     [64]byte

	first, taken uint64 // of the last Seal
}

// Taken is the sequence numbers that the last Seal has taken: n of them, from first on. So it is if Seal has panicked, too: no other packet
// gets them.
func (sc *Scratch) Taken() (first, n uint64) { return sc.first, sc.taken }
