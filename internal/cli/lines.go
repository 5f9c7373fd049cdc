package cli

import (
	"cmp"
	"fmt"
	"net/netip"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Lines is the terminals of a router, over SSH and on its own machine, as `show users` numbers them. The zero value is ready; any goroutine
// may use it.
type Lines struct {
	// Cleared is told of each line that an operator ends. Nil: nobody is. It is not modified.
	Cleared func(u User, by string)

	mu   sync.Mutex // guards what follows
	list map[int]*Line
}

// Line is a terminal that is there, until Leave.
type Line struct {
	in   *Lines
	user User // without Idle
	end  func(why string)

	entered time.Time
	used    atomic.Int64 // how long after that, in nanoseconds
	changed atomic.Bool  // its configuration mode has changed something, which was not told of yet
}

// User is an operator at a terminal.
type User struct {
	Line int // from 1 on
	Name string
	From netip.Addr    // zero: this machine
	Idle time.Duration // since something was typed
}

// Enter gives a terminal the lowest line that is free, from 1 on. end is called when an operator ends it, and must not wait.
func (l *Lines) Enter(name string, from netip.Addr, end func(why string)) *Line {
	line := &Line{in: l, end: end, entered: time.Now()}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.list == nil {
		l.list = make(map[int]*Line)
	}
	n := 1
	for l.list[n] != nil {
		n++
	}
	line.user = User{Line: n, Name: name, From: from.Unmap()}
	l.list[n] = line
	return line
}

// Number is the line's, as User.Line.
func (l *Line) Number() int { return l.user.Line }

// operator is who is at the line, as the log is to say.
func (l *Line) operator() string {
	text := fmt.Sprintf("%s on vty%d", clean(l.user.Name), l.user.Line-1)
	if l.user.From.IsValid() {
		text += fmt.Sprintf(" (%v)", l.user.From)
	}
	return text
}

// Use notes that something was typed.
func (l *Line) Use() { l.used.Store(int64(time.Since(l.entered))) }

// Leave gives the line back.
func (l *Line) Leave() {
	l.in.mu.Lock()
	defer l.in.mu.Unlock()
	delete(l.in.list, l.user.Line)
}

// Users is who is there, by line. Nobody has a nil Lines.
func (l *Lines) Users() (all []User) {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, line := range l.list {
		u := line.user
		u.Idle = max(0, time.Since(line.entered)-time.Duration(line.used.Load()))
		all = append(all, u)
	}
	slices.SortFunc(all, func(a, b User) int { return cmp.Compare(a.Line, b.Line) })
	return all
}

// find is the line of a number; nil: nobody has it.
func (l *Lines) find(n int) *Line {
	if l == nil {
		return nil
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.list[n]
}

// clear ends the terminal of a line, if there is one. The operator who does it is named to the others.
func (l *Lines) clear(n int, by string) {
	line := l.find(n)
	if line == nil {
		return
	}
	if l.Cleared != nil {
		l.Cleared(line.user, by)
	}
	line.end(fmt.Sprintf("Line vty %d was cleared by %s: the session ends.", n-1, by))
}
