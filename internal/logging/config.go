package logging

import (
	"net/netip"
)

// Config is what the configuration says of the log. The zero value is its defaults.
type Config struct {
	Console  Level // of the process's own output; default: what the command line says
	Monitor  Level // of terminals that asked for messages; default informational
	Buffered Level // of `show logging`; default informational
	Trap     Level // of collectors and the local daemon; default informational

	BufferSize int      // octets of text; default 65536
	Facility   Facility // of collectors; default local7
	Hosts      []Host   // the collectors, each once
	Local      bool     // to the daemon of this machine

	CAFile   string // PEM: who may sign the certificates of collectors; default: the system's
	CertFile string // PEM: certificate and key of this router, for collectors that ask for one

	RateLimit int   // messages in a second; default: none
	Except    Level // not limited: messages that pass this level

	Stamps Stamps
}

// Defaults and limits.
const (
	defaultLevel      = firstLevel + Level(Informational)
	DefaultBufferSize = 1 << 16
	MinBufferSize     = 4096
	MaxBufferSize     = 1 << 26
	MaxHosts          = 16
	MaxRateLimit      = 10000
)

// Host is a collector of messages. Hosts are equal where they mean the same.
type Host struct {
	Addr      netip.Addr
	Transport Transport
	Port      uint16 // 0: that of the transport
	Format    Format
	Name      string // in the certificate; default: the address
}

// Transport is how messages reach a collector.
type Transport uint8

// Transports.
const (
	UDP Transport = iota // RFC 5426
	TCP                  // RFC 6587 §3.4.1
	TLS                  // RFC 5425
)

var transportNames = [...]string{UDP: "udp", TCP: "tcp", TLS: "tls"}

func (t Transport) String() string { return transportNames[t] }

// Format is how messages are written on the wire.
type Format uint8

// Formats.
const (
	RFC3164 Format = iota // the BSD way: time, host, program, message
	RFC5424               // the structured one
	Classic               // as classic routers send it: the number of the message, its line
)

var formatNames = [...]string{RFC3164: "rfc3164", RFC5424: "rfc5424", Classic: "classic"}

func (f Format) String() string { return formatNames[f] }

// AddrPort is where the collector listens: by default at 514 for UDP (RFC 5426 §3.3), 601 for TCP, as classic
// routers do, and 6514 for TLS (RFC 5425 §4.1).
func (h Host) AddrPort() netip.AddrPort {
	port := h.Port
	if port == 0 {
		port = [...]uint16{UDP: 514, TCP: 601, TLS: 6514}[h.Transport]
	}
	return netip.AddrPortFrom(h.Addr, port)
}

// CertificateName is the name that the collector's certificate must have (RFC 5425 §5.1).
func (h Host) CertificateName() string {
	if h.Name == "" {
		return h.Addr.String()
	}
	return h.Name
}

// TrapLevel is the level of collectors.
func (c Config) TrapLevel() Level { return c.Trap.Or(defaultLevel) }

// MonitorLevel is the level of terminals.
func (c Config) MonitorLevel() Level { return c.Monitor.Or(defaultLevel) }

// BufferedLevel is the level of the buffer.
func (c Config) BufferedLevel() Level { return c.Buffered.Or(defaultLevel) }

// size is the octets of text in the buffer.
func (c Config) size() int {
	if c.BufferSize == 0 {
		return DefaultBufferSize
	}
	return c.BufferSize
}
