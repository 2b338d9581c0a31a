package crashlab

import (
	"bufio"
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

// takeGcore takes a snapshot of a program that says "ready" and then waits.
func takeGcore(ctx context.Context, m Mode, bin, run string) (string, int, error) {
	gcore, err := tool("gcore")
	if err != nil {
		return "", 0, err
	}
	cmd, _, err := command(ctx, m, run, bin)
	if err != nil {
		return "", 0, err
	}
	cmd.Stdout = nil
	out, err := cmd.StdoutPipe()
	if err != nil {
		return "", 0, err
	}
	if err := cmd.Start(); err != nil {
		return "", 0, err
	}
	defer cmd.Wait() //nolint:errcheck // it is killed, which is no failure
	defer cmd.Process.Kill()
	pid := cmd.Process.Pid
	if line, err := bufio.NewReader(out).ReadString('\n'); err != nil || strings.TrimSpace(line) != "ready" {
		return "", 0, fmt.Errorf("%w: %s said %q instead of ready: %w", ErrNoCrash, m.Program, line, err)
	}
	prefix := filepath.Join(run, "core")
	snapshot := exec.CommandContext(ctx, gcore, "-o", prefix, fmt.Sprint(pid))
	snapshot.Dir = run
	if b, err := snapshot.CombinedOutput(); err != nil {
		return "", 0, fmt.Errorf("gcore: %w: %s", err, lastLines(b))
	}
	return fmt.Sprintf("%s.%d", prefix, pid), pid, nil
}

// takeGDB runs a program under gdb until a signal stops it, and lets gdb write
// the core there.
func takeGDB(ctx context.Context, m Mode, bin, run string) (string, int, error) {
	gdb, err := tool("gdb")
	if err != nil {
		return "", 0, err
	}
	core := filepath.Join(run, "core")
	argv := []string{gdb, "-nx", "-batch", "-ex", "run", "-ex", "generate-core-file " + core, "-ex", "kill", "--args", bin}
	cmd, out, err := command(ctx, m, run, argv...)
	if err != nil {
		return "", 0, err
	}
	if err := cmd.Run(); err != nil {
		return "", 0, fmt.Errorf("gdb: %w: %s", err, lastLines(out.Bytes()))
	}
	if _, err := os.Stat(core); err != nil {
		return "", 0, fmt.Errorf("%w: gdb: %w: %s", ErrNoCrash, err, lastLines(out.Bytes()))
	}
	return core, cmd.Process.Pid, nil
}

// qemuNames are qemu's names of machines, by Go's.
var qemuNames = map[string]string{"arm": "arm", "ppc64le": "ppc64le", "s390x": "s390x", "amd64": "x86_64"}

// takeQemu runs a program for another machine under qemu-user, which writes its
// guest's core as qemu_NAME_TIME_PID.core into the working directory.
func takeQemu(ctx context.Context, m Mode, bin, run string) (string, int, error) {
	qemu, err := tool("qemu-" + cmp.Or(qemuNames[m.GOARCH], "aarch64"))
	if err != nil {
		return "", 0, err
	}
	cmd, out, err := command(ctx, m, run, qemu, bin)
	if err != nil {
		return "", 0, err
	}
	runErr := cmd.Run()
	if cmd.Process == nil {
		return "", 0, runErr
	}
	found, err := filepath.Glob(filepath.Join(run, "qemu_*.core"))
	if err != nil || len(found) != 1 {
		return "", 0, fmt.Errorf("%w: qemu left %d of them: %w: %s", ErrNoCrash, len(found), errors.Join(runErr, err), lastLines(out.Bytes()))
	}
	return found[0], cmd.Process.Pid, nil
}
