package cli

import (
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// A connection carries one request, with a frame of settings before it where the client has any, and the frames of its reply: any
// number of frameText, and then one that says what became of it. A frame is its kind (1 octet), the length of its payload (2 octets, most significant first), and the
// payload.
//
// A reply that comes while the command is at work has a frameLive in front of the text that does: the client shows the text as it comes, for as
// long as it takes, and may send a frameBreak, upon which the command comes to its end and the reply to its own.

// frameKind is what a frame is.
type frameKind uint8

// Kinds of frames. Requests carry a line.
const (
	frameExecute  frameKind = 'x' // the line is to be executed
	frameTyped    frameKind = 'i' // the same; it is on the screen behind the prompt
	frameConfirm  frameKind = 'y' // the same; the operator was asked, and means it
	frameHelp     frameKind = 'h' // a `?` was typed behind the line
	frameComplete frameKind = 'c' // a tab was typed behind the line
	framePrompt   frameKind = 'p' // what is the prompt? The line is empty

	// frameAttend is of a terminal, which is there as long as the connection is. The frames of text are its number, and when it is to end why.
	frameAttend frameKind = 'a'

	// frameSettings comes before a request: what is set at the terminal, as the last reply that said so gave it.
	frameSettings frameKind = 's'
	frameMonitor  frameKind = 'm' // messages are wanted, as long as the connection is there: frames of text, the first empty. The line is empty

	frameBreak frameKind = 'b' // the operator has seen enough of a live reply

	frameText    frameKind = 't' // a part of the reply
	frameLive    frameKind = 'f' // the text behind it is to be shown as it comes
	frameDone    frameKind = 'd' // the outcomes; the payload is the settings, where the client can keep them
	frameRefused frameKind = 'r'
	frameLeft    frameKind = 'q'

	frameWatching   frameKind = 'w'
	frameUnwatching frameKind = 'u'
	frameRaising    frameKind = 'e'
	frameLowering   frameKind = 'l'
	frameAsking     frameKind = '?' // the text is a question
)

const (
	frameHeader = 3
	maxLine     = 2048    // octets of a request's line: as long as one of a configuration's file
	maxText     = 1 << 15 // octets of a reply's payload
	maxSettings = 1 << 15 // octets of the settings in front of a request, which have the lines of a path, escaped
)

var errFrame = errors.New("cli: malformed frame")

// readFrame reads a frame whose payload has no more than limit octets.
func readFrame(r io.Reader, limit int) (frameKind, []byte, error) {
	var h [frameHeader]byte
	if _, err := io.ReadFull(r, h[:]); err != nil {
		return 0, nil, fmt.Errorf("cli: read: %w", err)
	}
	n := int(binary.BigEndian.Uint16(h[1:]))
	if n > limit {
		return 0, nil, errFrame
	}
	payload := make([]byte, n)
	if _, err := io.ReadFull(r, payload); err != nil {
		return 0, nil, fmt.Errorf("cli: read: %w", err)
	}
	return frameKind(h[0]), payload, nil
}

// writeFrame writes a frame, whose payload has no more than maxText octets.
func writeFrame(w io.Writer, k frameKind, payload []byte) error {
	b := make([]byte, 0, frameHeader+len(payload))
	b = append(b, byte(k))
	b = binary.BigEndian.AppendUint16(b, uint16(len(payload)))
	if _, err := w.Write(append(b, payload...)); err != nil {
		return fmt.Errorf("cli: write: %w", err)
	}
	return nil
}

// textWriter writes what it is given as frames of text.
type textWriter struct{ w io.Writer }

func (t textWriter) Write(b []byte) (n int, err error) {
	for n < len(b) {
		part := b[n:min(n+maxText, len(b))]
		if err := writeFrame(t.w, frameText, part); err != nil {
			return n, err
		}
		n += len(part)
	}
	return n, nil
}
