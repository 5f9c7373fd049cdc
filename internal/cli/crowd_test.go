package cli

import (
	"bytes"
	"context"
	"net"
	"testing"
	"time"
)

// Clients that do not read, or send half a request, hold nobody else up for long.
func TestClientsThatDoNotRead(t *testing.T) {
	path := socketPath(t)
	l, err := Listen(path)
	if err != nil {
		t.Fatal(err)
	}
	text := string(bytes.Repeat([]byte("a line\n"), 1<<20)) // more than a socket takes
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		ended <- Serve(ctx, l, &fakeBackend{}, Info{Version: "one", RunningConfig: func() string { return text }})
	}()
	for i := range maxClients + 8 {
		conn, err := net.Dial("unix", path)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if i%8 == 0 {
			_, err = conn.Write([]byte("x\x00\x08"))
		} else {
			err = writeFrame(conn, frameExecute, []byte("show running-config"))
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	began := time.Now()
	var out bytes.Buffer
	if err := (Client{Socket: path}).Run(ctx, "show version", &out); err != nil || out.String() != "one\n" {
		t.Errorf("got %v, %q", err, out.String())
	}
	if took := time.Since(began); took > replyTime/3 {
		t.Errorf("took %v", took)
	}
	cancel()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}
