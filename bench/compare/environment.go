package compare

import (
	"debug/buildinfo"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"runtime"
	"strings"
)

// environment says what a run was made with, one line each. What cannot be found out is left out.
func environment(b *binaries) string {
	var s strings.Builder
	say := func(name, value string) {
		if value = strings.TrimSpace(value); value != "" {
			fmt.Fprintf(&s, "- %s: %s\n", name, value)
		}
	}
	say("processors", fmt.Sprintf("%d, %s", runtime.NumCPU(), processor(readText("/proc/cpuinfo"))))
	say("kernel", readText("/proc/sys/kernel/osrelease"))
	say("Go", runtime.Version())
	revision, _ := exec.Command("git", "describe", "--always", "--dirty").Output()
	say("seikan", string(revision))
	say("wireguard-go", moduleVersion(b.wireguard))
	for _, p := range []string{"swanctl", "iperf3"} {
		out, _ := exec.Command(p, "--version").CombinedOutput() // swanctl complains of a daemon that it does not find, too
		say(p, versionLine.FindString(string(out)))
	}
	return s.String()
}

// versionLine is a line with a version in it.
var versionLine = regexp.MustCompile(`(?m)^.*\d\.\d.*$`)

func readText(path string) string {
	b, _ := os.ReadFile(path)
	return string(b)
}

// processor is the name of the first one in /proc/cpuinfo.
func processor(cpuinfo string) string {
	for line := range strings.Lines(cpuinfo) {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.TrimSpace(name) == "model name" {
			return strings.TrimSpace(value)
		}
	}
	return "of unknown kind"
}

// moduleVersion is the version of the module that a program's main package is of.
func moduleVersion(path string) string {
	info, err := buildinfo.ReadFile(path)
	if err != nil {
		return ""
	}
	for _, d := range info.Deps {
		if d.Path == info.Path {
			return d.Version
		}
	}
	return info.Main.Version
}
