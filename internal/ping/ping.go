// Package ping asks a host whether it is there, by ICMP Echo (RFC 792, RFC 4443 §4).
package ping

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"syscall"
	"time"

	"seikan/internal/netns"
)

// Bounds of a Request. The least is a datagram with headers and what tells the requests of one run from each other.
const (
	MaxCount   = 100_000
	MinSize    = 36
	MinSize6   = 48
	MaxSize    = 18024
	MaxTimeout = time.Minute
)

// Request is what is to be asked.
type Request struct {
	To, From     netip.Addr // From of the same family; zero: as the system chooses
	Count        int        // of requests
	Size         int        // octets of a datagram, with the headers of IP and ICMP
	Timeout      time.Duration
	DontFragment bool
	Netns        string // network namespace of To and From; "": that of the process
}

// Answer is what became of one request.
type Answer uint8

// Answers.
const (
	Reply Answer = iota
	Timeout
	TooBig          // somebody on the way, or this host, would have to fragment it and may not
	TimeExceeded    // it passed too many routers
	ParamProblem    // a header was not understood
	SourceQuench    // only IPv4
	NoRoute         // unreachable, and how
	Prohibited      //
	BeyondScope     // only IPv6
	HostUnreachable //
	PortUnreachable //
	Unreachable     // in another way
	Unknown         // answered by what is none of these
)

// Result is an answer, and how long a reply took.
type Result struct {
	Answer Answer
	Time   time.Duration
}

// check finds what is wrong with a request.
func (r Request) check() error {
	least := MinSize
	if r.To.Is6() {
		least = MinSize6
	}
	switch {
	case !r.To.IsValid(), r.From.IsValid() && r.From.Is6() != r.To.Is6():
		return fmt.Errorf("ping: from %v to %v: expected two addresses of one family", r.From, r.To)
	case r.Count < 1 || r.Count > MaxCount:
		return fmt.Errorf("ping: %d requests: expected 1 to %d", r.Count, MaxCount)
	case r.Size < least || r.Size > MaxSize:
		return fmt.Errorf("ping: %d octets: expected %d to %d", r.Size, least, MaxSize)
	case r.Timeout <= 0 || r.Timeout > MaxTimeout:
		return fmt.Errorf("ping: timeout %v: expected up to %v", r.Timeout, MaxTimeout)
	}
	return nil
}

// Run sends the requests one after the other, and gives each result to take, until all were answered or ctx ends, which is no error, or take
// returns one.
func Run(ctx context.Context, r Request, take func(Result) error) error {
	if err := r.check(); err != nil {
		return err
	}
	var conn net.PacketConn
	err := netns.Do(r.Netns, func() (err error) {
		conn, r, err = listen(r)
		return err
	})
	if err != nil {
		return fmt.Errorf("ping: %w", err)
	}
	defer conn.Close()
	return run(ctx, conn, r, take)
}

// run is Run over a socket.
func run(ctx context.Context, conn net.PacketConn, r Request, take func(Result) error) error {
	var id [2]byte
	rand.Read(id[:])
	p := pinger{conn: conn, request: r, id: binary.BigEndian.Uint16(id[:]), buf: make([]byte, MaxSize+1)}
	defer context.AfterFunc(ctx, func() { _ = conn.SetReadDeadline(time.Unix(1, 0)) })()
	for i := range r.Count {
		result, err := p.ask(ctx, uint16(i))
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			return fmt.Errorf("ping: %w", err)
		}
		if err := take(result); err != nil {
			return err
		}
	}
	return nil
}

// pinger is a run.
type pinger struct {
	conn    net.PacketConn
	request Request
	id      uint16
	buf     []byte
}

// ask sends one request and waits for what becomes of it.
func (p *pinger) ask(ctx context.Context, seq uint16) (Result, error) {
	sent := time.Now()
	data, err := p.request.echo(p.id, seq)
	if err != nil {
		return Result{}, err
	}
	_, err = p.conn.WriteTo(data, &net.IPAddr{IP: p.request.To.AsSlice(), Zone: p.request.To.Zone()})
	if answer, ok := unsent(err); ok {
		return Result{Answer: answer}, nil
	}
	if err != nil {
		return Result{}, err
	}
	if err := p.conn.SetReadDeadline(sent.Add(p.request.Timeout)); err != nil {
		return Result{}, err
	}
	for ctx.Err() == nil { // where it ends later, the deadline is past
		n, from, err := p.conn.ReadFrom(p.buf)
		switch {
		case errors.Is(err, os.ErrDeadlineExceeded):
			return Result{Answer: Timeout}, nil
		case err != nil:
			return Result{}, err
		}
		if answer, ok := p.request.judge(p.buf[:n], addrOf(from), p.id, seq); ok {
			return Result{answer, time.Since(sent)}, nil
		}
	}
	return Result{}, ctx.Err()
}

// unsent is what this host's own refusal to send says.
func unsent(err error) (Answer, bool) {
	switch {
	case errors.Is(err, syscall.EMSGSIZE):
		return TooBig, true
	case errors.Is(err, syscall.ENETUNREACH):
		return NoRoute, true
	case errors.Is(err, syscall.EHOSTUNREACH):
		return HostUnreachable, true
	}
	return 0, false
}

func addrOf(a net.Addr) netip.Addr {
	ip, _ := a.(*net.IPAddr)
	if ip == nil {
		return netip.Addr{}
	}
	addr, _ := netip.AddrFromSlice(ip.IP)
	return addr.Unmap()
}
