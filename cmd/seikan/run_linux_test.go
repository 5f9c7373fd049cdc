package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/vishvananda/netlink"
)

// The test runs itself again, in a network namespace of its own: then it is the program, with these in its environment.
const (
	runEnv  = "SEIKAN_TEST_RUN"  // to be the program
	takeEnv = "SEIKAN_TEST_TAKE" // an address and port that another program has
)

// leftBehind is the exit code of a program that did not put the network back as it was.
const leftBehind = 99

func TestMain(m *testing.M) {
	if os.Getenv(runEnv) == "" {
		os.Exit(m.Run())
	}
	code, err := beProgram()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
	}
	os.Exit(code)
}

// beProgram gives the namespace an interface d0 and runs the program in it.
func beProgram() (int, error) {
	if err := makeInterface(); err != nil {
		return 1, err
	}
	if at := os.Getenv(takeEnv); at != "" {
		c, err := net.ListenPacket("udp", at)
		if err != nil {
			return 1, err
		}
		defer c.Close()
	}
	before, err := network()
	if err != nil {
		return 1, err
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
	defer stop()
	code := dispatch(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
	after, err := network()
	if err == nil && before != after {
		err = fmt.Errorf("the network was\n%s\nand is\n%s", before, after)
	}
	if err != nil {
		code = leftBehind
	}
	return code, err
}

func makeInterface() error {
	d0 := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: "d0"}, PeerName: "d1"}
	addr, err := netlink.ParseAddr("192.0.2.1/24")
	return errors.Join(err, netlink.LinkAdd(d0), netlink.AddrAdd(d0, addr), netlink.LinkSetUp(d0))
}

// network is the interfaces, routes and rules of IPv4.
func network() (string, error) {
	var b strings.Builder
	links, err := netlink.LinkList()
	for _, l := range links {
		fmt.Fprintln(&b, l.Attrs().Name)
	}
	routes, rerr := netlink.RouteListFiltered(netlink.FAMILY_V4, &netlink.Route{}, netlink.RT_FILTER_TABLE)
	for _, r := range routes {
		fmt.Fprintln(&b, r)
	}
	rules, lerr := netlink.RuleList(netlink.FAMILY_V4)
	for _, r := range rules {
		fmt.Fprintln(&b, r)
	}
	return b.String(), errors.Join(err, rerr, lerr)
}

// program is a `seikan run` in a namespace of its own.
type program struct {
	cmd    *exec.Cmd
	output bytes.Buffer
	socket string
	ended  chan error // one value
}

// startProgram starts it, or skips the test where that cannot be.
func startProgram(t *testing.T, conf, socket string, env ...string) *program {
	t.Helper()
	if os.Geteuid() != 0 {
		t.Skip("left out: must be root to make a network namespace")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		t.Skip("left out: there is no /dev/net/tun")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	t.Cleanup(cancel)
	p := &program{socket: socket, ended: make(chan error, 1)}
	p.cmd = exec.CommandContext(ctx, self, "run", "-c", writeConf(t, conf), "--socket", socket)
	p.cmd.Env = append(append(os.Environ(), runEnv+"=1"), env...)
	p.cmd.Stdout, p.cmd.Stderr = &p.output, &p.output
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Cloneflags: syscall.CLONE_NEWNET, Pdeathsig: syscall.SIGKILL}
	switch err := p.cmd.Start(); {
	case errors.Is(err, syscall.EPERM):
		t.Skipf("left out: may not make a network namespace: %v", err)
	case err != nil:
		t.Fatal(err)
	}
	go func() { p.ended <- p.cmd.Wait() }()
	return p
}

// wait waits for the end and gives the exit code.
func (p *program) wait(t *testing.T) int {
	t.Helper()
	err := <-p.ended
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		t.Fatal(err)
	}
	return p.cmd.ProcessState.ExitCode()
}

// ready waits until it answers.
func (p *program) ready(t *testing.T) {
	t.Helper()
	for { // at most for as long as the program is allowed to run
		code, out := p.vty(t, "show version")
		if code == 0 && strings.HasPrefix(out, "Seikan Software") {
			break
		}
		select {
		case err := <-p.ended:
			t.Fatalf("it ended: %v\n%s", err, p.output.String())
		case <-time.After(20 * time.Millisecond):
		}
	}
}

// vty gives a command.
func (p *program) vty(t *testing.T, command string) (int, string) {
	var out, errs bytes.Buffer
	code := dispatch(t.Context(), []string{"vty", "--socket", p.socket, "-c", command}, nil, &out, &errs)
	return code, out.String() + errs.String()
}

// socketDir is a directory for a socket that is not there yet. The paths of t.TempDir may be too long for a socket.
func socketDir(t *testing.T) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "seikan")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return filepath.Join(dir, "run")
}

var deviceConf = strings.Replace(goodConf, "interface lo\n ip address 192.0.2.1 255.255.255.0\n", "interface d0\n", 1)

func TestRun(t *testing.T) {
	t.Parallel()
	dir := socketDir(t)
	p := startProgram(t, deviceConf, filepath.Join(dir, "seikan.sock"))
	p.ready(t)
	if info, err := os.Stat(dir); err != nil || info.Mode().Perm()&^0o750 != 0 {
		t.Errorf("directory of the socket: got %v, %v", info, err)
	}
	for _, tt := range []struct {
		command string
		code    int
		want    string // a pattern
	}{
		{"show crypto session", 0, `^Crypto session current status\n\nInterface: d0\nSession status: DOWN\nPeer: 192\.0\.2\.2/500\n`},
		{"show crypto session fvrf RED", 1, `^ No VRF named RED exists\n$`},
		{"show running-config | include hostname|pre-shared-key", 0, `^hostname gwA\n.*pre-shared-key <hidden>\n$`},
		{"show crypto statistics", 0, `^Packets dropped that belong to no session: \d+\n(?s:.*)IKE messages that were not acted on: 0\n$`},
		{"clear crypto session", 0, `^$`},
		{"show logging | include ISAKMP", 0, `^\*?\w{3} [ \d]\d \d\d:\d\d:\d\d\.\d{3}: %CRYPTO-6-ISAKMP_ON_OFF: ISAKMP is ON\n$`},
		{"what", 1, `^what\n  \^\n% Invalid input detected at '\^' marker\.\n`},
	} {
		if code, out := p.vty(t, tt.command); code != tt.code || !regexp.MustCompile(tt.want).MatchString(out) {
			t.Errorf("%s: got %d, %q; want %d, %s", tt.command, code, out, tt.code, tt.want)
		}
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	code, out := p.wait(t), p.output.String()
	if code != 0 || !strings.Contains(out, "router running") || !strings.Contains(out, "192.0.2.1") || strings.Contains(out, "a-test-key") {
		t.Errorf("got exit code %d, log\n%s", code, out)
	}
	if _, err := os.Lstat(dir); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the directory of the socket: got %v, want none", err)
	}
}

// A listener that cannot be opened is told of where it was configured, and keeps nothing else from being in force.
func TestListenersThatCannotBe(t *testing.T) {
	t.Parallel()
	p := startProgram(t, deviceConf, filepath.Join(socketDir(t), "seikan.sock"))
	p.ready(t)
	const monitoring, ssh = "% The configuration is in force, but not its monitoring: ", "% The configuration is in force, but not its terminals over SSH: "
	for _, tt := range []struct {
		name, lines string
		want        []string // lines of the answer, and how they end
	}{
		{"both", "monitor http listen 192.0.2.99 9400\nmonitor http token a-test-token-of-some-length\nusername ann secret of-ann\nip ssh listen 192.0.2.99 2222\nhostname gwB\n", []string{monitoring, ssh}},
		{"nothing more", "", []string{monitoring, ssh}},
		{"one", "no monitor http\n", []string{ssh}},
		{"none", "no ip ssh listen\n", nil},
	} {
		var out bytes.Buffer
		code := dispatch(t.Context(), []string{"vty", "--socket", p.socket}, strings.NewReader("configure terminal\n"+tt.lines+"end\n"), &out, &out)
		lines := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")[1:]
		right := code == 0 && len(lines) == len(tt.want)
		for i := 0; right && i < len(lines); i++ {
			right = strings.HasPrefix(lines[i], tt.want[i]) && strings.HasSuffix(lines[i], "cannot assign requested address")
		}
		if !right {
			t.Errorf("%s: got %d, %q, want %q", tt.name, code, out.String(), tt.want)
		}
	}
	if _, out := p.vty(t, "show running-config | include hostname"); out != "hostname gwB\n" {
		t.Errorf("in force is %q", out)
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d: %s", code, p.output.String())
	}
}

// A router starts without listeners that cannot be opened, and says so where operators look.
func TestStartWithoutListeners(t *testing.T) {
	t.Parallel()
	conf := deviceConf + "monitor http listen 192.0.2.99 9400\nmonitor http token a-test-token-of-some-length\nusername ann secret of-ann\nip ssh listen 192.0.2.99 2222\n"
	p := startProgram(t, conf, filepath.Join(socketDir(t), "seikan.sock"))
	p.ready(t)
	for command, want := range map[string]string{
		"show ip ssh":                  `^SSH Enabled - version 2\.0, not listening on 192\.0\.2\.99 port 2222: ssh: .*cannot assign requested address \(tried again\)\n`,
		"show monitoring":              `^Monitoring enabled, not listening on 192\.0\.2\.99 port 9400: web: .*cannot assign requested address \(tried again\)\n$`,
		"show logging | include tried": `no monitoring yet: it is tried again: .*\n.*no terminals over SSH yet: they are tried again: `,
	} {
		if code, out := p.vty(t, command); code != 0 || !regexp.MustCompile(want).MatchString(out) {
			t.Errorf("%s: got %d, %q; want %s", command, code, out, want)
		}
	}
	if err := p.cmd.Process.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	if code := p.wait(t); code != 0 {
		t.Errorf("exit code %d: %s", code, p.output.String())
	}
}

// A start that fails leaves nothing behind.
func TestRunFails(t *testing.T) {
	t.Parallel()
	for _, tt := range []struct {
		name, conf string
		env        []string
		file       bool // there is a file at the path of the socket
		want       string
	}{
		{name: "configuration", conf: "what\n", want: "seikan.conf:1"},
		{name: "nothing to do", conf: "hostname gwA\n", want: "nothing to do"},
		{name: "no such interface", conf: strings.Replace(deviceConf, "d0", "d7", 1), want: "d7"},
		{name: "port 500 is taken", conf: deviceConf, env: []string{takeEnv + "=192.0.2.1:500"}, want: "192.0.2.1:500"},
		{name: "port 4500 is taken", conf: deviceConf, env: []string{takeEnv + "=192.0.2.1:4500"}, want: "192.0.2.1:4500"},
		{name: "a file in the socket's place", conf: deviceConf, file: true, want: "is no socket"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			dir := socketDir(t)
			socket := filepath.Join(dir, "seikan.sock")
			if tt.file {
				if err := errors.Join(os.Mkdir(dir, 0o700), os.WriteFile(socket, nil, 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			p := startProgram(t, tt.conf, socket, tt.env...)
			if code, out := p.wait(t), p.output.String(); code != 1 || !strings.Contains(out, tt.want) {
				t.Errorf("got exit code %d, %q; want 1, %q", code, out, tt.want)
			}
			if _, err := os.Lstat(dir); tt.file != (err == nil) {
				t.Errorf("the directory of the socket: got %v", err)
			}
		})
	}
}
