package config

import (
	"cmp"
	"errors"
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"strings"
	"testing"

	"seikan/internal/config/configtest"
)

// anew is Edit as it is meant: it reads all of the text again, and takes as long as that takes.
func (m *Model) anew(path []string, text string) (Edit, error) {
	p, lines := m.readLines()
	l := newLine(0, text)
	if len(l.words) == 0 || l.words[0].text[0] == '!' {
		return Edit{Model: m, Path: path}, nil
	}
	if !p.legible(l) {
		return Edit{}, p.refusal()
	}
	verb := strings.ToLower(l.words[0].text)
	switch {
	case len(l.words) == 1 && verb == "exit":
		return Edit{Model: m, Path: path[:max(0, len(path)-1)], Left: len(path) == 0}, nil
	case len(l.words) == 1 && verb == "end":
		return Edit{Model: m, Left: true}, nil
	}
	path = p.follow(path)
	undo := verb == "no" || verb == "default"
	var worst *EditError
	for depth := len(p.modes) - 1; depth >= 0; depth-- {
		in := p.modes[depth]
		if mt, f := l.match(in.commands); f == nil {
			p.modes, p.errs.list, p.inFull = p.modes[:depth+1], nil, ""
			p.change = &change{} // from here on it is an operator who speaks
			if mt.run(p, mt.args); len(p.errs.list) > 0 {
				return Edit{}, p.refusal()
			}
			p.hashSecrets()
			path = slices.Clone(path[:depth])
			if len(p.modes) > depth+1 {
				path = append(path, cmp.Or(p.inFull, l.plain()))
			}
			return m.or(p.m, path), nil
		}
		from := 0
		if undo {
			if t := l.trace(in.commands, 1); t.problem == nil && len(l.words) > 1 {
				return m.takeAwayAnew(p, lines, path[:depth], l, t)
			}
			from = 1
		}
		if e := l.trace(in.commands, from).complaint(l); worst == nil || e.nearer(worst) {
			worst = e
		}
	}
	return Edit{}, worst
}

func (m *Model) takeAwayAnew(p *parser, lines []textLine, path []string, l *line, t trace) (Edit, error) {
	in := p.modes[len(path)]
	p.modes = p.modes[:len(path)+1]
	var meant any
	if p.line(0, strings.TrimLeft(l.text, " \t")[len(l.words[0].text):]); len(p.modes) == len(path)+2 {
		meant = p.modes[len(path)+1].of
	}
	left := newParser(m.file)
	found, enters, below := 0, false, -1
	for _, s := range lines {
		switch {
		case below >= 0 && len(s.words) > 0 && s.indent > below:
		case s.in == in && (meant != nil && s.enters == meant || meant == nil && s.beginsWith(t.words, strings.EqualFold(l.words[0].text, "default"))):
			found, enters, below = found+1, enters || s.enters != nil, s.indent
		default:
			below = -1
			left.line(0, s.text)
		}
	}
	switch {
	case found == 0 && t.argued:
		return Edit{}, &EditError{Refused, l.column(1), "a line that is configured"}
	case t.vague(found, enters):
		return Edit{}, t.complaint(l)
	}
	return m.or(left.m, path), nil
}

// or is an Edit that has made n of m.
func (m *Model) or(n *Model, path []string) Edit {
	if n.Text() == m.Text() {
		n = m
	}
	return Edit{Model: n, Path: path}
}

// textLine is a line of the text of a Model.
type textLine struct {
	*line
	in     place // that it stands in
	enters any   // what the mode is for that it enters; nil: none
}

// readLines reads the text of a Model.
func (m *Model) readLines() (*parser, []textLine) {
	p := newParser(m.file)
	w := writer{keys: true, numbers: true}
	w.model(m)
	var list []textLine
	for s := range strings.Lines(w.b.String()) {
		l := newLine(len(list)+1, strings.TrimSuffix(s, "\n"))
		before := p.entered
		p.line(l.num, l.text)
		t := textLine{line: l, in: p.modes[len(p.modes)-1]}
		if p.entered > before {
			t.in, t.enters = p.modes[len(p.modes)-2], t.in.of
		}
		list = append(list, t)
	}
	return p, list
}

// twin is a Model that is edited, and its twin, whose text is read anew for each line.
type twin struct {
	m, anew *Model
	path    []string
	before  []*Model // some that there were, and others that were made of these
	texts   []string // what they were
}

// keep remembers a Model, to see whether it stays as it is.
func (w *twin) keep(m *Model) {
	if len(w.before) < 100 {
		w.before, w.texts = append(w.before, m), append(w.texts, m.Text())
	}
}

// give gives both a line, and compares all that comes of it.
func (w *twin) give(t *testing.T, line string) {
	t.Helper()
	e, err := w.m.Edit(w.path, line)
	a, wantErr := w.anew.anew(w.path, line)
	var bad, want *EditError
	if errors.As(err, &bad) != errors.As(wantErr, &want) || bad != nil && *bad != *want {
		t.Fatalf("%q in %q: got %v, want %v, in\n%s", line, w.path, err, wantErr, w.anew.Text())
	}
	if err != nil {
		return
	}
	if !slices.Equal(e.Path, a.Path) || e.Left != a.Left || (e.Model == w.m) != (a.Model == w.anew) {
		t.Fatalf("%q in %q: got %q, %v, changed %v, want %q, %v, %v, in\n%s", line, w.path, e.Path, e.Left, e.Model != w.m, a.Path, a.Left, a.Model != w.anew, w.anew.Text())
	}
	if got, want := e.Model.Text(), a.Model.Text(); got != want {
		t.Fatalf("%q in %q: got\n%s\nwant\n%s", line, w.path, got, want)
	}
	if e.Model != w.m {
		w.keep(w.m)
	}
	w.m, w.anew, w.path = e.Model, a.Model, e.Path
	if w.path != nil && len(w.path) == 0 {
		w.path = nil
	}
}

// compare compares what they are in the end: what they lack, how they are built, and that no edit has changed the Model before it.
func (w *twin) compare(t *testing.T) {
	t.Helper()
	p, _ := w.anew.readLines()
	if d := difference(&Model{file: w.m.file, settings: w.m.settings, tables: w.m.tables}, p.m); d != "" {
		t.Errorf("differs in %s:\n%s", d, w.m.Text())
	}
	for i, m := range w.before {
		if got := m.Text(); got != w.texts[i] {
			t.Fatalf("an edit has made\n%s\nof\n%s", got, w.texts[i])
		}
	}
	whole, lacks := w.m.Whole()
	parsed, err := Parse(w.m.file, []byte(w.m.Text()))
	var want []string
	if err != nil {
		for _, e := range errorsOf(t, err) {
			want = append(want, fmt.Sprintf("%s: expected %s", strings.TrimSpace(e.Text), e.Expected))
		}
	}
	if !slices.Equal(lacks, want) {
		t.Fatalf("lacks %q, want %q, in\n%s", lacks, want, w.m.Text())
	}
	if err != nil {
		return
	}
	got, gotErr := whole.Build(env())
	built, wantErr := parsed.Build(env())
	if fmt.Sprint(gotErr) != fmt.Sprint(wantErr) || !reflect.DeepEqual(got, built) {
		t.Fatalf("what is built is another (%v, want %v) of\n%s", gotErr, wantErr, w.m.Text())
	}
}

// withoutSecrets are the lines of a text but for passwords: a hash takes long, and no two are alike.
func withoutSecrets(text string) []string {
	return slices.DeleteFunc(lines(text), func(s string) bool { return strings.Contains(s, "secret") })
}

// FuzzEdit: whatever lines are given, they make what reading all of the text for each of them makes.
func FuzzEdit(f *testing.F) {
	f.Add(siteText)
	for part := range slices.Chunk(withoutSecrets(everything), 40) {
		f.Add(strings.Join(part, "\n"))
	}
	f.Add("ip access-list extended L\nremark a\npermit ip any any\n5 deny ip any host 10.0.0.1\nno 10\nremark b\ndefault permit ip any any\n")
	f.Add("username ann privilege 15\nip route 10.0.0.0 255.0.0.0 Tunnel1\nline vty\nexec-timeout 5\nno ip route\nno line vty\nno username ann\n")
	f.Add("crypto map CM 10 ipsec-isakmp\nno crypto map CM\nexit\nend\n")
	f.Add("crypto ikev2 keyring K\npeer P\naddress 10.0.0.1\nno peer P\nno crypto ikev2 keyring K\n")
	f.Fuzz(func(t *testing.T, text string) {
		if len(text) > 2000 || strings.Contains(strings.ToLower(text), "sec") {
			return
		}
		w := twin{m: &Model{}, anew: &Model{}}
		for s := range strings.Lines(text) {
			s = strings.TrimSuffix(s, "\n")
			w.give(t, s)
			if _, _, err := w.m.Choices(w.path, s); err != nil && !errors.As(err, new(*EditError)) {
				t.Fatal(err)
			}
			if w.m.Prompt(w.path) == "()" {
				t.Fatalf("no prompt for %q", w.path)
			}
		}
		w.compare(t)
	})
}

// The same for lines that are taken at random from those of a configuration, some of them with other names, cut short, or behind a no.
func TestEditAtRandom(t *testing.T) {
	pool := withoutSecrets(everything + siteText + configtest.Site(0))
	names := strings.NewReplacer("PROF", "P1", "siteB", "net", "TO-B", "SIX", "CM 10", "CM 5", "P2", "P1", "INET", "CUST", "Tunnel1", "Tunnel7")
	for seed := range uint64(16) {
		r := rand.New(rand.NewPCG(seed, 5))
		w := twin{m: &Model{file: "gw.conf"}, anew: &Model{file: "gw.conf"}}
		if seed%3 > 0 {
			w.m = mustParse(t, everything)
			w.anew = w.m
		}
		at := r.IntN(len(pool))
		for range 60 {
			if at++; r.IntN(4) == 0 { // else the line that follows, which is one of the same mode
				at = r.IntN(len(pool))
			}
			line := pool[at%len(pool)]
			if r.IntN(4) == 0 {
				line = names.Replace(line)
			}
			if words := strings.Fields(line); len(words) > 0 && r.IntN(6) == 0 {
				line = strings.Join(words[:1+r.IntN(len(words))], " ")
			}
			switch r.IntN(12) {
			case 0, 1:
				line = "no " + strings.TrimPrefix(line, "no ")
			case 2:
				line = "default " + line
			case 3:
				line = []string{"exit", "end", "", "what", "no", "no no", "line vty", "no line vty", "exec-timeout 5", "no 10"}[r.IntN(10)]
			}
			if e, err := w.m.Edit(w.path, pool[(at+r.IntN(2))%len(pool)]); err == nil { // another who does something else
				w.keep(e.Model)
			}
			w.give(t, line)
			if r.IntN(60) == 0 { // somebody else takes the mode away
				w.path = []string{"crypto ikev2 keyring GONE", "peer GONE"}
			}
		}
		w.compare(t)
	}
}
