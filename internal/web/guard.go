package web

import (
	"crypto/sha256"
	"crypto/subtle"
	"net"
	"net/http"
	"net/netip"
	"strings"
)

// guard lets through who may look, and what is a plain question.
type guard struct {
	next    http.Handler
	names   map[string]bool // that this server may be called, beside addresses
	guarded bool
	token   [sha256.Size]byte // digest of it
	hasOne  bool
}

func newGuard(cfg Config, names []string, next http.Handler) *guard {
	g := &guard{next: next, guarded: cfg.guarded(), hasOne: len(cfg.Token) > 0, token: sha256.Sum256(cfg.Token)}
	g.names = map[string]bool{"localhost": true}
	for _, n := range append(names, cfg.Hostname) {
		if n != "" {
			g.names[strings.ToLower(n)] = true
		}
	}
	return g
}

// headers go with every answer. The page may load only what comes with it and talk only to where it came from, no script may make
// markup of text, and no other page may frame it or read from it.
var headers = [...][2]string{
	{"Content-Security-Policy", "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'; require-trusted-types-for 'script'; trusted-types 'none'"},
	{"X-Content-Type-Options", "nosniff"},
	{"X-Frame-Options", "DENY"},
	{"Referrer-Policy", "no-referrer"},
	{"Cross-Origin-Resource-Policy", "same-origin"},
	{"Cross-Origin-Opener-Policy", "same-origin"},
	{"Permissions-Policy", "camera=(), geolocation=(), microphone=()"},
	{"Cache-Control", "no-store"},
}

// ServeHTTP implements http.Handler.
func (g *guard) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	for _, h := range headers {
		w.Header().Set(h[0], h[1])
	}
	switch {
	case !g.named(r.Host):
		http.Error(w, "this server does not have that name", http.StatusMisdirectedRequest)
	case r.Method != http.MethodGet:
		w.Header().Set("Allow", http.MethodGet)
		http.Error(w, "only GET", http.StatusMethodNotAllowed)
	case r.ContentLength != 0:
		w.Header().Set("Connection", "close")
		http.Error(w, "no body", http.StatusRequestEntityTooLarge)
	case !g.admits(r):
		w.Header().Set("WWW-Authenticate", `Basic realm="seikan: any name, the token as password", charset="UTF-8"`)
		http.Error(w, "needs the token", http.StatusUnauthorized)
	case r.Header.Get("Sec-Fetch-Site") == "cross-site" && r.Header.Get("Sec-Fetch-Mode") != "navigate":
		http.Error(w, "not for other sites", http.StatusForbidden)
	default:
		g.next.ServeHTTP(w, r)
	}
}

// named reports whether a client may call this server so. A page elsewhere can have its own name lead to this address, and is then
// allowed by the browser to read what it answers; it cannot do that with an address, or with a name that is ours.
func (g *guard) named(host string) bool {
	if h, _, err := net.SplitHostPort(host); err == nil {
		host = h
	}
	if len(host) > 2 && host[0] == '[' && host[len(host)-1] == ']' {
		host = host[1 : len(host)-1]
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return true
	}
	return g.names[strings.ToLower(strings.TrimSuffix(host, "."))]
}

// admits reports whether a client has shown that it may look: by a certificate, or by the token as that of RFC 6750 §2.1, or as the
// password of RFC 7617, which is what browsers ask a person for.
func (g *guard) admits(r *http.Request) bool {
	if !g.guarded || r.TLS != nil && len(r.TLS.VerifiedChains) > 0 {
		return true
	}
	given, ok := bearer(r.Header.Get("Authorization"))
	if !ok {
		_, given, ok = r.BasicAuth()
	}
	sum := sha256.Sum256([]byte(given)) // so that the comparison does not tell the length either
	return subtle.ConstantTimeCompare(sum[:], g.token[:]) == 1 && ok && g.hasOne
}

func bearer(header string) (string, bool) {
	scheme, token, ok := strings.Cut(header, " ")
	return strings.TrimSpace(token), ok && strings.EqualFold(scheme, "Bearer")
}
