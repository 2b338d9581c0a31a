package demo

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// program writes a shell script that plays a program.
func program(t *testing.T, body string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "program")
	if err := os.WriteFile(path, []byte("#!/bin/sh\n"+body), 0o755); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestChildThatEndsEarlyIsToldWithItsOutput(t *testing.T) {
	c, err := start(t.Context(), t.TempDir(), "archive", program(t, "echo no space left >&2; exit 3\n"), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = c.answers(t.Context(), "http://127.0.0.1:1/")
	if err == nil || !strings.Contains(err.Error(), "no space left") || !strings.Contains(err.Error(), "archive ended") {
		t.Errorf("error %v does not tell what happened", err)
	}
}

func TestChildIsStoppedBySIGTERM(t *testing.T) {
	dir := t.TempDir()
	mark := filepath.Join(dir, "stopped")
	c, err := start(t.Context(), dir, "exporter", program(t, `trap 'echo bye >`+mark+`; exit 0' TERM
echo ready
while :; do sleep 0.05; done
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = c.until(t.Context(), startTimeout, "said ready", func(context.Context) (bool, error) {
		text, err := os.ReadFile(c.log)
		return strings.Contains(string(text), "ready"), err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(mark); err != nil {
		t.Error("the program did not get to clean up:", err)
	}
}

func TestChildThatStopsBadlyIsAnError(t *testing.T) {
	c, err := start(t.Context(), t.TempDir(), "exporter", program(t, `trap 'exit 7' TERM
echo ready
while :; do sleep 0.05; done
`), nil)
	if err != nil {
		t.Fatal(err)
	}
	err = c.until(t.Context(), startTimeout, "said ready", func(context.Context) (bool, error) {
		text, err := os.ReadFile(c.log)
		return len(text) > 0, err
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Close(); err == nil || !strings.Contains(err.Error(), "exit code 7") {
		t.Errorf("Close() = %v, want the exit code", err)
	}
}
