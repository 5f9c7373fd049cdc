//go:build !linux

package interop

import "os/exec"

// dieWithParent does nothing: the bench runs on Linux only.
func dieWithParent(*exec.Cmd) {}
