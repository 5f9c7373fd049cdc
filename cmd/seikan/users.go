package main

import (
	"cmp"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"seikan/internal/cli"
	"seikan/internal/sshd"
)

// users is the operators who are here over SSH. Any goroutine may use it.
type users struct {
	mu    sync.Mutex // guards what follows
	lines map[int]*user
}

// user is one of them.
type user struct {
	session sshd.Session
	typed   atomic.Int64 // when, in nanoseconds since 1970
}

// enter gives an operator the lowest line that is free, from 1 on, until leave. What is typed is to be read from in.
func (u *users) enter(s sshd.Session) (line int, in io.Reader, leave func()) {
	v := &user{session: s}
	v.typed.Store(time.Now().UnixNano())
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.lines == nil {
		u.lines = make(map[int]*user)
	}
	for line = 1; u.lines[line] != nil; line++ {
	}
	u.lines[line] = v
	return line, v, func() {
		u.mu.Lock()
		defer u.mu.Unlock()
		delete(u.lines, line)
	}
}

// Read reads what is typed.
func (v *user) Read(b []byte) (int, error) {
	n, err := v.session.In.Read(b)
	if n > 0 {
		v.typed.Store(time.Now().UnixNano())
	}
	return n, err
}

// list is those who are here, by line.
func (u *users) list() (all []cli.User) {
	now := time.Now()
	u.mu.Lock()
	defer u.mu.Unlock()
	for line, v := range u.lines {
		idle := max(0, now.Sub(time.Unix(0, v.typed.Load())))
		all = append(all, cli.User{Line: line, Name: v.session.User.Name, From: v.session.Source.Addr().Unmap(), Idle: idle})
	}
	slices.SortFunc(all, func(a, b cli.User) int { return cmp.Compare(a.Line, b.Line) })
	return all
}
