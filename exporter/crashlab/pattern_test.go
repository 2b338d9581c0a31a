package crashlab

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
	"time"
)

func TestCorePatternRefused(t *testing.T) {
	tests := []struct {
		name    string
		pattern corePattern
		refused bool
	}{
		{"plain name", corePattern{text: "core"}, false},
		{"absolute", corePattern{text: "/var/crash/core.%e.%p"}, false},
		{"pipe", corePattern{text: "|/lib/systemd/systemd-coredump %P %u"}, true},
		{"socket", corePattern{text: "@/run/coredump.socket"}, true},
		{"empty", corePattern{}, true},
		{"empty, but named by pid", corePattern{usesPID: true}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if err := tt.pattern.refused(); (err != nil) != tt.refused || err != nil && !errors.Is(err, ErrNoCores) {
				t.Errorf("refused() = %v, want refused %v", err, tt.refused)
			}
		})
	}
}

func TestCorePatternExpression(t *testing.T) {
	tests := []struct {
		pattern corePattern
		file    string
		match   bool
	}{
		{corePattern{text: "core"}, "/run/7/core", true},
		{corePattern{text: "core"}, "/run/7/score", false},
		{corePattern{text: "core"}, "/elsewhere/core", false},
		{corePattern{text: "core", usesPID: true}, "/run/7/core.42", true},
		{corePattern{text: "core", usesPID: true}, "/run/7/core.43", false},
		{corePattern{text: "core.%p", usesPID: true}, "/run/7/core.42", true},
		{corePattern{text: "%e.%p.%t.core"}, "/run/7/return.42.1790000000.core", true},
		{corePattern{text: "%e.%p.%t.core"}, "/run/7/return.41.1790000000.core", false},
		{corePattern{text: "/var/crash/core.%h.%E.%P"}, "/var/crash/core.node-1.!usr!bin!x.1000042", true},
		{corePattern{text: "/var/crash/core.%h"}, "/var/crash/sub/core.node-1", false},
		{corePattern{text: "100%%.%p%"}, "/run/7/100%.42", true},
		{corePattern{text: "a.b.%p"}, "/run/7/axb.42", false},
	}
	for _, tt := range tests {
		if got := tt.pattern.expression("/run/7", 42).MatchString(tt.file); got != tt.match {
			t.Errorf("pattern %q: %s matches %v, want %v", tt.pattern.text, tt.file, got, tt.match)
		}
	}
}

func TestCorePatternFixedDir(t *testing.T) {
	for text, want := range map[string]string{
		"core":                 "/run/7",
		"cores/core.%p":        "/run/7/cores",
		"/var/crash/%u/core":   "/var/crash",
		"/var/crash-%u/core":   "/var",
		"/cores/core.%e.%p.%t": "/cores",
	} {
		if got := (corePattern{text: text}).fixedDir("/run/7"); got != want {
			t.Errorf("fixedDir of %q = %s, want %s", text, got, want)
		}
	}
}

func TestFindCore(t *testing.T) {
	began := time.Now()
	write := func(age time.Duration, parts ...string) string {
		path := filepath.Join(parts...)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chtimes(path, began, began.Add(-age)); err != nil {
			t.Fatal(err)
		}
		return path
	}
	cores, run := t.TempDir(), t.TempDir()
	write(time.Hour, cores, "return", "core.42.old") // an earlier process of the same id
	write(0, cores, "return", "core.43.0")           // another process
	write(0, cores, "return", "deeper", "core.42.0") // no specifier gives a slash
	write(0, run, "core.42.0")                       // not where the pattern says
	want := write(0, cores, "return", "core.42.1")
	l := &Lab{pattern: corePattern{text: cores + "/%e/core.%p.%h"}}
	got, err := l.find(run, 42, began)
	if err != nil || got != want {
		t.Errorf("find = %q, %v; want %q", got, err, want)
	}
	if got, err := l.find(run, 44, began); !errors.Is(err, ErrNoCrash) {
		t.Errorf("find of a process without a core = %q, %v; want ErrNoCrash", got, err)
	}
}
