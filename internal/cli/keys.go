package cli

import (
	"bytes"
	"context"
	"io"
)

// Keys that end what is being shown: control-C, and the escape sequence of a classic router, control-^.
const breakKeys = "\x03\x1e"

// maxAhead is the octets that may be typed ahead while something is being shown.
const maxAhead = 1024

// keyReader is what is typed. A goroutine of its own reads it, so that a break is seen while a command is at work. It gives what is typed no
// further than to the end of a line at once, so that keys which are typed ahead are there for a full screen. Its methods are called by one goroutine.
type keyReader struct {
	typed <-chan []byte // closed at the end
	err   error         // why it is, then
	done  <-chan struct{}
	got   []byte // and not given yet
}

// newKeyReader starts to read, until r has no more or done is closed, which is the end of what Read gives; the goroutine is in r.Read until that
// returns.
func newKeyReader(r io.Reader, done <-chan struct{}) *keyReader {
	typed := make(chan []byte)
	k := &keyReader{typed: typed, done: done}
	go func() {
		defer close(typed)
		for {
			buf := make([]byte, 256)
			n, err := r.Read(buf)
			if n > 0 {
				select {
				case typed <- buf[:n]:
				case <-done:
					return
				}
			}
			if err != nil {
				k.err = err
				return
			}
		}
	}()
	return k
}

func (k *keyReader) Read(b []byte) (int, error) {
	if len(k.got) == 0 {
		select {
		case got, ok := <-k.typed:
			if !ok {
				return 0, k.err
			}
			k.got = got
		case <-k.done:
			return 0, io.EOF
		}
	}
	n := len(k.got)
	if i := bytes.IndexAny(k.got, "\r\n"); i >= 0 {
		n = i + 1
	}
	n = copy(b, k.got[:n])
	k.got = k.got[n:]
	return n, nil
}

// watch gives a context that ends with the next break that is typed. What was typed before that is forgotten, and what is typed without one
// is there for Read once stop has been called.
func (k *keyReader) watch(ctx context.Context) (context.Context, func()) {
	ctx, cancel := context.WithCancel(ctx)
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for !k.cutBreak() {
			select {
			case got, ok := <-k.typed:
				if !ok {
					return
				}
				k.got = append(k.got, got[:min(len(got), max(0, maxAhead-len(k.got)))]...)
				if len(k.got) == maxAhead && bytes.ContainsAny(got, breakKeys) {
					k.got = nil
					cancel()
					return
				}
			case <-over:
				return
			}
		}
		cancel()
	}()
	return ctx, func() {
		close(over)
		<-ended
		cancel()
	}
}

// cutBreak forgets what was typed up to a break, if there is one.
func (k *keyReader) cutBreak() bool {
	i := bytes.LastIndexAny(k.got, breakKeys)
	if i >= 0 {
		k.got = k.got[i+1:]
	}
	return i >= 0
}
