package main

import (
	"bytes"
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

func TestDemo(t *testing.T) {
	var out, errs bytes.Buffer
	if code := runDemo(t.Context(), []string{"-size", "3"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d, want 0; output:\n%s\n%s", code, out.String(), errs.String())
	}
	got := out.String()
	for _, want := range []struct {
		text string
		n    int
	}{
		{"SHA-256 is the same at both ends", 8},
		{"Session status: UP-ACTIVE", 2},
		{"siteA# show crypto session detail", 1},
		{"permit ip host 10.10.10.1 host 10.30.30.1", 1},
		{"permit ip host 10.30.30.1 host 10.10.10.1", 1},
		{"Desc: the other end of the demonstration", 2},
		{"Every octet arrived as it was sent.", 1},
		{"\r", 0},
	} {
		if n := strings.Count(got, want.text); n != want.n {
			t.Errorf("%q is there %d times, want %d; output:\n%s", want.text, n, want.n, got)
		}
	}
	whole := regexp.MustCompile(`3 MiB  100 % .* SHA-256 is the same`) // a slow machine shows how far it is with the last octets, too
	if n := len(whole.FindAllString(got, -1)); n != 2 {
		t.Errorf("3 MiB went through %d times, want 2; output:\n%s", n, got)
	}
	if errs.Len() > 0 {
		t.Errorf("errors:\n%s", errs.String())
	}
}

func TestDemoLogs(t *testing.T) {
	var out, errs bytes.Buffer
	if code := runDemo(t.Context(), []string{"-size", "1", "-v"}, &out, &errs); code != 0 {
		t.Fatalf("exit code %d, want 0; %s", code, errs.String())
	}
	for _, want := range []string{"Crypto tunnel is UP", "Crypto tunnel is DOWN", "router=siteA", "router=siteB"} {
		if !strings.Contains(errs.String(), want) {
			t.Errorf("the log has no %q:\n%s", want, errs.String())
		}
	}
}

func TestDemoRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		code int
		want string // in what is said
	}{
		{"help", []string{"-h"}, 0, "largest file"},
		{"no such flag", []string{"-what"}, 2, "-what"},
		{"a word", []string{"now"}, 2, "takes no words"},
		{"nothing to send", []string{"-size", "0"}, 2, "at least 1"},
		{"no time", []string{"-timeout", "0s"}, 2, "timeout"},
		{"too little time", []string{"-timeout", "1ms"}, 1, "deadline exceeded"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var errs bytes.Buffer
			if code := runDemo(t.Context(), tt.args, io.Discard, &errs); code != tt.code {
				t.Errorf("exit code %d, want %d", code, tt.code)
			}
			if !strings.Contains(errs.String(), tt.want) {
				t.Errorf("got %q, want %q in it", errs.String(), tt.want)
			}
		})
	}
}

// lossy is a network that changes the body of a request or an answer.
type lossy struct {
	handler       http.HandlerFunc
	up, down      func([]byte) []byte
	changeTrailer bool
}

func (l lossy) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body != nil && l.up != nil {
		b, err := io.ReadAll(r.Body)
		if err != nil {
			return nil, err
		}
		r.Body = io.NopCloser(bytes.NewReader(l.up(b)))
	}
	rec := httptest.NewRecorder()
	l.handler(rec, r)
	resp := rec.Result()
	if l.down != nil {
		b, err := io.ReadAll(resp.Body)
		if err != nil {
			return nil, err
		}
		resp.Body = io.NopCloser(bytes.NewReader(l.down(b)))
	}
	if l.changeTrailer {
		resp.Trailer.Set(digestTrailer, strings.Repeat("00", 32))
	}
	return resp, nil
}

func TestTransferNoticesDamage(t *testing.T) {
	flip := func(b []byte) []byte { b[len(b)/2] ^= 1; return b }
	cut := func(b []byte) []byte { return b[:len(b)-1] }
	tests := []struct {
		name   string
		net    lossy
		upload bool
		damage bool
	}{
		{"download", lossy{handler: sendFile}, false, false},
		{"download, octet changed", lossy{handler: sendFile, down: flip}, false, true},
		{"download, octet lost", lossy{handler: sendFile, down: cut}, false, true},
		{"download, server says otherwise", lossy{handler: sendFile, changeTrailer: true}, false, true},
		{"upload", lossy{handler: receiveFile}, true, false},
		{"upload, octet changed", lossy{handler: receiveFile, up: flip}, true, true},
		{"upload, octet lost", lossy{handler: receiveFile, up: cut}, true, true},
		{"upload, no digest", lossy{handler: http.NotFound}, true, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := &client{&http.Client{Transport: tt.net}, "http://peer/file"}
			transfer := c.download
			if tt.upload {
				transfer = c.upload
			}
			moved := 0
			err := transfer(t.Context(), 10000, func(n int) { moved += n })
			if (err != nil) != tt.damage {
				t.Errorf("got error %v, want one: %v", err, tt.damage)
			}
			if err == nil && moved != 10000 {
				t.Errorf("got %d octets counted, want 10000", moved)
			}
		})
	}
}
