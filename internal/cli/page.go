package cli

import (
	"bytes"
	"io"
	"unicode/utf8"
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
			end = ends(text, room, t.width())
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
			height = t.height() // it may be another one by now
			room = height - 1
		case key == '\r' || key == '\n':
			room = 1
		default:
			return n, nil
		}
	}
	return n, nil
}

// ends is where the lines of a text end that so many lines of a screen have room for, and at least the first. One that is wider than the
// screen takes several.
func ends(text []byte, room, width int) int {
	end := 0
	for room > 0 {
		i := bytes.IndexByte(text[end:], '\n')
		if i < 0 {
			return len(text)
		}
		if width > 0 {
			room -= max(0, utf8.RuneCount(text[end:end+i])-1) / width
		}
		if room--; room < 0 && end > 0 {
			break
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

// endless is a width for lines that the operator types where the screen has no end.
const endless = 1 << 16

// width is the columns of the screen; 0: it has no end.
func (t *terminal) width() int {
	if n := parseSettings(t.client.settings).width; n != nil {
		return *n
	}
	width, _, err := t.Size()
	if err != nil {
		return 0
	}
	return width
}
