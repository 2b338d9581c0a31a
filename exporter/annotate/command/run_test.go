package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

const limit = 20 * time.Second

func TestFirstLine(t *testing.T) {
	t.Setenv("EPICURVE_SECRET", "hunter2")
	for _, tc := range []struct {
		name string
		argv []string
		want string
		says string // of the error
	}{
		{"the first line", []string{"/bin/sh", "-c", "echo ' rack-9 '; echo more"}, "rack-9", ""},
		{"nothing", []string{"/bin/true"}, "", ""},
		{"no shell", []string{"/bin/echo", "$HOME; rm -rf /", "`id`"}, "$HOME; rm -rf / `id`", ""},
		{"no environment", []string{"/bin/sh", "-c", `echo "[$EPICURVE_SECRET$HOME]"`}, "[]", ""},
		{"no input", []string{"/bin/cat"}, "", ""},
		{"the directory", []string{"/bin/pwd"}, "/", ""},
		{"a failure", []string{"/bin/sh", "-c", "echo wrong; echo 'no such host' >&2; exit 3"}, "", `exit status 3: "no such host"`},
		{"no such program", []string{"/nonexistent/program"}, "", "no such file"},
		{"a relative path", []string{"id"}, "", "want the absolute path"},
		{"no command", nil, "", "is empty"},
		{"too much", []string{"/bin/sh", "-c", "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa; done"}, "", "printed too much"},
		{"too much complaint", []string{"/bin/sh", "-c", "while :; do echo aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa >&2; done"}, "", "printed too much"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			got, err := FirstLine(t.Context(), tc.argv, limit)
			if got != tc.want || (err != nil) != (tc.says != "") || (err != nil && !strings.Contains(err.Error(), tc.says)) {
				t.Errorf("%q, %v: want %q, %s", got, err, tc.want, tc.says)
			}
		})
	}
}

// A command that hangs is killed with all its children.
func TestTimeout(t *testing.T) {
	pidFile := filepath.Join(t.TempDir(), "pid")
	began := time.Now()
	_, err := FirstLine(t.Context(), []string{"/bin/sh", "-c", "sleep 600 & echo $! > " + pidFile + "; wait"}, 300*time.Millisecond)
	if !errors.Is(err, context.DeadlineExceeded) || time.Since(began) > limit {
		t.Errorf("%v after %s", err, time.Since(began))
	}
	text, err := os.ReadFile(pidFile)
	if err != nil {
		t.Fatal(err)
	}
	pid, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	for deadline := time.Now().Add(limit); running(pid); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("the child of the command outlived it")
		}
	}
}

// running reports whether a process exists and is no zombie.
func running(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(text), ") Z ")
}

// The ambient capabilities that a service manager gives to the exporter are not
// passed on. The test runs itself as an ordinary user who has one.
func TestCapabilities(t *testing.T) {
	const marker = "EPICURVE_TEST_CAPABILITIES"
	if os.Getenv(marker) != "" {
		line, err := FirstLine(t.Context(), []string{"/bin/grep", "CapEff", "/proc/self/status"}, limit)
		own, readErr := os.ReadFile("/proc/thread-self/status")
		if err != nil || readErr != nil {
			t.Fatal(err, readErr)
		}
		fmt.Printf("own %t command %s\n", strings.Contains(string(own), "CapAmb:\t0000000000000004"), line)
		return
	}
	if os.Getuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	cmd := exec.Command("/proc/self/exe", "-test.run", "^TestCapabilities$")
	cmd.Env = []string{marker + "=1"}
	cmd.Dir = "/"
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Credential: &syscall.Credential{Uid: 65534, Gid: 65534}, AmbientCaps: []uintptr{unix.CAP_DAC_READ_SEARCH},
	}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	if !strings.Contains(string(out), "own true command CapEff:\t0000000000000000") {
		t.Errorf("a command of a process with CAP_DAC_READ_SEARCH: %s", out)
	}
}
