// Package command runs the one program that an operator may name, to learn what
// no file tells: such as the physical host of a virtual machine, from a vendor's
// tool.
//
// It gets no shell, no environment of the exporter, no input, none of the
// exporter's capabilities, a time limit for itself and all its children, and a
// bound on what is read of it. Only the first line of its output is used.
//
// The only room of the exporter that starts other programs; exporter/logsource
// starts journalctl by [Start].
package command

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// MaxOutput bounds what a command may print; beyond it it is killed.
const MaxOutput = 4096

// environment is all that a command gets.
var environment = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C"}

// ErrOutput is wrapped when a command prints too much.
var ErrOutput = errors.New("printed too much")

// Check says what is wrong with a command before it is run.
func Check(argv []string) error {
	switch {
	case len(argv) == 0:
		return errors.New("is empty")
	case !filepath.IsAbs(argv[0]):
		return fmt.Errorf("%.120q: want the absolute path of a program, then its arguments; there is no shell", argv[0])
	}
	for _, arg := range argv {
		if strings.ContainsRune(arg, 0) {
			return fmt.Errorf("%.120q: holds a NUL", arg)
		}
	}
	return nil
}

// FirstLine runs a command and returns the first line of what it prints. An
// exit status other than 0 is an error with the beginning of what it says.
func FirstLine(ctx context.Context, argv []string, timeout time.Duration) (string, error) {
	if err := Check(argv); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	out, complaint := &bounded{stop: cancel}, &bounded{stop: cancel}
	cmd := exec.CommandContext(ctx, argv[0], argv[1:]...)
	cmd.Env, cmd.Dir = environment, "/"
	cmd.Stdout, cmd.Stderr = out, complaint
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) } // its children too
	cmd.WaitDelay = time.Second                                                          // for a child that left the group and holds the pipe
	err := Start(cmd)
	if err == nil {
		err = cmd.Wait()
	}
	switch {
	case out.full || complaint.full:
		return "", fmt.Errorf("%s: %w: more than %d bytes", argv[0], ErrOutput, MaxOutput)
	case ctx.Err() != nil:
		return "", fmt.Errorf("%s: killed after %s: %w", argv[0], timeout, ctx.Err())
	case err != nil:
		return "", fmt.Errorf("%s: %w: %.200q", argv[0], err, strings.TrimSpace(complaint.String()))
	}
	line, _, _ := strings.Cut(out.String(), "\n")
	return strings.TrimSpace(line), nil
}

// Start starts a command without the ambient capabilities that the service
// manager gave to the exporter and that every program would inherit. They are a
// thread's own, so a thread gives them up, starts the command, and ends.
func Start(cmd *exec.Cmd) error {
	started := make(chan error, 1)
	go func() {
		runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
		if err := unix.Prctl(unix.PR_CAP_AMBIENT, unix.PR_CAP_AMBIENT_CLEAR_ALL, 0, 0, 0); err != nil && !errors.Is(err, unix.EINVAL) {
			started <- fmt.Errorf("give up capabilities: %w", err)
			return
		}
		started <- cmd.Start()
	}()
	return <-started
}

// bounded keeps the beginning of what is written and stops the writer when it
// writes more.
type bounded struct {
	kept bytes.Buffer // not embedded: its ReadFrom knows no bound
	stop func()
	full bool
}

func (b *bounded) String() string { return b.kept.String() }

func (b *bounded) Write(p []byte) (int, error) {
	room := MaxOutput - b.kept.Len()
	if len(p) > room {
		b.full = true
		b.stop()
		b.kept.Write(p[:room])
		return len(p), nil // what is over is dropped until the writer is dead
	}
	return b.kept.Write(p)
}
