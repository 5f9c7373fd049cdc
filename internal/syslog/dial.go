package syslog

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net"
	"os"
	"time"

	"seikan/internal/logging"
)

const dialTime = 10 * time.Second

// DaemonSocket is where the daemon of this machine takes messages.
const DaemonSocket = "/dev/log"

// target is a way to a collector.
type target struct {
	dial    func(ctx context.Context) (net.Conn, error)
	connect bool // there is a connection, which may be lost
	append  func(b []byte, m logging.Message) []byte
}

// Collector is the way to a collector. The configuration of TLS is used for that transport alone.
func Collector(h Header, host logging.Host, conf *tls.Config) *Sender {
	format := func(b []byte, m logging.Message) []byte { return h.Append(b, host.Format, m) }
	framed := func(b []byte, m logging.Message) []byte { return appendFrame(b, format(nil, m)) }
	at := host.AddrPort().String()
	d := &net.Dialer{Timeout: dialTime}
	switch host.Transport {
	case logging.TCP:
		return newSender(target{connect: true, append: framed, dial: func(ctx context.Context) (net.Conn, error) {
			return d.DialContext(ctx, "tcp", at)
		}})
	case logging.TLS:
		conf = conf.Clone()
		conf.ServerName = host.CertificateName()
		return newSender(target{connect: true, append: framed, dial: func(ctx context.Context) (net.Conn, error) {
			ctx, cancel := context.WithTimeout(ctx, dialTime) // of the handshake, too
			defer cancel()
			return (&tls.Dialer{NetDialer: d, Config: conf}).DialContext(ctx, "tcp", at)
		}})
	}
	return newSender(target{append: format, dial: func(ctx context.Context) (net.Conn, error) {
		return d.DialContext(ctx, "udp", at)
	}})
}

// Daemon is the way to the daemon of this machine, at DaemonSocket or another socket.
func Daemon(h Header, socket string) *Sender {
	d := &net.Dialer{Timeout: dialTime}
	return newSender(target{
		connect: true,
		append:  func(b []byte, m logging.Message) []byte { return h.appendBSD(b, m, "") },
		dial:    func(ctx context.Context) (net.Conn, error) { return d.DialContext(ctx, "unixgram", socket) },
	})
}

// TLSConfig is the configuration of TLS for collectors: whom to trust, by default those the system trusts, and the certificate
// to show, if any (RFC 5425 §4.2). Files are read at once.
func TLSConfig(caFile, certFile string) (*tls.Config, error) {
	conf := &tls.Config{MinVersion: tls.VersionTLS12} // RFC 9662 §4
	if caFile != "" {
		text, err := os.ReadFile(caFile)
		if err != nil {
			return nil, fmt.Errorf("syslog: certificates to trust: %w", err)
		}
		conf.RootCAs = x509.NewCertPool()
		if !conf.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("syslog: certificates to trust: %s has none", caFile)
		}
	}
	if certFile != "" {
		pair, err := tls.LoadX509KeyPair(certFile, certFile)
		if err != nil {
			return nil, fmt.Errorf("syslog: certificate: %w", err)
		}
		conf.Certificates = []tls.Certificate{pair}
	}
	return conf, nil
}

// plain is what is wrong, without the addresses that package net puts around it.
func plain(err error) string {
	var op *net.OpError
	if errors.As(err, &op) {
		err = op.Err
	}
	var call *os.SyscallError
	if errors.As(err, &call) {
		err = call.Err
	}
	return err.Error()
}
