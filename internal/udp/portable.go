package udp

import (
	"net"
	"net/netip"
)

// portable is a Conn over the socket of package net: a batch is a loop.
type portable struct{ conn *net.UDPConn }

func (c portable) NewReader() Reader         { return portableReader{c.conn, make([]byte, maxDatagram)} }
func (c portable) NewWriter() Writer         { return portableWriter{c.conn, localAddr(c.conn).Addr().Is4()} }
func (c portable) LocalAddr() netip.AddrPort { return localAddr(c.conn) }
func (c portable) Close() error              { return c.conn.Close() }

// maxDatagram is more octets than a datagram has.
const maxDatagram = 1 << 16

type portableReader struct {
	conn *net.UDPConn
	buf  []byte
}

// ReadBatch reads one datagram: package net cannot tell whether there are more.
func (r portableReader) ReadBatch(ms []Message) (int, error) {
	if len(ms) == 0 {
		return 0, nil
	}
	m := &ms[0]
	n, from, err := r.conn.ReadFromUDPAddrPort(r.buf)
	if err != nil {
		return 0, err
	}
	m.Data = r.buf[:n:n]
	m.Remote = netip.AddrPortFrom(from.Addr().Unmap(), from.Port())
	return 1, nil
}

type portableWriter struct {
	conn *net.UDPConn
	is4  bool
}

func (w portableWriter) WriteBatch(ms []Message) (sent int, first error) {
	for i := range ms {
		to := ms[i].Remote
		to = netip.AddrPortFrom(to.Addr().Unmap(), to.Port())
		err := errFamily
		if to.IsValid() && to.Addr().Is4() == w.is4 {
			_, err = w.conn.WriteToUDPAddrPort(ms[i].Data, to)
		}
		if err == nil {
			sent++
			continue
		}
		if ms[i].Err = err; first == nil {
			first = err
		}
	}
	return sent, first
}
