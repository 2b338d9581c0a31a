package crashlab

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// patience is how long a program may take to crash; only the race takes long.
const patience = 5 * time.Minute

// ErrNoCrash is wrapped when a program ended without a core file.
var ErrNoCrash = errors.New("no core file")

// Crash makes the crash happen and moves its core file into destDir, which must
// exist, under the name core.MODE.PID; it appears there complete, by a rename.
func (l *Lab) Crash(ctx context.Context, m Mode, destDir string) (string, error) {
	path, err := l.crash(ctx, m, destDir)
	if err != nil {
		return "", fmt.Errorf("crash mode %s: %w", m.Name, err)
	}
	return path, nil
}

func (l *Lab) crash(ctx context.Context, m Mode, destDir string) (string, error) {
	bin, err := l.binary(ctx, m)
	if err != nil {
		return "", err
	}
	run, err := os.MkdirTemp(filepath.Join(l.dir, "run"), "")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(run)
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	core, pid, err := l.take(ctx, m, bin, run)
	if err != nil {
		return "", err
	}
	if m.Take.CutShort {
		if err := os.Truncate(core, m.Take.Cut); err != nil {
			return "", err
		}
	}
	return place(core, filepath.Join(destDir, fmt.Sprintf("core.%s.%d", m.Name, pid)))
}

// take runs the program in directory run and returns the core that its producer wrote.
func (l *Lab) take(ctx context.Context, m Mode, bin, run string) (core string, pid int, err error) {
	switch m.Take.Producer {
	case Kernel:
		return l.takeKernel(ctx, m, bin, run)
	case Gcore:
		return takeGcore(ctx, m, bin, run)
	case GDB:
		return takeGDB(ctx, m, bin, run)
	case Qemu:
		return takeQemu(ctx, m, bin, run)
	}
	return "", 0, fmt.Errorf("unknown producer %q", m.Take.Producer)
}

// start is what a shell runs to become the program: it sets what Go's exec
// can't set between fork and exec. $1 is the core limit in blocks of 512 bytes
// (POSIX), $2 the dump filter.
const start = `ulimit -S -c "$1" || exit 125
[ -z "$2" ] || echo "$2" >/proc/self/coredump_filter || exit 125
shift 2
unset PWD OLDPWD
exec "$@"`

// command prepares the program with its limits, the empty environment and run
// as its working directory.
func command(ctx context.Context, m Mode, run string, argv ...string) (*exec.Cmd, *bytes.Buffer, error) {
	sh, err := tool("sh")
	if err != nil {
		return nil, nil, err
	}
	args := append([]string{"-c", start, "sh", coreLimit(m), m.Take.Filter}, argv...)
	cmd := exec.CommandContext(ctx, sh, append(args, m.Args...)...)
	var out bytes.Buffer
	cmd.Dir, cmd.Env = run, append([]string{"LC_ALL=C"}, m.Take.Env...)
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.WaitDelay = time.Second // a grandchild may hold the pipe
	return cmd, &out, nil
}

// coreLimit is RLIMIT_CORE as ulimit -c takes it: at most the hard limit.
func coreLimit(m Mode) string {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_CORE, &limit); err != nil {
		return "unlimited"
	}
	most := limit.Max
	if m.Take.Limit > 0 {
		most = min(most, uint64(m.Take.Limit))
	}
	if most == unix.RLIM_INFINITY {
		return "unlimited"
	}
	return strconv.FormatUint(most/512, 10)
}

// takeKernel lets the program die and finds the core that the kernel wrote.
func (l *Lab) takeKernel(ctx context.Context, m Mode, bin, run string) (string, int, error) {
	dir := l.pattern.fixedDir(run)
	if strings.HasPrefix(dir, run) {
		if err := os.MkdirAll(dir, 0o755); err != nil {
			return "", 0, err
		}
	}
	cmd, out, err := command(ctx, m, run, bin)
	if err != nil {
		return "", 0, err
	}
	began := time.Now()
	if err := died(cmd, out); err != nil {
		return "", 0, err
	}
	pid := cmd.Process.Pid
	core, err := l.find(run, pid, began)
	return core, pid, err
}

// died runs the command and returns nil when it died with a core dump.
func died(cmd *exec.Cmd, out *bytes.Buffer) error {
	err := cmd.Run()
	if cmd.ProcessState == nil {
		return err
	}
	status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus)
	switch {
	case !ok || !status.Signaled():
		return fmt.Errorf("%w: the program ended with %s: %s", ErrNoCrash, cmd.ProcessState, lastLines(out.Bytes()))
	case !status.CoreDump():
		return fmt.Errorf("%w: the program died of %s, and the kernel wrote none: %s", ErrNoCrash, status.Signal(), lastLines(out.Bytes()))
	}
	return nil
}

// find returns the newest file that the core pattern gives for pid.
func (l *Lab) find(run string, pid int, began time.Time) (string, error) {
	expression := l.pattern.expression(run, pid)
	dir := l.pattern.fixedDir(run)
	var core string
	var newest time.Time
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil {
			return nil //nolint:nilerr // an unreadable neighbour is no reason to stop looking
		}
		if d.IsDir() && l.pattern.deeper(run, p) {
			return fs.SkipDir
		}
		if !d.Type().IsRegular() || !expression.MatchString(p) {
			return nil
		}
		info, err := d.Info()
		// Timestamps of files come from the kernel's coarse clock.
		if err == nil && info.ModTime().After(began.Add(-time.Second)) && info.ModTime().After(newest) {
			core, newest = p, info.ModTime()
		}
		return nil
	})
	if err != nil {
		return "", err
	}
	if core == "" {
		return "", fmt.Errorf("%w: kernel.core_pattern is %q, but nothing like it is in %s", ErrNoCrash, l.pattern.text, dir)
	}
	return core, nil
}
