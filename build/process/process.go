// Package process runs Epicurve's programs as an operator's machine does: on an
// address of their own, to be started, killed and looked at from outside.
package process

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// Program is one of the programs, to be started and killed many times on the
// same address. Its methods are for one goroutine at a time, but for Page and URL.
type Program struct {
	path string
	args []string
	addr string
	log  *os.File
	cmd  *exec.Cmd
	as   syscall.SysProcAttr
}

// RunAs lets the program run as an ordinary user with some of root's rights, as
// a service manager does (ambient capabilities, capabilities(7)). Call it before
// Start, as root.
func (p *Program) RunAs(uid uint32, capabilities ...uintptr) {
	p.as = syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}, AmbientCaps: capabilities}
}

// New prepares a program: a free address on loopback is added to its arguments
// as --web.listen-address, and what it prints goes to the file logPath.
func New(path, logPath string, args ...string) (*Program, error) {
	addr, err := freeAddress()
	if err != nil {
		return nil, err
	}
	log, err := os.Create(logPath)
	if err != nil {
		return nil, err
	}
	return &Program{path: path, args: append(args, "--web.listen-address", addr), addr: addr, log: log}, nil
}

// freeAddress returns an address of the loopback network that nobody listens on.
// Linux answers on all of 127.0.0.0/8: a random one keeps a killed program's port
// from being taken by another program or connection before it is started again.
func freeAddress() (string, error) {
	host := net.IPv4(127, byte(1+rand.IntN(254)), byte(rand.IntN(256)), byte(1+rand.IntN(254))) //nolint:gosec // not secret
	l, err := net.Listen("tcp", net.JoinHostPort(host.String(), "0"))
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	return l.Addr().String(), l.Close()
}

// Start starts the program; it dies with the process that started it.
func (p *Program) Start() error {
	p.cmd = exec.Command(p.path, p.args...)
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	as := p.as
	as.Pdeathsig = syscall.SIGKILL
	p.cmd.SysProcAttr = &as
	if err := p.cmd.Start(); err != nil {
		p.cmd = nil
		return fmt.Errorf("start %s: %w", p.path, err)
	}
	return nil
}

// Signal sends a signal to the running program.
func (p *Program) Signal(sig os.Signal) error { return p.cmd.Process.Signal(sig) }

// Stop ends the program by a signal and reports how it ended otherwise.
func (p *Program) Stop(sig os.Signal) error {
	if p.cmd == nil {
		return nil
	}
	if err := p.cmd.Process.Signal(sig); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return err
	}
	err := p.cmd.Wait()
	p.cmd = nil
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if ws, ok := exit.Sys().(syscall.WaitStatus); ok && ws.Signaled() && ws.Signal() == sig {
			return nil
		}
	}
	if err != nil {
		return fmt.Errorf("%s ended by itself: %w (see %s)", p.path, err, p.log.Name())
	}
	return nil
}

// URL is the address of a page, such as "/metrics".
func (p *Program) URL(path string) string { return "http://" + p.addr + path }

// Log is the path of the file with what the program prints.
func (p *Program) Log() string { return p.log.Name() }

// Page gets a page; an unreachable program gives "".
func (p *Program) Page(ctx context.Context, path string) string {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, p.URL(path), nil)
	if err != nil {
		return ""
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err != nil || resp.StatusCode != http.StatusOK {
		return ""
	}
	return string(body)
}

// Until polls ok until it holds; what says what was waited for.
func Until(ctx context.Context, limit time.Duration, what string, ok func() bool) error {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			return fmt.Errorf("waited %s in vain: %s", limit, what)
		case <-tick.C:
		}
	}
	return nil
}

// Metric sums the series of a metric on a page of the text format; ok is false
// when there is none.
func Metric(page, name string) (sum float64, ok bool) {
	for line := range strings.Lines(page) {
		rest, found := strings.CutPrefix(line, name)
		if !found || (rest[0] != '{' && rest[0] != ' ') {
			continue
		}
		v, err := strconv.ParseFloat(strings.TrimSpace(rest[strings.LastIndexByte(rest, ' ')+1:]), 64)
		if err != nil {
			return 0, false
		}
		sum, ok = sum+v, true
	}
	return sum, ok
}

// Memory reads the resident set of the running program and its peak, in bytes.
func (p *Program) Memory() (now, peak int64, err error) {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, 0, err
	}
	kib := func(field string) int64 {
		_, rest, _ := bytes.Cut(status, []byte(field+":"))
		rest, _, _ = bytes.Cut(rest, []byte("kB"))
		v, err := strconv.ParseInt(string(bytes.TrimSpace(rest)), 10, 64)
		if err != nil {
			return 0
		}
		return v << 10
	}
	return kib("VmRSS"), kib("VmHWM"), nil
}

// CPU reads the processor time that the running program has used.
func (p *Program) CPU() (time.Duration, error) {
	pid := p.cmd.Process.Pid
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0, err
	}
	fields := strings.Fields(string(stat[bytes.LastIndexByte(stat, ')')+1:])) // from field 3 on, proc(5)
	if len(fields) < 13 {
		return 0, fmt.Errorf("/proc/%d/stat has %d fields", pid, len(fields))
	}
	var ticks int64
	for _, f := range fields[11:13] { // utime, stime
		v, err := strconv.ParseInt(f, 10, 64)
		if err != nil {
			return 0, err
		}
		ticks += v
	}
	return time.Duration(ticks) * time.Second / 100, nil // USER_HZ is 100 on every Linux port that we build for
}
