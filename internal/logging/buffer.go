package logging

import "slices"

// buffer keeps the last messages, as many as have room.
type buffer struct {
	msgs        []Message // the oldest first
	octets      int
	limit       int
	overwritten uint64 // messages that made room for others
}

// octetsOf is the memory that a message is charged with.
func octetsOf(m Message) int { return len(m.Line) + 1 + len(m.JSON) }

func (b *buffer) add(m Message) {
	b.msgs = append(b.msgs, m)
	b.octets += octetsOf(m)
	b.trim()
}

// trim makes room. A message that is alone stays, however long it is.
func (b *buffer) trim() {
	for b.octets > b.limit && len(b.msgs) > 1 {
		b.octets -= octetsOf(b.msgs[0])
		b.msgs[0] = Message{} // append leaves it where it is for a while
		b.msgs = b.msgs[1:]
		b.overwritten++
	}
}

func (b *buffer) resize(limit int) {
	b.limit = limit
	b.trim()
}

func (b *buffer) clear() { b.msgs, b.octets = nil, 0 }

func (b *buffer) copy() []Message { return slices.Clone(b.msgs) }
