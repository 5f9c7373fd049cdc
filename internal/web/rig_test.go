package web

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"crypto/x509/pkix"
	"encoding/pem"
	"io"
	"math/big"
	"net"
	"net/http"
	"net/netip"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"seikan"
	"seikan/esp"
	"seikan/ike"
	"seikan/sadb"
	"seikan/session"
)

var t0 = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

const token = "correct-horse-battery"

// fake is a router with the sessions that make gives, which is told how often it was asked before.
type fake struct {
	make func(n int) session.Snapshot
	err  error

	mu    sync.Mutex
	asked int // guarded by mu
}

func (f *fake) Snapshot(context.Context) (session.Snapshot, error) {
	f.mu.Lock()
	n := f.asked
	f.asked++
	f.mu.Unlock()
	return f.make(n), f.err
}

func (f *fake) Stats(context.Context) (s seikan.Stats, err error) {
	s.Drops[sadb.DropUnknownSPI] = 7
	s.IKEDrops[ike.DropCookie] = 5
	s.IKE = seikan.IKECounts{Established: 4, Rekeys: 6, ChildRekeys: 9, Failures: map[ike.Reason]uint64{ike.ReasonPeerLost: 1, ike.ReasonAuthFailed: 2}}
	return s, f.err
}

// sites is three sessions: up, down with a cause, and a stranger's.
func sites(int) session.Snapshot {
	local := netip.MustParseAddr("192.0.2.1")
	up := session.Session{
		Interface: "vA", Name: "CM 10", Configured: true, Status: session.UpActive, WentUp: true, Since: t0.Add(-90 * time.Second),
		Local: local, LocalPort: 4500, Peer: netip.MustParseAddrPort("192.0.2.2:4500"), Description: "<b>Branch</b> & co", Phase1ID: "192.0.2.2",
		History: []session.HistoryRecord{{At: t0.Add(-90 * time.Second), Kind: session.HistoryUp, Phase1ID: "192.0.2.2", Count: 1}},
		IKE: []session.IKESA{{
			ConnID: 1, Active: true, SecondsLeft: 86000, Capabilities: "N", Suite: "ENCR_AES_GCM_16",
			Local: netip.MustParseAddrPort("192.0.2.1:4500"), Remote: netip.MustParseAddrPort("192.0.2.2:4500"),
		}},
		Flows: []session.Flow{{
			Policy: "TO-B 10", Permit: []string{"permit ip host 10.1.1.1 host 10.2.2.2"}, ActiveSAs: 2, Origin: "crypto map",
			In:  session.Direction{Packets: 4, Bytes: 336, Dropped: 3, Drops: []session.DropCount{{Reason: "replay", Count: 3}}, KilobytesLeft: 4608000, SecondsLeft: 3500},
			Out: session.Direction{Packets: 5, Bytes: 420, Drops: []session.DropCount{}, KilobytesLeft: 4608000, SecondsLeft: 3500},
		}},
	}
	down := session.Session{
		Interface: "vB", Name: "CM 20", Configured: true, Local: local, LocalPort: 500, Peer: netip.MustParseAddrPort("192.0.2.3:500"),
		LastReason: "authentication failed", LastDetail: "AUTH of the peer does not verify", LastTime: t0.Add(-time.Hour), IKE: []session.IKESA{},
		Flows: []session.Flow{{Policy: "TO-C 10", Permit: []string{"permit ip any any"}, Origin: "crypto map"}},
	}
	stranger := session.Session{Interface: "vB", Status: session.DownNegotiating, Local: local, Peer: netip.MustParseAddrPort("203.0.113.9:500")}
	return session.Snapshot{At: t0, Sessions: []session.Session{up, down, stranger}}
}

// serve starts a Server on loopback that ends with the test.
func serve(t testing.TB, cfg Config) *Server {
	t.Helper()
	if !cfg.Listen.IsValid() {
		cfg.Listen = netip.MustParseAddrPort("127.0.0.1:0")
	}
	if cfg.Source == nil {
		cfg.Source = &fake{make: sites}
	}
	if cfg.Metrics == nil {
		cfg.Metrics = http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { io.WriteString(w, "seikan_metrics 1\n") })
	}
	s, err := Listen(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	served := make(chan error, 1)
	go func() { served <- s.Serve(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-served; err != nil {
			t.Errorf("Serve: %v", err)
		}
	})
	return s
}

// reply is what came back.
type reply struct {
	code   int
	header http.Header
	body   string
}

// get asks for a path; change may alter the request.
func get(t testing.TB, s *Server, client *http.Client, path string, change func(*http.Request)) reply {
	t.Helper()
	scheme := "http"
	if client == nil {
		client = http.DefaultClient
	} else if client.Transport != nil {
		scheme = "https"
	}
	req, err := http.NewRequestWithContext(t.Context(), "GET", scheme+"://"+s.Addr().String()+path, nil)
	if err != nil {
		t.Fatal(err)
	}
	if change != nil {
		change(req)
	}
	res, err := client.Do(req)
	if err != nil {
		return reply{body: err.Error()}
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if err != nil { // a connection that the server gives up may be cut while it says why
		body = []byte(err.Error())
	}
	return reply{res.StatusCode, res.Header, string(body)}
}

// authority signs certificates.
type authority struct {
	cert *x509.Certificate
	key  *ecdsa.PrivateKey
	dir  string
}

func newAuthority(t testing.TB) *authority {
	t.Helper()
	a := &authority{dir: t.TempDir()}
	tmpl := &x509.Certificate{SerialNumber: big.NewInt(1), Subject: pkix.Name{CommonName: "CA"}, IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign}
	a.cert, a.key = a.sign(t, tmpl, "ca")
	return a
}

// sign makes a certificate in files name.pem and name.key.
func (a *authority) sign(t testing.TB, tmpl *x509.Certificate, name string) (*x509.Certificate, *ecdsa.PrivateKey) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl.NotBefore, tmpl.NotAfter = time.Now().Add(-time.Hour), time.Now().Add(time.Hour)
	parent, signer := a.cert, a.key
	if parent == nil {
		parent, signer = tmpl, key
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, parent, key.Public(), signer)
	if err != nil {
		t.Fatal(err)
	}
	cert, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pkcs8, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	for file, block := range map[string]*pem.Block{".pem": {Type: "CERTIFICATE", Bytes: der}, ".key": {Type: "PRIVATE KEY", Bytes: pkcs8}} {
		if err := os.WriteFile(a.file(name+file), pem.EncodeToMemory(block), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return cert, key
}

func (a *authority) file(name string) string { return filepath.Join(a.dir, name) }

// server makes a certificate for 127.0.0.1 and gw.example.
func (a *authority) server(t testing.TB) {
	a.sign(t, &x509.Certificate{SerialNumber: big.NewInt(2), DNSNames: []string{"gw.example"}, IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}}, "server")
}

// client makes an HTTP client, with a certificate unless name is "".
func (a *authority) client(t testing.TB, name string) *http.Client {
	t.Helper()
	pool := x509.NewCertPool()
	pool.AddCert(a.cert)
	c := &tls.Config{RootCAs: pool}
	if name != "" {
		a.sign(t, &x509.Certificate{SerialNumber: big.NewInt(3), ExtKeyUsage: []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}}, name)
		pair, err := tls.LoadX509KeyPair(a.file(name+".pem"), a.file(name+".key"))
		if err != nil {
			t.Fatal(err)
		}
		// A client sends a certificate of an authority that was not asked for only when made to.
		c.GetClientCertificate = func(*tls.CertificateRequestInfo) (*tls.Certificate, error) { return &pair, nil }
	}
	tr := &http.Transport{TLSClientConfig: c}
	t.Cleanup(tr.CloseIdleConnections)
	return &http.Client{Transport: tr}
}

func secret() esp.Secret { return esp.Secret(token) }
