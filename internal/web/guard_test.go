package web

import (
	"crypto/tls"
	"encoding/base64"
	"errors"
	"io"
	"net/http"
	"net/netip"
	"strings"
	"testing"
)

func bearerToken(s string) func(*http.Request) {
	return func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+s) }
}

func basic(user, password string) func(*http.Request) {
	return func(r *http.Request) { r.SetBasicAuth(user, password) }
}

// everyPath is a path of each kind.
var everyPath = []string{"/", "/app.js", "/metrics", "/api/v1/summary", "/api/v1/sessions", "/api/v1/sessions/xxxxxxxxxxxxxxxx", "/none"}

func TestTokens(t *testing.T) {
	tests := []struct {
		name   string
		token  bool // the server asks for one
		change func(*http.Request)
		ok     bool
	}{
		{"nothing is asked for", false, nil, true},
		{"nothing is asked for, and some token given", false, bearerToken("x"), true},
		{"none given", true, nil, false},
		{"the token", true, bearerToken(token), true},
		{"the token, scheme in other letters", true, func(r *http.Request) { r.Header.Set("Authorization", "bEARER  "+token) }, true},
		{"as a password", true, basic("anyone", token), true},
		{"as a password of nobody", true, basic("", token), true},
		{"as a user", true, basic(token, ""), false},
		{"another", true, bearerToken("correct-horse-batterz"), false},
		{"a beginning", true, bearerToken(token[:8]), false},
		{"more", true, bearerToken(token + "x"), false},
		{"empty", true, bearerToken(""), false},
		{"empty password", true, basic("x", ""), false},
		{"without scheme", true, func(r *http.Request) { r.Header.Set("Authorization", token) }, false},
		{"another scheme", true, func(r *http.Request) { r.Header.Set("Authorization", "Digest "+token) }, false},
		{"no base64", true, func(r *http.Request) { r.Header.Set("Authorization", "Basic ====") }, false},
		{"no colon", true, func(r *http.Request) {
			r.Header.Set("Authorization", "Basic "+base64.StdEncoding.EncodeToString([]byte(token)))
		}, false},
		{"in the query", true, func(r *http.Request) { r.URL.RawQuery = "token=" + token }, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Config{}
			if tt.token {
				cfg.Token = secret()
			}
			s := serve(t, cfg)
			for _, path := range everyPath {
				got := get(t, s, nil, path, tt.change)
				if refused := got.code == http.StatusUnauthorized; refused == tt.ok {
					t.Errorf("%s: got %d", path, got.code)
				}
				if !tt.ok && (!strings.HasPrefix(got.header.Get("WWW-Authenticate"), "Basic ") || strings.Contains(got.body, "vA")) {
					t.Errorf("%s: got %v, %q", path, got.header, got.body)
				}
			}
		})
	}
}

func TestClientCertificates(t *testing.T) {
	ours, theirs := newAuthority(t), newAuthority(t)
	ours.server(t)
	with, err := LoadTLS(ours.file("server.pem"), ours.file("server.key"), ours.file("ca.pem"))
	if err != nil {
		t.Fatal(err)
	}
	without, err := LoadTLS(ours.file("server.pem"), ours.file("server.key"), "")
	if err != nil {
		t.Fatal(err)
	}
	trusted, bare := ours.client(t, "client"), ours.client(t, "")
	strange := theirs.client(t, "client")
	strange.Transport.(*http.Transport).TLSClientConfig.RootCAs = bare.Transport.(*http.Transport).TLSClientConfig.RootCAs
	const noConnection = 0
	for _, tt := range []struct {
		name   string
		tls    *tls.Config
		token  bool
		client *http.Client
		change func(*http.Request)
		want   int
	}{
		{"TLS alone", without, false, bare, nil, 200},
		{"TLS and token", without, true, bare, bearerToken(token), 200},
		{"TLS and no token", without, true, bare, nil, 401},
		{"a certificate where none is asked for is no token", without, true, trusted, nil, 401},
		{"certificate", with, false, trusted, nil, 200},
		{"no certificate", with, false, bare, nil, noConnection},
		{"another authority's", with, false, strange, nil, noConnection},
		{"a token is not asked for", with, false, bare, bearerToken(token), noConnection},
		{"either: certificate", with, true, trusted, nil, 200},
		{"either: token", with, true, bare, bearerToken(token), 200},
		{"either: none", with, true, bare, nil, 401},
		{"either: another authority's with the token", with, true, strange, bearerToken(token), noConnection},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := Config{TLS: tt.tls}
			if tt.token {
				cfg.Token = secret()
			}
			s := serve(t, cfg)
			if got := get(t, s, tt.client, "/api/v1/summary", tt.change); got.code != tt.want {
				t.Errorf("got %d, %s; want %d", got.code, got.body, tt.want)
			}
		})
	}
	if with.ClientAuth != tls.NoClientCert || with.MinVersion != 0 {
		t.Error("the caller's configuration was changed")
	}
	t.Run("old TLS", func(t *testing.T) {
		s := serve(t, Config{TLS: without})
		_, err := tls.Dial("tcp", s.Addr().String(), &tls.Config{InsecureSkipVerify: true, MaxVersion: tls.VersionTLS12})
		if err == nil {
			t.Error("TLS 1.2 is taken")
		}
	})
}

func TestOpenIsRefused(t *testing.T) {
	a := newAuthority(t)
	a.server(t)
	plain, err := LoadTLS(a.file("server.pem"), a.file("server.key"), "")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range []struct {
		name, at string
		cfg      Config
		refused  bool
	}{
		{"loopback", "127.0.0.1:0", Config{}, false},
		{"all", "0.0.0.0:0", Config{}, true},
		{"all of IPv6", "[::]:0", Config{}, true},
		{"another", "192.0.2.1:0", Config{}, true},
		{"mapped", "[::ffff:192.0.2.1]:0", Config{}, true},
		{"TLS alone", "0.0.0.0:0", Config{TLS: plain}, true},
		{"token", "0.0.0.0:0", Config{Token: secret()}, false},
		{"token, IPv6", "[::]:0", Config{Token: secret()}, false},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tt.cfg.Listen, tt.cfg.Source = netip.MustParseAddrPort(tt.at), &fake{make: sites}
			s, err := Listen(tt.cfg)
			if errors.Is(err, ErrOpen) != tt.refused || err != nil != tt.refused {
				t.Errorf("got %v", err)
			}
			if s != nil {
				if got, want := s.Addr().Addr(), tt.cfg.Listen.Addr(); got != want {
					t.Errorf("listens on %v, want %v", got, want)
				}
				if err := s.Close(); err != nil {
					t.Error(err)
				}
			}
		})
	}
}

func TestLoadTLS(t *testing.T) {
	a := newAuthority(t)
	a.server(t)
	for _, files := range [][3]string{
		{"none.pem", "server.key", ""}, {"server.pem", "none.key", ""}, {"server.pem", "ca.key", ""},
		{"server.pem", "server.key", "none.pem"}, {"server.pem", "server.key", "server.key"},
	} {
		ca := files[2]
		if ca != "" {
			ca = a.file(ca)
		}
		if _, err := LoadTLS(a.file(files[0]), a.file(files[1]), ca); err == nil || strings.Contains(err.Error(), "PRIVATE") {
			t.Errorf("%v: got %v", files, err)
		}
	}
}

// A browser lets a page read answers that come from the page's own name, whatever address that leads to.
func TestHost(t *testing.T) {
	a := newAuthority(t)
	a.server(t)
	c, err := LoadTLS(a.file("server.pem"), a.file("server.key"), "")
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, Config{TLS: c, Hostname: "gwA"})
	client := a.client(t, "")
	for host, ok := range map[string]bool{
		"127.0.0.1": true, "127.0.0.1:9547": true, "[::1]:80": true, "[::1]": true, "192.0.2.7:80": true,
		"localhost": true, "LOCALHOST:80": true, "localhost.": true, "gwa": true, "gwA:80": true, "GW.example": true,
		"evil.example": false, "evil.example:80": false, "localhost.evil.example": false, "127.0.0.1.evil.example": false,
		"gw.example.evil": false, "localhost:80:80": false, "": false, "127.0.0.1.": false,
	} {
		if host == "" { // net/http puts the address in the place of none
			continue
		}
		got := get(t, s, client, "/api/v1/summary", func(r *http.Request) { r.Host = host })
		want := http.StatusMisdirectedRequest
		if ok {
			want = http.StatusOK
		}
		if got.code != want && (ok || got.code != http.StatusBadRequest) {
			t.Errorf("%q: got %d, want %d", host, got.code, want)
		}
	}
	if newGuard(Config{}, nil, nil).named("") {
		t.Error("no name at all is taken")
	}
}

func TestMethodsAndBodies(t *testing.T) {
	s := serve(t, Config{})
	for _, path := range everyPath {
		for _, method := range []string{"HEAD", "POST", "PUT", "DELETE", "OPTIONS", "PATCH", "TRACE", "BREW"} {
			got := get(t, s, nil, path, func(r *http.Request) { r.Method = method })
			if got.code != http.StatusMethodNotAllowed || got.header.Get("Allow") != "GET" {
				t.Errorf("%s %s: got %d", method, path, got.code)
			}
		}
		for name, r := range map[string]io.Reader{"with a length": strings.NewReader("x"), "in chunks": io.MultiReader(strings.NewReader("x"))} {
			got := get(t, s, nil, path, func(q *http.Request) {
				body, _ := http.NewRequest("GET", q.URL.String(), r)
				q.Body, q.ContentLength = body.Body, body.ContentLength
				if name == "in chunks" {
					q.ContentLength = -1
				}
			})
			if got.code != http.StatusRequestEntityTooLarge {
				t.Errorf("body %s, %s: got %d", name, path, got.code)
			}
		}
	}
}

func TestHeaders(t *testing.T) {
	s := serve(t, Config{Token: secret()})
	for _, path := range everyPath {
		for _, change := range []func(*http.Request){nil, bearerToken(token)} {
			got := get(t, s, nil, path, change)
			for _, h := range headers {
				if got.header.Get(h[0]) != h[1] {
					t.Errorf("%s: %d without %s", path, got.code, h[0])
				}
			}
			if got.header.Get("Access-Control-Allow-Origin") != "" {
				t.Errorf("%s: other pages may read it", path)
			}
		}
	}
	for _, tt := range []struct {
		site, mode string
		want       int
	}{{"cross-site", "no-cors", 403}, {"cross-site", "cors", 403}, {"cross-site", "navigate", 200}, {"same-origin", "cors", 200}, {"none", "navigate", 200}} {
		got := get(t, s, nil, "/api/v1/summary", func(r *http.Request) {
			bearerToken(token)(r)
			r.Header.Set("Sec-Fetch-Site", tt.site)
			r.Header.Set("Sec-Fetch-Mode", tt.mode)
		})
		if got.code != tt.want {
			t.Errorf("%s, %s: got %d, want %d", tt.site, tt.mode, got.code, tt.want)
		}
	}
}

func TestLongHeader(t *testing.T) {
	s := serve(t, Config{})
	for _, tt := range []struct {
		size int
		ok   bool
	}{{maxHeader - 1024, true}, {maxHeader + 8<<10, false}} {
		got := get(t, s, nil, "/api/v1/summary", func(r *http.Request) { r.Header.Set("X-Long", strings.Repeat("x", tt.size)) })
		if (got.code == http.StatusOK) != tt.ok { // too long: 431, or none where the client is still writing
			t.Errorf("%d octets: got %d, %s", tt.size, got.code, got.body)
		}
	}
}
