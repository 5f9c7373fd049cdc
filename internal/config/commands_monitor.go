package config

import (
	"net/netip"

	"seikan/esp"
)

// defaultMonitor is where the monitoring listens if nothing else is said.
var defaultMonitor = netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), 9547)

// minToken and maxToken bound a token, in octets: whoever can reach the listener can try to guess it.
const (
	minToken = 16
	maxToken = 128
)

// monitor is `monitor http`.
type monitor struct {
	on                        bool
	listen                    netip.AddrPort // zero: the default
	listenAt                  pos
	token                     esp.Secret
	certificate, key, clients string // files of TLS
}

// Monitor is the listener for metrics and the page.
type Monitor struct {
	Listen      netip.AddrPort
	Token       esp.Secret // empty: none is asked for
	Certificate string     // file with the certificate of TLS; "": no TLS
	Key         string     // file with its key
	ClientCA    string     // file with the authorities of the clients' certificates; "": none is asked for
}

var (
	kindToken  = &kind{parse: parseToken}
	kindFile   = &kind{parse: func(s string) (any, string) { return limited(s, 255) }}
	kindListen = &kind{parse: parseListen}
)

// monitorNode is `monitor`.
func monitorNode() node {
	file := func(what string, next ...node) node { return arg(kindFile, "name of the file with "+what, next...) }
	certificate := kw("certificate", "of this router",
		file("the certificate and those between it and its authority, in PEM",
			kw("key", "its private key",
				file("the private key, in PEM",
					kw("client-ca", "clients must have a certificate",
						file("the certificates of the clients' authorities, in PEM").do((*parser).setMonitorTLS))).
					do((*parser).setMonitorTLS))))
	return kw("monitor", "metrics and a page for those who watch the router",
		kw("http", "over HTTP",
			kw("listen", "where to listen; else 127.0.0.1 9547",
				arg(kindListen, "address of this router, 0.0.0.0 or ::",
					arg(number(1, 65535), "TCP port (1-65535)").do((*parser).setMonitorListen))),
			kw("token", "what clients must know",
				arg(kindToken, "token of 16 to 128 printable ASCII characters").
					do(func(p *parser, a args) { p.m.monitor.on, p.m.monitor.token = true, valueOf[esp.Secret](a, 0) })).hidesArgument(),
			kw("tls", "encrypted", certificate)).
			do(func(p *parser, _ args) { p.m.monitor.on = true }))
}

// noMonitorNode is what follows `no`.
func noMonitorNode() node {
	return kw("monitor", "metrics and the page",
		kw("http", "over HTTP").do(func(p *parser, _ args) { p.m.monitor = monitor{} }))
}

func (p *parser) setMonitorListen(a args) {
	v := &p.m.monitor
	v.on, v.listenAt = true, a.at(0)
	v.listen = netip.AddrPortFrom(valueOf[netip.Addr](a, 0), uint16(valueOf[uint64](a, 1)))
}

func (p *parser) setMonitorTLS(a args) {
	v := &p.m.monitor
	v.on, v.certificate, v.key, v.clients = true, valueOf[string](a, 0), valueOf[string](a, 1), ""
	if len(a.values) > 2 {
		v.clients = valueOf[string](a, 2)
	}
}

// checkMonitor refuses to show the router to a network without asking who looks.
func (p *parser) checkMonitor() {
	v := &p.m.monitor
	if v.listen.IsValid() && !v.listen.Addr().IsLoopback() && len(v.token) == 0 && v.clients == "" {
		p.fail(v.listenAt, "an address of this machine alone such as 127.0.0.1, or with it `monitor http token` or a client-ca in `monitor http tls`")
	}
}

// built is nil where it is off.
func (v *monitor) built() *Monitor {
	if !v.on {
		return nil
	}
	m := &Monitor{Listen: v.listen, Token: v.token, Certificate: v.certificate, Key: v.key, ClientCA: v.clients}
	if !m.Listen.IsValid() {
		m.Listen = defaultMonitor
	}
	return m
}

func (w *writer) monitor(v *monitor) {
	if !v.on {
		return
	}
	w.line("!")
	if !v.listen.IsValid() && len(v.token) == 0 && v.certificate == "" {
		w.line("monitor http")
	}
	if v.listen.IsValid() {
		w.line("monitor http listen %v %d", v.listen.Addr(), v.listen.Port())
	}
	w.key("monitor http token", presharedKey{key: v.token})
	if v.certificate != "" {
		clients := ""
		if v.clients != "" {
			clients = " client-ca " + v.clients
		}
		w.line("monitor http tls certificate %s key %s%s", v.certificate, v.key, clients)
	}
}

// parseToken reads a token. It goes into a header of HTTP as it is.
func parseToken(s string) (any, string) {
	if s == hidden {
		return parseKey(s)
	}
	if len(s) < minToken || len(s) > maxToken {
		return nil, ""
	}
	for _, c := range []byte(s) {
		if c <= ' ' || c > '~' {
			return nil, ""
		}
	}
	return esp.Secret(s), ""
}

// parseListen reads an address of this host, or that for all of them.
func parseListen(s string) (any, string) {
	a, err := netip.ParseAddr(s)
	if err == nil && a.IsUnspecified() && a.Zone() == "" {
		return a, ""
	}
	return parseHost(s, 0)
}
