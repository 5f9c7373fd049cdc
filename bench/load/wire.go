package main

import (
	"encoding/binary"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"time"

	"golang.org/x/net/ipv4"
)

// A packet begins with its kind and the number of its trial.
const (
	kindData  = 'D'
	kindQuery = 'Q' // how many of the trial have arrived?
	headLen   = 1 + 8
	answerLen = headLen + 8 // the count is behind
)

const (
	burst      = 64
	slice      = 250 * time.Microsecond // between bursts
	rcvBuffer  = 8 << 20
	queryEvery = 100 * time.Millisecond
	queries    = 50
)

// receive counts the packets of each trial, and answers queries.
func receive(at netip.AddrPort) error {
	c, err := net.ListenUDP("udp", net.UDPAddrFromAddrPort(at))
	if err != nil {
		return err
	}
	defer c.Close()
	if err := setBuffer(c, rcvBuffer); err != nil {
		return err
	}
	fmt.Println("ready")
	p := ipv4.NewPacketConn(c)
	msgs := make([]ipv4.Message, burst)
	for i := range msgs {
		msgs[i].Buffers = [][]byte{make([]byte, 2048)}
	}
	var trial, count uint64 // the newest one, and its packets
	for {
		n, err := p.ReadBatch(msgs, 0)
		if err != nil {
			return err
		}
		for i := range msgs[:n] {
			b := msgs[i].Buffers[0][:msgs[i].N]
			if len(b) < headLen {
				continue
			}
			if t := binary.BigEndian.Uint64(b[1:]); t > trial {
				trial, count = t, 0
			} else if t < trial {
				continue
			}
			switch b[0] {
			case kindData:
				count++
			case kindQuery:
				answer := binary.BigEndian.AppendUint64(append([]byte(nil), b[:headLen]...), count)
				if _, err := c.WriteTo(answer, msgs[i].Addr); err != nil {
					fmt.Fprintln(os.Stderr, "load:", err)
				}
			}
		}
	}
}

// sender offers packets of one size.
type sender struct {
	c      *net.UDPConn
	p      *ipv4.PacketConn
	msgs   []ipv4.Message
	number uint64 // of the newest trial
}

func newSender(from netip.Addr, to netip.AddrPort, size int) (*sender, error) {
	if size < headLen {
		return nil, fmt.Errorf("-size: %d octets, want at least %d", size, headLen)
	}
	c, err := net.DialUDP("udp", net.UDPAddrFromAddrPort(netip.AddrPortFrom(from, 0)), net.UDPAddrFromAddrPort(to))
	if err != nil {
		return nil, err
	}
	// Numbers of a later run of this program are larger.
	s := &sender{c: c, p: ipv4.NewPacketConn(c), msgs: make([]ipv4.Message, burst), number: uint64(time.Now().UnixNano())}
	for i := range s.msgs {
		s.msgs[i].Buffers = [][]byte{make([]byte, size)}
		s.msgs[i].Buffers[0][0] = kindData
	}
	return s, nil
}

// trial sends at a rate for a while and asks what has arrived.
func (s *sender) trial(rate float64, length time.Duration) (outcome, error) {
	s.number++
	for i := range s.msgs {
		binary.BigEndian.PutUint64(s.msgs[i].Buffers[0][1:], s.number)
	}
	began, sent := time.Now(), 0
	for {
		elapsed := time.Since(began)
		if elapsed >= length {
			break
		}
		for due := int(rate*elapsed.Seconds()) - sent; due > 0 && time.Since(began) < length; {
			n, err := s.p.WriteBatch(s.msgs[:min(due, burst)], 0)
			if err != nil {
				return outcome{}, fmt.Errorf("send: %w", err)
			}
			sent += n
			due -= n
		}
		nap(slice)
	}
	took := time.Since(began).Seconds()
	arrived, err := s.settle()
	switch {
	case err != nil:
		return outcome{}, err
	case sent == 0: // the machine had no time for us: says nothing of the path, and is tried again
		return outcome{Loss: 1}, nil
	}
	return outcome{float64(sent) / took, float64(arrived) / took, 1 - float64(arrived)/float64(sent)}, nil
}

// settle asks until two answers in a row are the same: then nothing of the trial is under way.
func (s *sender) settle() (uint64, error) {
	last, seen := uint64(0), false
	for range queries {
		count, err := s.query()
		if errors.Is(err, os.ErrDeadlineExceeded) {
			continue
		}
		if err != nil {
			return 0, err
		}
		if seen && count == last {
			return count, nil
		}
		last, seen = count, true
		time.Sleep(10 * time.Millisecond)
	}
	return 0, fmt.Errorf("the receiver does not answer")
}

func (s *sender) query() (uint64, error) {
	q := binary.BigEndian.AppendUint64([]byte{kindQuery}, s.number)
	if _, err := s.c.Write(q); err != nil {
		return 0, fmt.Errorf("ask: %w", err)
	}
	if err := s.c.SetReadDeadline(time.Now().Add(queryEvery)); err != nil {
		return 0, err
	}
	var b [answerLen + 1]byte
	for {
		n, err := s.c.Read(b[:])
		if err != nil {
			return 0, err
		}
		if n == answerLen && b[0] == kindQuery && binary.BigEndian.Uint64(b[1:]) == s.number {
			return binary.BigEndian.Uint64(b[headLen:]), nil
		}
	}
}
