package main

import (
	"fmt"
	"runtime"
	"runtime/debug"
	"strings"
)

// build is what the toolchain noted of this build.
type build struct {
	version, revision, goVersion string
	modified                     bool // since that revision
}

func buildOf() build {
	b := build{version: "(devel)", goVersion: runtime.Version()}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	if v := info.Main.Version; v != "" {
		b.version = v
	}
	for _, s := range info.Settings {
		switch s.Key {
		case "vcs.revision":
			b.revision = s.Value
		case "vcs.modified":
			b.modified = s.Value == "true"
		}
	}
	return b
}

// versionText is the text of `show version`.
func versionText() string {
	v := buildOf()
	var b strings.Builder
	fmt.Fprintf(&b, "Seikan Software, Version %s\n", v.version)
	if v.revision != "" {
		modified := ""
		if v.modified {
			modified = ", modified"
		}
		fmt.Fprintf(&b, "Revision %s%s\n", v.revision, modified)
	}
	fmt.Fprintf(&b, "Compiled with %s for %s/%s\n", v.goVersion, runtime.GOOS, runtime.GOARCH)
	return b.String()
}
