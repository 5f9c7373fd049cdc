package sadb

import "sync"

// turns has the packets that several goroutines seal for one SA leave in the order of their sequence numbers: whoever has sealed a run waits
// until those before it were sent. It costs nothing to who does not use it.
type turns struct {
	mu     sync.Mutex
	change sync.Cond
	next   uint64 // the sequence number whose turn it is
	gone   []span // sent before their turn
}

// span is n sequence numbers from first on.
type span struct{ first, n uint64 }

func (t *turns) begin(next uint64) { t.next, t.change.L = next, &t.mu }

// WaitTurn waits until all packets before the sequence number first were handed to the socket.
func (o *Outbound) WaitTurn(first uint64) {
	t := &o.turns
	t.mu.Lock()
	for t.next < first {
		t.change.Wait()
	}
	t.mu.Unlock()
}

// EndTurn tells that n packets from the sequence number first on were handed to the socket, or never will be. Everything that is sealed must
// end its turn when any goroutine waits for turns, with or without having waited for its own.
func (o *Outbound) EndTurn(first, n uint64) {
	t := &o.turns
	t.mu.Lock()
	t.gone = append(t.gone, span{first, n})
	for i := 0; i < len(t.gone); {
		if t.gone[i].first != t.next {
			i++
			continue
		}
		t.next += t.gone[i].n
		last := len(t.gone) - 1
		t.gone[i] = t.gone[last]
		t.gone = t.gone[:last]
		i = 0
	}
	t.mu.Unlock()
	t.change.Broadcast()
}
