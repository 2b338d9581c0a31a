package main

import (
	"bytes"
	"context"
	"flag"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// asArchive makes the test's binary the archive itself, so that the tests start,
// stop and kill real processes.
const asArchive = "EPICURVE_TEST_RUN_ARCHIVE"

var kills = flag.Int("kills", 3, "how often TestKillDuringIngest kills the archive")

func TestMain(m *testing.M) {
	if os.Getenv(asArchive) != "" {
		ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
		code := run(ctx, os.Args[1:], os.Stdin, os.Stdout, os.Stderr)
		stop()
		os.Exit(code)
	}
	flag.Parse()
	os.Exit(m.Run())
}

func TestUsage(t *testing.T) {
	tests := []struct {
		name string
		args []string
		code int
		want string
	}{
		{"help", []string{"--help"}, exitOK, "serve"},
		{"version", []string{"--version"}, exitOK, "epicurve-archive"},
		{"unknown flag", []string{"serve", "--nope"}, exitUsage, "try --help"},
		{"unknown storage", []string{"serve", "--storage", "mysql:x", "--web.listen-address", "127.0.0.1:0"}, exitError, "want one of duckdb:PATH"},
		{"web config", []string{"--web.config.file", "/does/not/exist", "--storage", "duckdb:x"}, exitError, "/does/not/exist"},
		{"tracing endpoint", []string{"serve", "--storage", "duckdb:" + filepath.Join(t.TempDir(), "a.duckdb"), "--tracing.endpoint", "collector:4317"}, exitError, "want the URL of an OTLP/HTTP receiver"},
		{"no such directory", []string{"--storage", "duckdb:/dev/null/x"}, exitError, "/dev/null"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			var out, errOut bytes.Buffer
			code := run(t.Context(), tc.args, strings.NewReader(""), &out, &errOut)
			if all := out.String() + errOut.String(); code != tc.code || !strings.Contains(all, tc.want) {
				t.Errorf("exit %d, %s; want %d and %q", code, all, tc.code, tc.want)
			}
		})
	}
}

// TestOpenArchiveSaysSo: an archive without tokens warns at every start.
func TestOpenArchiveSaysSo(t *testing.T) {
	dir := t.TempDir()
	tokens, _ := holders(t, dir)
	const warning = "Everybody who reaches the archive may read and change everything"
	for _, tc := range []struct {
		flags []string
		want  bool
	}{{nil, true}, {[]string{"--auth.tokens-file", tokens}, false}} {
		p := start(t, filepath.Join(dir, "archive.duckdb"), tc.flags...)
		p.kill(t)
		if got := strings.Contains(p.log.String(), warning); got != tc.want {
			t.Errorf("flags %v: warned %v, want %v; log:\n%s", tc.flags, got, tc.want, p.log)
		}
	}
}
