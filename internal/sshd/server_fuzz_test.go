package sshd

import (
	"crypto/ed25519"
	"crypto/rand"
	"io"
	"net"
	"testing"
	"time"

	"github.com/rs/zerolog"
	"golang.org/x/crypto/bcrypt"
	"golang.org/x/crypto/ssh"
)

// Whatever a client sends, the server goes on.
func FuzzServer(f *testing.F) {
	f.Add([]byte("SSH-2.0-x\r\n"))
	f.Add([]byte("SSH-2.0-x\r\n\x00\x00\x00\x0c\x0a\x14aaaaaaaaaaaaaaaaaaaaaa"))
	f.Add([]byte("GET / HTTP/1.0\r\n\r\n"))
	hash, err := hashOfNobody()
	if err != nil {
		f.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		s := &Server{log: zerolog.Nop(), key: signer, handle: echo, hashes: make(chan struct{}, 1), nobody: hash}
		s.Configure(Config{LoginTime: time.Second, Tries: 1, Sessions: 1})
		here, there := net.Pipe()
		done := make(chan struct{})
		go func() {
			defer close(done)
			defer here.Close()
			s.connection(t.Context(), here, sourceOf(here))
		}()
		go io.Copy(io.Discard, there)
		there.SetWriteDeadline(time.Now().Add(time.Second))
		there.Write(data)
		there.Close()
		<-done
	})
}

// Whatever one who is logged in asks for and types, his session ends with his connection, and the server goes on.
func FuzzSession(f *testing.F) {
	f.Add("pty-req", ssh.Marshal(struct {
		Term          string
		Width, Height uint32
		Rest          []byte `ssh:"rest"`
	}{"xterm", 80, 24, make([]byte, 12)}), []byte("show version\r"))
	f.Add("window-change", []byte{0, 0, 0, 80, 0, 0, 0, 24}, []byte{})
	f.Add("exec", ssh.Marshal(struct{ Command string }{"show version"}), []byte{3})
	f.Add("exec", []byte{0xff, 0xff, 0xff, 0xff}, []byte{})
	f.Add("subsystem", ssh.Marshal(struct{ Name string }{"sftp"}), []byte{})
	f.Add("env", []byte("x"), []byte{4})
	hash, err := bcrypt.GenerateFromPassword([]byte("x"), bcrypt.MinCost)
	if err != nil {
		f.Fatal(err)
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		f.Fatal(err)
	}
	signer, err := ssh.NewSignerFromKey(key)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, kind string, payload, typed []byte) {
		s := &Server{log: zerolog.Nop(), key: signer, handle: echo, hashes: make(chan struct{}, 1), nobody: hash}
		s.Configure(Config{Users: []User{{Name: "ann", Secret: string(hash)}}, LoginTime: 10 * time.Second, Tries: 1, Sessions: 1})
		l, err := net.Listen("tcp", "127.0.0.1:0") // both ends write before they read, which a net.Pipe has no room for
		if err != nil {
			t.Fatal(err)
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			here, err := l.Accept()
			l.Close()
			if err != nil {
				return
			}
			defer here.Close()
			s.connection(t.Context(), here, sourceOf(here))
		}()
		there, err := net.Dial("tcp", l.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		conn, channels, requests, err := ssh.NewClientConn(there, "", &ssh.ClientConfig{
			User: "ann", Auth: []ssh.AuthMethod{ssh.Password("x")}, HostKeyCallback: ssh.FixedHostKey(signer.PublicKey()),
		})
		if err != nil {
			t.Fatal(err)
		}
		c := ssh.NewClient(conn, channels, requests)
		ch, asked, err := c.OpenChannel("session", nil)
		if err != nil {
			t.Fatal(err)
		}
		go ssh.DiscardRequests(asked)
		go io.Copy(io.Discard, ch)
		ch.SendRequest(kind, true, payload)
		ch.SendRequest("shell", true, nil)
		ch.Write(typed)
		ch.SendRequest(kind, false, payload)
		c.Close()
		<-done
		if s.sessions != 0 {
			t.Errorf("%d sessions are left", s.sessions)
		}
	})
}
