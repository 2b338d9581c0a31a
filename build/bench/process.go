package bench

import (
	"bytes"
	"context"
	"fmt"
	"os/exec"
	"strings"
	"syscall"
	"time"
)

// processTime runs a program and returns the processor time, user and system,
// that it took.
func processTime(ctx context.Context, name string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w: %s", name, err, strings.TrimSpace(stderr.String()))
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		return 0, fmt.Errorf("%s: the system does not tell its processor time", name)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), nil
}

// wallTime runs a program, throws away what it prints, and returns how long it
// took from start to end.
func wallTime(ctx context.Context, name string, args ...string) (time.Duration, error) {
	cmd := exec.CommandContext(ctx, name, args...)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	began := time.Now()
	if err := cmd.Run(); err != nil {
		return 0, fmt.Errorf("%s: %w: %.200s", name, err, strings.TrimSpace(stderr.String()))
	}
	return time.Since(began), nil
}

// repeat gives the same argument n times.
func repeat(arg string, n int) []string {
	args := make([]string, n)
	for i := range args {
		args[i] = arg
	}
	return args
}

// processorTime is the processor time that this process has taken so far.
func processorTime() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
