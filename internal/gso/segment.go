package gso

import "encoding/binary"

// maxHeader is how long the headers of a frame that is cut may be. IPv4 and TCP with all their options take 120.
const maxHeader = 512

// Segmenter cuts frames into packets. It belongs to one goroutine. The zero value is ready for Begin.
type Segmenter struct {
	data  []byte // the frame
	kind  Kind
	size  int
	l4    int // where TCP or UDP begins
	head  int // where the payload begins
	count int // packets
	next  int

	is4   bool
	id    uint16 // of the first packet (IPv4)
	seq   uint32 // of the first segment (TCP)
	flags byte   // of the whole (TCP)
	room  [maxHeader]byte
	base  uint64 // what the checksums of all packets have in common: pseudo header without length, TCP or UDP header without what changes
}

// Begin takes a frame and completes the checksum of one that is a packet. The Segmenter borrows f.Data until it has cut all of it. The
// error is ErrFrame, for what no host should hand over.
func (s *Segmenter) Begin(f Frame) error {
	s.data, s.kind, s.next, s.count, s.head = f.Data, f.Kind, 0, 0, 0
	if f.Kind == None {
		s.count = 1
		return s.complete(f)
	}
	if err := s.locate(f); err != nil {
		return err
	}
	s.size = f.Size
	payload := len(f.Data) - s.head
	if s.head+min(payload, f.Size) > maxPacket {
		return ErrFrame
	}
	s.count = max(1, (payload+f.Size-1)/f.Size)
	h := s.data
	if s.is4 {
		s.id = binary.BigEndian.Uint16(h[4:])
	}
	l4 := h[s.l4:s.head]
	if s.kind == UDP {
		s.base = addresses(h, protoUDP)
		s.base = sum(l4[:udpLenAt], s.base)
		return nil
	}
	s.seq, s.flags = binary.BigEndian.Uint32(l4[tcpSeqAt:]), l4[tcpFlagsAt]
	s.base = sum(l4[tcpSumAt+2:], sum(l4[8:12], sum(l4[:tcpSeqAt], addresses(h, protoTCP))))
	return nil
}

// complete finishes the checksum of one packet.
func (s *Segmenter) complete(f Frame) error {
	if !f.Partial {
		return nil
	}
	at := f.Start + f.Field
	if f.Start < 0 || f.Field < 0 || at+2 > len(f.Data) {
		return ErrFrame
	}
	// What is in the field is part of the sum. The other zero is right for every protocol, and needed for UDP.
	binary.BigEndian.PutUint16(f.Data[at:], finish(sum(f.Data[f.Start:], 0), true))
	return nil
}

// locate finds the headers of a frame that is to be cut. Where TCP or UDP begins the host says: there may be extension headers before it.
func (s *Segmenter) locate(f Frame) error {
	d := f.Data
	at := 0
	switch {
	case len(d) >= ipv4Header && d[0]>>4 == 4:
		s.is4, at = true, int(d[0]&0x0f)*4
		if at < ipv4Header || f.Partial && f.Start != at {
			return ErrFrame
		}
	case len(d) >= ipv6Header && d[0]>>4 == 6:
		s.is4, at = false, ipv6Header
		if f.Partial {
			at = f.Start
		}
		if at < ipv6Header {
			return ErrFrame
		}
	default:
		return ErrFrame
	}
	header := udpHeader
	if f.Kind == TCP {
		if at+tcpHeader > len(d) {
			return ErrFrame
		}
		if header = int(d[at+tcpWordAt]>>4) * 4; header < tcpHeader {
			return ErrFrame
		}
	}
	if s.l4, s.head = at, at+header; s.head > len(d) || s.head > maxHeader || f.Size <= 0 {
		return ErrFrame
	}
	return nil
}

// Len is how many packets the frame is.
func (s *Segmenter) Len() int { return s.count }

// NextLen is how many octets the next packet has.
func (s *Segmenter) NextLen() int {
	if s.kind == None {
		return len(s.data)
	}
	return s.head + min(s.size, len(s.data)-s.head-s.next*s.size)
}

// Put writes the next packet to the front of dst without its first skip octets, which are of its IP header, and returns how many it has
// written: NextLen less skip, for which there is room. The packet is what the host would have sent by itself: lengths, IPv4 identification,
// TCP sequence number, flags and checksums are those of the packet. dst and the frame do not overlap.
func (s *Segmenter) Put(dst []byte, skip int) int {
	i := s.next
	s.next++
	if s.kind == None {
		return copy(dst, s.data[skip:])
	}
	from := s.head + i*s.size
	payload := s.data[from:min(from+s.size, len(s.data))]
	c := copySum(dst[s.head-skip:], payload)
	head := s.room[:copy(s.room[:], s.data[:s.head])]
	s.ip(head, i, len(payload))
	if l4 := head[s.l4:]; s.kind == UDP {
		s.udp(l4, len(payload), c)
	} else {
		s.tcp(l4, len(payload), c, i)
	}
	return copy(dst, head[skip:]) + len(payload)
}

// Skip passes over the next packet.
func (s *Segmenter) Skip() { s.next++ }

// ip sets the length of packet i, and its number (RFC 6864 §4.3: a number is not used twice for what may be fragmented).
func (s *Segmenter) ip(h []byte, i, payload int) {
	if !s.is4 {
		binary.BigEndian.PutUint16(h[4:], uint16(s.head-ipv6Header+payload))
		return
	}
	binary.BigEndian.PutUint16(h[2:], uint16(s.head+payload))
	binary.BigEndian.PutUint16(h[4:], s.id+uint16(i))
	ipv4Sum(h[:s.l4])
}

// tcp sets what is of segment i only. FIN and PSH are the last one's; CWR, which answers one congestion signal, the first one's (RFC 3168
// §6.1.2). c is the sum of the payload.
func (s *Segmenter) tcp(h []byte, payload int, c uint64, i int) {
	flags := s.flags
	if i < s.count-1 {
		flags &^= flagFIN | flagPSH
	}
	if i > 0 {
		flags &^= flagCWR
	}
	h[tcpFlagsAt] = flags
	binary.BigEndian.PutUint32(h[tcpSeqAt:], s.seq+uint32(i*s.size))
	le := binary.LittleEndian // as in sumWords
	c = add(c, uint64(le.Uint32(h[tcpSeqAt:]))+uint64(le.Uint32(h[tcpWordAt:])))
	c = put(add(c, s.base), len(h)+payload)
	binary.BigEndian.PutUint16(h[tcpSumAt:], finish(c, false))
}

// udp sets length and checksum of a datagram. c is the sum of its payload.
func (s *Segmenter) udp(h []byte, payload int, c uint64) {
	n := len(h) + payload
	binary.BigEndian.PutUint16(h[udpLenAt:], uint16(n))
	c = put(put(add(c, s.base), n), n) // in the pseudo header, and in the header
	binary.BigEndian.PutUint16(h[udpSumAt:], finish(c, true))
}
