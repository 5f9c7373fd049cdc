package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/netip"
	"strconv"
	"time"

	"golang.zx2c4.com/wireguard/tun/netstack"
)

// digestTrailer is where the server says what it sent: the SHA-256 of it, in hexadecimal.
const digestTrailer = "X-Sha256"

// files is an HTTP server on a host of the demonstration. A GET gives as many octets as it asks for; a POST is answered with
// the SHA-256 of what came.
type files struct {
	url    string
	server *http.Server
	done   chan error
}

func serveFiles(host *netstack.Net, addr netip.Addr) (*files, error) {
	at := netip.AddrPortFrom(addr, 80)
	l, err := host.ListenTCPAddrPort(at)
	if err != nil {
		return nil, fmt.Errorf("listen on %v: %w", at, err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /file", sendFile)
	mux.HandleFunc("POST /file", receiveFile)
	f := &files{url: fmt.Sprintf("http://%v/file", at), server: &http.Server{Handler: mux}, done: make(chan error, 1)}
	go func() { f.done <- f.server.Serve(l) }()
	return f, nil
}

// close ends the server once its answers are out.
func (f *files) close() error {
	ctx, cancel := context.WithTimeout(context.Background(), time.Second)
	defer cancel()
	if err := f.server.Shutdown(ctx); err != nil {
		f.server.Close()
	}
	if err := <-f.done; !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

func sendFile(w http.ResponseWriter, r *http.Request) {
	n, err := strconv.ParseInt(r.URL.Query().Get("size"), 10, 64)
	if err != nil || n < 0 {
		http.Error(w, "size is wanted", http.StatusBadRequest)
		return
	}
	w.Header().Set("Trailer", digestTrailer)
	hash := sha256.New()
	if _, err := io.Copy(io.MultiWriter(w, hash), content(n)); err != nil {
		return // the client misses the trailer
	}
	w.Header().Set(digestTrailer, hex.EncodeToString(hash.Sum(nil)))
}

func receiveFile(w http.ResponseWriter, r *http.Request) {
	hash := sha256.New()
	if _, err := io.Copy(hash, r.Body); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	fmt.Fprintf(w, "%x", hash.Sum(nil))
}

// content is n octets that do not compress, the same ones for the same n.
func content(n int64) io.Reader {
	var seed [32]byte
	copy(seed[:], strconv.FormatInt(n, 10))
	return io.LimitReader(rand.NewChaCha8(seed), n)
}

// client is the HTTP client on the other host.
type client struct {
	http *http.Client
	url  string
}

func newClient(host *netstack.Net, url string) *client {
	return &client{&http.Client{Transport: &http.Transport{DialContext: host.DialContext}}, url}
}

func (c *client) close() { c.http.CloseIdleConnections() }

// download fetches n octets and holds them against what the server says that it sent, and against what it should have sent.
// count is told of every part that arrives.
func (c *client) download(ctx context.Context, n int64, count func(int)) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, fmt.Sprintf("%s?size=%d", c.url, n), nil)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	got := sha256.New()
	if _, err := io.Copy(got, counting{resp.Body, count}); err != nil {
		return err
	}
	want := sha256.New()
	io.Copy(want, content(n))
	if err := sameDigest(got.Sum(nil), want.Sum(nil)); err != nil {
		return err
	}
	return sameHex(got.Sum(nil), resp.Trailer.Get(digestTrailer))
}

// upload sends n octets and holds them against what the server says that it got.
func (c *client) upload(ctx context.Context, n int64, count func(int)) error {
	sent := sha256.New()
	body := counting{io.TeeReader(content(n), sent), count}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, c.url, body)
	if err != nil {
		return err
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(io.LimitReader(resp.Body, 1024))
	if err != nil {
		return err
	}
	return sameHex(sent.Sum(nil), string(answer))
}

func sameHex(got []byte, said string) error {
	want, err := hex.DecodeString(said)
	if err != nil || len(want) != sha256.Size {
		return fmt.Errorf("the server answered %q, not a SHA-256", said)
	}
	return sameDigest(got, want)
}

func sameDigest(got, want []byte) error {
	if !bytes.Equal(got, want) {
		return fmt.Errorf("SHA-256 is %x here and %x there", got, want)
	}
	return nil
}

// counting tells count how much was read.
type counting struct {
	io.Reader
	count func(int)
}

func (c counting) Read(b []byte) (int, error) {
	n, err := c.Reader.Read(b)
	c.count(n)
	return n, err
}
