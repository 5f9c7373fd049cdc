package interop

import (
	"bytes"
	"io"
	"net"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"golang.org/x/crypto/ssh"
)

// console is an operator's terminal at the router, over SSH.
type console struct {
	t     *testing.T
	in    io.Writer
	bytes chan []byte
	text  string // on the screen, from the last prompt on
}

// Console logs in from inside a namespace.
func (n *Namespace) Console(t *testing.T, addr, user, password, hostKey string) *console {
	t.Helper()
	var conn net.Conn
	n.Enter(t, func() (err error) {
		conn, err = net.DialTimeout("tcp", addr, 20*time.Second)
		return err
	})
	text, err := os.ReadFile(hostKey)
	if err != nil {
		t.Fatal(err)
	}
	key, err := ssh.ParsePrivateKey(text)
	if err != nil {
		t.Fatal(err)
	}
	c, channels, requests, err := ssh.NewClientConn(conn, addr, &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.Password(password)}, HostKeyCallback: ssh.FixedHostKey(key.PublicKey()),
	})
	if err != nil {
		t.Fatal(err)
	}
	client := ssh.NewClient(c, channels, requests)
	t.Cleanup(func() { client.Close() })
	s, err := client.NewSession()
	if err != nil {
		t.Fatal(err)
	}
	in, ierr := s.StdinPipe()
	out, oerr := s.StdoutPipe()
	for _, err := range []error{ierr, oerr, s.RequestPty("vt100", 100, 200, nil), s.Shell()} {
		if err != nil {
			t.Fatal(err)
		}
	}
	k := &console{t: t, in: in, bytes: make(chan []byte, 1024)}
	go func() {
		defer close(k.bytes)
		for {
			b := make([]byte, 4096)
			n, err := out.Read(b)
			k.bytes <- b[:n]
			if err != nil {
				return
			}
		}
	}()
	return k
}

// wait reads until the screen ends with a prompt, and gives what came before that.
func (k *console) wait(prompt string) string {
	k.t.Helper()
	late := time.After(time.Minute)
	for !strings.HasSuffix(k.text, prompt) {
		select {
		case b, ok := <-k.bytes:
			if !ok {
				k.t.Fatalf("the terminal ended; on it is %q, want %q", k.text, prompt)
			}
			k.text += string(bytes.ReplaceAll(b, []byte("\r\n"), []byte("\n")))
		case <-late:
			k.t.Fatalf("on the screen is %q, want the prompt %q", k.text, prompt)
		}
	}
	text := strings.TrimSuffix(k.text, prompt)
	k.text = ""
	return text
}

// types gives a line and checks what comes until the next prompt: its echo and a pattern.
func (k *console) types(line, want, prompt string) {
	k.t.Helper()
	io.WriteString(k.in, line+"\r")
	got, ok := strings.CutPrefix(k.wait(prompt), line+"\n")
	if !ok || !regexp.MustCompile(`^(?:`+want+`)$`).MatchString(got) {
		k.t.Errorf("%s: got %q, want %s", line, got, want)
	}
}

// The steps of the classic guide to the monitoring of IPsec sessions, as a user who has to enable gives them over SSH.
func TestGuide(t *testing.T) {
	t.Parallel()
	s := newSite(t)
	r := s.up(t, Connection{}, RouterConf{Global: []string{
		"hostname Router", "enable secret of-the-router", "username op secret of-op", "ip ssh listen " + OuterA + " 2222", "logging buffered notifications",
	}})
	k := s.A.Console(t, OuterA+":2222", "op", "of-op", filepath.Join(filepath.Dir(r.socket), "ssh_host_ed25519_key"))
	k.wait("Router>")
	k.types("clear crypto session", ` *\^\n% Invalid input detected at '\^' marker\.\n\n`, "Router>")
	k.types("enable", "", "Password: ")
	io.WriteString(k.in, "of-the-router\r")
	k.wait("Router#")

	k.types("configure terminal", `Enter configuration commands, one per line\.  End with CNTL/Z\.\n`, "Router(config)#")
	k.types("crypto isakmp peer address "+OuterB, "", "Router(config-isakmp-peer)#")
	longest := strings.Repeat("x", 79) + "é" // 80 characters
	k.types("description "+longest, "", "Router(config-isakmp-peer)#")
	k.types("do show crypto isakmp peer", `Peer: 192\.0\.2\.2 Port: 500\n Description: `+longest+`\n flags: PEER_POLICY\n`, "Router(config-isakmp-peer)#")
	k.types("description site A, as the guide has it", "", "Router(config-isakmp-peer)#")
	k.types("description", `% Incomplete command\.\n\n`, "Router(config-isakmp-peer)#")
	k.types("i", `% Ambiguous command:  "i"\n`, "Router(config-isakmp-peer)#")
	k.types("description "+strings.Repeat("x", 81), ` *\^\n% Invalid input detected at '\^' marker\.\n\n`, "Router(config-isakmp-peer)#")
	k.types("end", "", "Router#")
	k.types("terminal width 0", "", "Router#")
	k.types("show logging | include CONFIG_I", `.*: %SYS-5-CONFIG_I: Configured from console by op on vty0 \(192\.0\.2\.1\)\n`, "Router#")
	k.types("show crypto isakmp peer", `Peer: 192\.0\.2\.2 Port: 500\n Description: site A, as the guide has it\n flags: PEER_POLICY\n`, "Router#")

	s.A.Ping(t, InnerA, InnerB, 3)
	k.types("show crypto session", `Crypto session current status\n\nInterface: vA\nSession status: UP-ACTIVE\nPeer: 192\.0\.2\.2/4500\n`+
		`  IKE SA: local 192\.0\.2\.1/4500 remote 192\.0\.2\.2/4500 Active\n  IPSEC FLOW: permit ip host 10\.10\.10\.1 host 10\.30\.30\.1\n        Active SAs: 2, origin: crypto map\n\n?`, "Router#")
	k.types("show crypto session detail", `(?s:.*)Peer: 192\.0\.2\.2 port 4500 fvrf: \(none\) ivrf: \(none\)\n      Desc: site A, as the guide has it\n      Phase1_id: 192\.0\.2\.2\n(?s:.*)`+
		`        Inbound:  #pkts dec'ed 3 drop 0 life \(KB/Sec\) \d+/\d+\n        Outbound: #pkts enc'ed 3 drop 0 life \(KB/Sec\) \d+/\d+\n\n?`, "Router#")
	for _, verb := range []string{"show", "clear"} { // what is not carried out, and ends nothing
		k.types(verb+" crypto session fvrf NOWHERE", ` No VRF named NOWHERE exists\n`, "Router#")
		k.types(verb+" crypto session ivrf NOWHERE", ` No VRF named NOWHERE exists\n`, "Router#")
		k.types(verb+" crypto session remote", `% Incomplete command\.\n\n`, "Router#")
		k.types(verb+" crypto session remote 192.0.2.2 port", `% Incomplete command\.\n\n`, "Router#")
		k.types(verb+" crypto session local 192.0.2.1000", ` *\^\n% Invalid input detected at '\^' marker\.\n\n`, "Router#")
		k.types(verb+" crypto s", `% Ambiguous command:  "`+verb+` crypto s"\n`, "Router#")
	}
	r.WaitStatus(t, "UP-ACTIVE")
	k.types("clear crypto session", "", "Router#")
	r.WaitStatus(t, "DOWN")
	const line = `.*%CRYPTO-5-SESSION_STATUS: Crypto tunnel is `
	k.types("show logging | include SESSION_STATUS", line+`UP\.  ?Peer 192\.0\.2\.2:4500 .*Description: site A, as the guide has it +Id: 192\.0\.2\.2\n`+
		line+`DOWN\.  ?Peer 192\.0\.2\.2:4500 .*Description: site A, as the guide has it +Id: 192\.0\.2\.2\n`, "Router#")
	k.types("show running-config | include secret", `enable secret <hidden>\nusername op privilege 1 secret <hidden>\n`, "Router#")
	k.types("disable", "", "Router>")
	io.WriteString(k.in, "exit\r")
	for range k.bytes { // until the session is over
	}
}
