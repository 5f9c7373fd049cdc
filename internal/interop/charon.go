package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// Charon is a strongSwan daemon in one of the namespaces, with ESP of its own in userspace: it sends and takes ESP in UDP only.
type Charon struct {
	p    *process
	dir  string
	uri  string // of its control socket
	conf string // what is loaded
}

// charonSettings is strongswan.conf. openssl stands first: its AES is ten times faster than the plugin of that name.
const charonSettings = `charon {
  load = random nonce openssl ctr kdf x509 pem pkcs1 pkcs8 pubkey constraints kernel-libipsec kernel-netlink socket-default vici counters chapoly
  install_routes = yes
  filelog { log { path = %[1]s/charon.log
    flush_line = yes
    time_format = %%T
    time_add_ms = yes
    default = 1
    ike = 2 } }
  plugins { vici { socket = unix://%[1]s/charon.vici }
    kernel-libipsec { load = yes } }
%[2]s}
`

// StartCharon starts a daemon with nothing configured. settings are further lines of strongswan.conf's charon section. Its log is
// shown where the test fails.
func StartCharon(t testing.TB, l *Lab, n *Namespace, settings string) *Charon {
	t.Helper()
	path, err := charonPath()
	if err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(l.dir, "charon"+n.name[len(n.name)-2:])
	if err := os.MkdirAll(filepath.Join(dir, "swanctl"), 0o700); err != nil {
		t.Fatal(err)
	}
	writeFile(t, filepath.Join(dir, "strongswan.conf"), fmt.Sprintf(charonSettings, dir, settings))
	// The file with its process number has a path that is compiled in, so it gets a /run of its own.
	c := n.command("unshare", "--mount", "sh", "-c", `mount -t tmpfs tmpfs /run && exec "$0"`, path)
	c.Env = append(c.Env, "STRONGSWAN_CONF="+filepath.Join(dir, "strongswan.conf"))
	d := &Charon{dir: dir, uri: "unix://" + filepath.Join(dir, "charon.vici")}
	d.p = start(t, c, filepath.Join(dir, "charon.out"))
	d.ShowOnFailure(t)
	Eventually(t, "charon answers", func() (bool, string) {
		if d.p.ended() {
			t.Fatalf("charon ended: %v\n%s%s", d.p.err, d.p.output(t), d.Log(t))
		}
		out, err := d.swanctl("--version", "--daemon").CombinedOutput()
		return err == nil, string(out)
	})
	return d
}

// Kill ends the daemon without a chance to say goodbye.
func (c *Charon) Kill(t testing.TB) {
	t.Helper()
	if err := c.p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	<-c.p.done
}

// ShowOnFailure shows what the daemon logs from here on, and the configuration, where the test fails.
func (c *Charon) ShowOnFailure(t testing.TB) {
	t.Helper()
	mark := c.Mark(t)
	t.Cleanup(func() {
		if t.Failed() {
			t.Logf("%s/swanctl.conf:\n%s\ncharon's log:\n%s", c.dir, c.conf, tail(c.LogSince(t, mark), 400))
		}
	})
}

func writeFile(t testing.TB, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// swanctl is a command to the daemon. The control socket needs no namespace.
func (c *Charon) swanctl(args ...string) *exec.Cmd {
	cmd := exec.Command("swanctl", append(args, "--uri", c.uri)...)
	cmd.Env = append(os.Environ(), "LC_ALL=C", "SWANCTL_DIR="+filepath.Join(c.dir, "swanctl"), "STRONGSWAN_CONF="+filepath.Join(c.dir, "strongswan.conf"))
	return cmd
}

// Load makes the connections the daemon's configuration, in the place of what it had. SAs that are up stay.
func (c *Charon) Load(t testing.TB, connections ...Connection) {
	t.Helper()
	c.conf = swanctlConf(connections)
	writeFile(t, filepath.Join(c.dir, "swanctl", "swanctl.conf"), c.conf)
	out := run(t, c.swanctl("--load-all", "--clear", "--noprompt"))
	if want := fmt.Sprintf("successfully loaded %d connections", len(connections)); !strings.Contains(out, want) {
		t.Fatalf("swanctl --load-all did not say %q but\n%s", want, out)
	}
}

// Initiate brings a child SA up, and the IKE SA with it where there is none.
func (c *Charon) Initiate(t testing.TB, child string) {
	t.Helper()
	if out, err := c.TryInitiate(child); err != nil {
		t.Fatalf("strongSwan cannot bring %s up: %v\n%s", child, err, out)
	}
}

// TryInitiate is Initiate where failure is no surprise; it gives what swanctl printed.
func (c *Charon) TryInitiate(child string) (string, error) {
	out, err := c.swanctl("--initiate", "--child", child, "--timeout", "20").CombinedOutput()
	return string(out), err
}

// Terminate deletes SAs: args are `--ike NAME` or `--child NAME`.
func (c *Charon) Terminate(t testing.TB, args ...string) {
	t.Helper()
	run(t, c.swanctl(append([]string{"--terminate", "--timeout", "20"}, args...)...))
}

// Rekey starts to rekey SAs: args are `--ike NAME` or `--child NAME`. It does not wait for the end of it.
func (c *Charon) Rekey(t testing.TB, args ...string) {
	t.Helper()
	if out, err := c.TryRekey(args...); err != nil {
		t.Fatalf("swanctl --rekey: %v\n%s", err, out)
	}
}

// TryRekey is Rekey where there may be nothing to rekey for a moment; it gives what swanctl printed.
func (c *Charon) TryRekey(args ...string) (string, error) {
	out, err := c.swanctl(append([]string{"--rekey"}, args...)...).CombinedOutput()
	return string(out), err
}

// SAs lists what is up, or on its way up or down.
func (c *Charon) SAs(t testing.TB) []PeerSA {
	t.Helper()
	out := run(t, c.swanctl("--list-sas"))
	sas, err := parseSAs(out)
	if err != nil {
		t.Fatalf("swanctl --list-sas: %v\n%s", err, out)
	}
	return sas
}

// WaitGone waits until the daemon has no SA any more.
func (c *Charon) WaitGone(t testing.TB) {
	t.Helper()
	Eventually(t, "strongSwan has no SA", func() (bool, string) {
		sas := c.SAs(t)
		return len(sas) == 0, fmt.Sprintf("%+v", sas)
	})
}

// Log is all that the daemon has logged.
func (c *Charon) Log(t testing.TB) string {
	t.Helper()
	return readFile(t, filepath.Join(c.dir, "charon.log"))
}

// Mark is a place in the log for LogSince.
func (c *Charon) Mark(t testing.TB) int {
	t.Helper()
	return len(c.Log(t))
}

// LogSince is what the daemon has logged since Mark.
func (c *Charon) LogSince(t testing.TB, mark int) string {
	t.Helper()
	return c.Log(t)[mark:]
}

// WaitLog waits until the daemon has logged a text since mark.
func (c *Charon) WaitLog(t testing.TB, mark int, text string) {
	t.Helper()
	Eventually(t, "strongSwan logs "+text, func() (bool, string) {
		log := c.LogSince(t, mark)
		return strings.Contains(log, text), log
	})
}
