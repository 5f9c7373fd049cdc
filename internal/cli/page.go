package cli

import (
	"bytes"
	"io"
)

// pager writes a text on a terminal, and waits where the screen is full.
type pager struct{ t *terminal }

const (
	more   = " --More-- "
	noMore = "\r          \r"
)

func (p pager) Write(text []byte) (int, error) {
	t, n := p.t, len(text)
	height := t.height()
	for room := height - 1; len(text) > 0; {
		end := len(text)
		if height > 1 {
			end = ends(text, room)
		}
		if _, err := t.term.Write(text[:end]); err != nil {
			return 0, err
		}
		if text = text[end:]; len(text) == 0 {
			break
		}
		switch key, err := t.more(); {
		case err != nil:
			return 0, err
		case key == ' ':
			room = height - 1
		case key == '\r' || key == '\n':
			room = 1
		default:
			return n, nil
		}
	}
	return n, nil
}

// ends is where the first lines of a text end.
func ends(text []byte, lines int) int {
	end := 0
	for range lines {
		i := bytes.IndexByte(text[end:], '\n')
		if i < 0 {
			return len(text)
		}
		end += i + 1
	}
	return end
}

// more waits for a key.
func (t *terminal) more() (byte, error) {
	if _, err := t.term.Write([]byte(more)); err != nil {
		return 0, err
	}
	var key [1]byte
	if _, err := io.ReadFull(t.In, key[:]); err != nil {
		return 0, err
	}
	_, err := t.term.Write([]byte(noMore))
	return key[0], err
}

// height is the lines of the screen; 0: it has no end.
func (t *terminal) height() int {
	if n := parseSettings(t.client.settings).length; n != nil {
		return *n
	}
	_, height, err := t.Size()
	if err != nil {
		return 0
	}
	return height
}
