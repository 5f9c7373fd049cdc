package interop

import (
	"os/exec"
	"syscall"
)

// dieWithParent lets the kernel kill the program when the test's process is gone, however that came.
func dieWithParent(c *exec.Cmd) {
	c.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
