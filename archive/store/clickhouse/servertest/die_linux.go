package servertest

import (
	"os/exec"
	"syscall"
)

// dieWithTest lets a process end when the test that started it does, however
// that ends.
func dieWithTest(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
}
