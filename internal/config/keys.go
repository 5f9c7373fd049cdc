package config

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"seikan/esp"
)

// Keys are the keys of a key file, by name.
type Keys map[string]esp.Secret

// Clear overwrites the keys.
func (k Keys) Clear() {
	for _, s := range k {
		s.Clear()
	}
}

// ParseKeys reads a key file: lines of NAME KEY or NAME hex KEY, where a blank line and one that begins with "!" or "#" say nothing. File is
// what errors call it. An error joins up to 20 *Error, which contain nothing of a line. The text is not kept.
func ParseKeys(file string, text []byte) (Keys, error) {
	errs := errorList{file: file}
	keys, lines := Keys{}, make(map[string]int)
	if len(text) > maxText {
		errs.add(pos{}, "a text of at most %d octets", maxText)
		text = nil
	}
	for num := 1; len(text) > 0 && !errs.full(); num++ {
		var l []byte
		l, text, _ = bytes.Cut(text, []byte{'\n'})
		fields := bytes.Fields(l)
		if len(fields) == 0 || fields[0][0] == '!' || fields[0][0] == '#' {
			continue
		}
		key, bad := keyOnLine(l, fields)
		name := string(fields[0])
		switch {
		case bad != "":
			errs.add(pos{line: num}, "%s", bad)
		case lines[name] != 0:
			key.Clear()
			errs.add(pos{line: num}, "a name that line %d does not have", lines[name])
		default:
			keys[name], lines[name] = key, num
		}
	}
	if err := errs.err(); err != nil {
		keys.Clear()
		return nil, err
	}
	return keys, nil
}

// keyOnLine is the key of a line, or what was expected.
func keyOnLine(l []byte, fields [][]byte) (key esp.Secret, bad string) {
	hex := len(fields) == 3 && strings.EqualFold(string(fields[1]), "hex")
	k, text := kindKey, fields[len(fields)-1]
	if hex {
		k = kindHexKey
	}
	switch {
	case !utf8.Valid(l) || bytes.ContainsFunc(l, func(c rune) bool { return c != '\t' && c != '\r' && !unicode.IsPrint(c) }):
		return nil, "printable characters in UTF-8"
	case len(fields) != 2 && !hex:
		return nil, "a name and a key: NAME KEY or NAME hex KEY"
	case len(fields[0]) > maxName:
		return nil, fmt.Sprintf("a name of at most %d octets", maxName)
	}
	v, instead := k.parse(string(text))
	switch {
	case v != nil:
		return v.(esp.Secret), ""
	case instead != "":
		return nil, instead
	case hex:
		return nil, fmt.Sprintf("a key of at most %d octets in hexadecimal", maxKey)
	}
	return nil, fmt.Sprintf("a key of at most %d octets", maxKey)
}

// presharedKey is a key as a configuration has it: the key itself, or its name in the key file.
type presharedKey struct {
	key  esp.Secret
	file named // zero: key
}

// given reports whether there is one at all.
func (k presharedKey) given() bool { return len(k.key) > 0 || k.file.name != "" }

func (k presharedKey) equal(o presharedKey) bool {
	return k.key.Equal(o.key) && k.file.name == o.file.name
}

// keyOf is argument i, which keyForms has read.
func keyOf(a args, i int) presharedKey {
	if key, ok := a.values[i].value.(esp.Secret); ok {
		return presharedKey{key: key}
	}
	return presharedKey{file: named{valueOf[string](a, i), a.at(i)}}
}

// checkKeys looks for names of keys where no key file is named.
func (p *parser) checkKeys() {
	if p.m.keyFile.name != "" {
		return
	}
	for _, k := range p.m.namedKeys() {
		p.fail(k.at, "with it a line that names the key file: `key file PATH`")
	}
}

// namedKeys are the names of keys that the configuration takes from the key file.
func (m *Model) namedKeys() (list []named) {
	add := func(keys ...presharedKey) {
		for _, k := range keys {
			if k.file.name != "" {
				list = append(list, k.file)
			}
		}
	}
	for _, r := range m.keyrings.list {
		for _, v := range r.peers.list {
			add(v.local, v.remote, v.ppk.key)
		}
	}
	for _, v := range m.profiles.list {
		for _, a := range [...]*authentication{v.authLocal, v.authRemote} {
			if a != nil {
				add(a.key)
			}
		}
	}
	return list
}

// NamesKeyFile reports whether the configuration takes keys from a file, which may have changed without it.
func (m *Model) NamesKeyFile() bool { return m.keyFile.name != "" }

// readKeys reads the key file, and complains about names that it does not have. False: the configuration is of no use.
func (b *builder) readKeys() bool {
	f := b.m.keyFile
	switch {
	case f.name == "":
		return true
	case b.env.Keys == nil:
		b.fail(f.at, "keys in the configuration itself: this program reads no key file")
		return false
	}
	var err error
	if b.keyFile, err = b.env.Keys(f.name); err != nil {
		if !b.errs.include(err) {
			b.fail(f.at, "a file with keys (%v)", err)
		}
		return false
	}
	for _, n := range b.m.namedKeys() {
		if len(b.keyFile[n.name]) == 0 {
			b.fail(n.at, "name of a key in %s", f.name)
		}
	}
	return len(b.errs.list) == 0
}

// secret is a copy of a key, wherever it is.
func (b *builder) secret(k presharedKey) esp.Secret {
	if k.file.name != "" {
		return bytes.Clone(b.keyFile[k.file.name])
	}
	return bytes.Clone(k.key)
}

// include adds the errors of another text, if err is such. False: it is something else.
func (l *errorList) include(err error) bool {
	joined, ok := err.(interface{ Unwrap() []error })
	if !ok {
		return false
	}
	for _, e := range joined.Unwrap() {
		var one *Error
		if !errors.As(e, &one) {
			return false
		}
		if !l.full() {
			l.list = append(l.list, one)
		}
	}
	return true
}
