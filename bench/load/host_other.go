//go:build !linux

package main

import (
	"net"
	"time"
)

func setBuffer(c *net.UDPConn, n int) error { return c.SetReadBuffer(n) }

func nap(d time.Duration) { time.Sleep(d) }
