package interop

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// RequireEnv names the environment variable that turns a skip into a failure when it is 1.
const RequireEnv = "SEIKAN_REQUIRE_INTEROP"

// charonPaths are where distributions install charon; the first is Debian's.
var charonPaths = [...]string{"/usr/lib/ipsec/charon", "/usr/libexec/ipsec/charon", "/usr/lib/strongswan/charon"}

// Require skips the test, with what it needs, where it cannot run. With RequireEnv set to 1 the test fails instead.
func Require(t testing.TB) {
	t.Helper()
	err := missing()
	switch {
	case err == nil:
	case os.Getenv(RequireEnv) == "1":
		t.Fatalf("interop left out: %v; %s=1 does not allow that", err, RequireEnv)
	default:
		t.Skipf("interop left out: %v", err)
	}
}

// missing says what the bench lacks here, nil for nothing.
func missing() error {
	if os.Geteuid() != 0 {
		return fmt.Errorf("must be root to make network namespaces")
	}
	if _, err := os.Stat("/dev/net/tun"); err != nil {
		return fmt.Errorf("there is no /dev/net/tun")
	}
	for _, name := range [...]string{"ip", "unshare", "swanctl", "ping", "iperf3", "tshark", "ethtool", "prometheus", "promtool"} {
		if _, err := exec.LookPath(name); err != nil {
			return fmt.Errorf("the program %s is not installed; run scripts/install-peers.sh", name)
		}
	}
	charon, err := charonPath()
	if err != nil {
		return err
	}
	if _, err := os.Stat(filepath.Join(filepath.Dir(charon), "plugins", "libstrongswan-kernel-libipsec.so")); err != nil {
		return fmt.Errorf("strongSwan has no kernel-libipsec plugin here; run scripts/install-peers.sh")
	}
	return nil
}

func charonPath() (string, error) {
	for _, p := range charonPaths {
		if _, err := os.Stat(p); err == nil {
			return p, nil
		}
	}
	return "", fmt.Errorf("strongSwan's charon is not installed; run scripts/install-peers.sh")
}
