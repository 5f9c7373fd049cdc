package web

import (
	"crypto/tls"
	"crypto/x509"
	"fmt"
	"os"
)

// LoadTLS reads the files of a certificate, its key and, unless its name is "", the authorities of the clients' certificates.
func LoadTLS(certificate, key, clientCA string) (*tls.Config, error) {
	pair, err := tls.LoadX509KeyPair(certificate, key)
	if err != nil {
		return nil, fmt.Errorf("web: certificate: %w", err)
	}
	c := &tls.Config{Certificates: []tls.Certificate{pair}}
	if clientCA == "" {
		return c, nil
	}
	text, err := os.ReadFile(clientCA)
	if err != nil {
		return nil, fmt.Errorf("web: client-ca: %w", err)
	}
	c.ClientCAs = x509.NewCertPool()
	if !c.ClientCAs.AppendCertsFromPEM(text) {
		return nil, fmt.Errorf("web: client-ca: %s has no certificate in PEM", clientCA)
	}
	return c, nil
}

// serverTLS is cfg.TLS with what this package asks for: where there is a token, a client may come without a certificate.
func serverTLS(cfg Config) *tls.Config {
	c := cfg.TLS.Clone()
	c.MinVersion = tls.VersionTLS13
	c.NextProtos = []string{"http/1.1"}
	switch {
	case !cfg.clientCerts():
	case len(cfg.Token) > 0:
		c.ClientAuth = tls.VerifyClientCertIfGiven
	default:
		c.ClientAuth = tls.RequireAndVerifyClientCert
	}
	return c
}

// certificateNames is the names that the certificate is for.
func certificateNames(c *tls.Config) (names []string) {
	if c == nil {
		return nil
	}
	for _, pair := range c.Certificates {
		if pair.Leaf != nil {
			names = append(names, pair.Leaf.DNSNames...)
		}
	}
	return names
}
