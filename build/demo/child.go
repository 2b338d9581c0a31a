package demo

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"
)

// How long a program may take to come up and to go down.
const (
	startTimeout = 60 * time.Second
	stopTimeout  = 15 * time.Second
	pollInterval = 50 * time.Millisecond
)

// child is a program that runs beside the demo; its output goes to a file.
type child struct {
	name string
	log  string
	cmd  *exec.Cmd
	stop context.CancelFunc
	done chan struct{} // closed when the program ended; err is then set
	err  error
}

// start starts a program in a process group of its own, so that Ctrl-C reaches
// the demo alone and the demo decides who stops first.
func start(ctx context.Context, dir, name, path string, env []string, args ...string) (*child, error) {
	log := filepath.Join(dir, name+".log")
	out, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", name, err)
	}
	ctx, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Stdout, cmd.Stderr = out, out
	cmd.Env = append(os.Environ(), env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return cmd.Process.Signal(syscall.SIGTERM) }
	cmd.WaitDelay = stopTimeout
	if err := cmd.Start(); err != nil {
		cancel()
		return nil, errors.Join(fmt.Errorf("start %s: %w", name, err), out.Close())
	}
	c := &child{name: name, log: log, cmd: cmd, stop: cancel, done: make(chan struct{})}
	go func() {
		c.err = errors.Join(cmd.Wait(), out.Close())
		close(c.done)
	}()
	return c, nil
}

// Close asks the program to stop (SIGTERM), waits for it and kills it when it
// takes longer than stopTimeout.
func (c *child) Close() error {
	select {
	case <-c.done:
		return nil // it had ended before
	default:
	}
	c.stop()
	<-c.done
	if exit := new(exec.ExitError); errors.As(c.err, &exit) && exit.ExitCode() > 0 {
		return fmt.Errorf("%s stopped with exit code %d%s", c.name, exit.ExitCode(), c.tail())
	}
	if errors.Is(c.err, exec.ErrWaitDelay) {
		return fmt.Errorf("%s did not stop within %s%s", c.name, stopTimeout, c.tail())
	}
	return nil
}

// answers waits until url answers 200 OK.
func (c *child) answers(ctx context.Context, url string) error {
	client := &http.Client{Timeout: 2 * time.Second}
	return c.until(ctx, startTimeout, "answers "+url, func(ctx context.Context) (bool, error) {
		req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
		if err != nil {
			return false, err
		}
		resp, err := client.Do(req)
		if err != nil {
			return false, nil //nolint:nilerr // not listening yet; asked again until the deadline
		}
		return resp.StatusCode == http.StatusOK, resp.Body.Close()
	})
}

// until polls a condition while the program runs.
func (c *child) until(ctx context.Context, limit time.Duration, what string, condition func(context.Context) (bool, error)) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(pollInterval)
	defer tick.Stop()
	for {
		met, err := condition(ctx)
		if err != nil || met {
			return err
		}
		select {
		case <-c.done:
			return fmt.Errorf("%s ended before it %s: %w%s", c.name, what, c.err, c.tail())
		case <-ctx.Done():
			return fmt.Errorf("%s: waited %s until it %s: %w%s", c.name, limit, what, ctx.Err(), c.tail())
		case <-tick.C:
		}
	}
}

// tail returns the last lines of the program's output, to print after an error.
func (c *child) tail() string {
	text, err := os.ReadFile(c.log)
	if err != nil || len(text) == 0 {
		return ""
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	return fmt.Sprintf("; its last output (%s):\n%s", c.log, bytes.Join(lines[max(0, len(lines)-15):], []byte("\n")))
}

// freePort returns a loopback address that nothing listens on.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}
