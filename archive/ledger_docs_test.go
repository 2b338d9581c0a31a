package main

import (
	"bytes"
	"errors"
	"flag"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/archive/api"
	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store/duckdb"
)

var update = flag.Bool("update", false, "write what the commands of docs/ledger.md print into it")

// liveArchive runs the whole archive over a real, empty store.
func liveArchive(t *testing.T, now func() time.Time) (url string) {
	t.Helper()
	s, err := duckdb.Open(t.Context(), filepath.Join(t.TempDir(), "a.duckdb"), duckdb.Options{MemoryLimit: "256MB"})
	if err != nil {
		t.Fatal(err)
	}
	e := evaluate.New(evaluate.Config{Store: s, Now: now})
	srv := httptest.NewServer(api.New(api.Config{Store: s, Answers: e.Answers(), Version: "test"}).Handler())
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv.URL
}

// ledgerCommand runs one command of the ledger and returns what it printed.
func ledgerCommand(t *testing.T, stdin string, args ...string) (code int, out string) {
	t.Helper()
	var stdout bytes.Buffer
	code = run(t.Context(), append([]string{"ledger"}, args...), strings.NewReader(stdin), &stdout, &stdout)
	return code, stdout.String()
}

// What differs from run to run: ids of events, and when they were recorded.
var (
	eventID  = regexp.MustCompile(`[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}`)
	recorded = regexp.MustCompile(`\((\w+), \d{4}-\d\d-\d\d \d\d:\d\d, event`)
)

func steady(out string) string {
	out = recorded.ReplaceAllString(out, "($1, …, event")
	out = eventID.ReplaceAllString(out, "…")
	lines := strings.Split(out, "\n")
	for i, line := range lines {
		lines[i] = strings.TrimRight(line, " ")
	}
	return strings.Join(lines, "\n")
}

// TestLedgerDocs runs the commands of docs/ledger.md, one after the other against
// one archive, and compares what they print with what the page shows.
func TestLedgerDocs(t *testing.T) {
	page, err := filepath.Abs("../docs/ledger.md")
	if err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	later := time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC) // so that what is looked back on does not wander
	t.Setenv("EPICURVE_ARCHIVE_URL", liveArchive(t, func() time.Time { return later }))
	t.Setenv("EPICURVE_ACTOR", "ada")
	t.Chdir("../docs/worked-example")
	ran := 0
	got := consoles.ReplaceAllFunc(text, func(block []byte) []byte {
		body := strings.TrimSuffix(strings.TrimPrefix(string(block), "```console\n"), "```")
		var out strings.Builder
		for _, command := range strings.Split("\n"+body, "\n$ ")[1:] {
			line, _, _ := strings.Cut(command, "\n")
			args, err := words(line)
			if err != nil || len(args) < 3 || args[0] != "epicurve-archive" || args[1] != "ledger" {
				t.Fatalf("%q is no command of the ledger: %v", line, err)
			}
			code, printed := ledgerCommand(t, "", args[2:]...)
			if code != exitOK {
				t.Fatalf("%s: exit %d, %s", line, code, printed)
			}
			ran++
			out.WriteString("$ " + line + "\n" + steady(printed))
		}
		return []byte("```console\n" + out.String() + "```")
	})
	if ran < 10 {
		t.Errorf("only %d commands were found in the page", ran)
	}
	if *update {
		if err := os.WriteFile(page, got, 0o644); err != nil { //nolint:gosec // documentation is for everybody
			t.Fatal(err)
		}
		return
	}
	if diff := cmp.Diff(string(text), string(got)); diff != "" {
		t.Errorf("docs/ledger.md does not show what its commands print; -update writes it (-page +printed):\n%s", diff)
	}
}

var consoles = regexp.MustCompile("(?s)```console\n.*?```")

// words splits a command line at spaces; quotes hold words together.
func words(line string) (all []string, err error) {
	var word strings.Builder
	inside, some := false, false
	for _, c := range line {
		switch {
		case c == '"':
			inside, some = !inside, true
		case c == ' ' && !inside:
			if some {
				all = append(all, word.String())
			}
			word.Reset()
			some = false
		default:
			word.WriteRune(c)
			some = true
		}
	}
	if inside {
		return nil, errors.New("a quote is not closed")
	}
	if some {
		all = append(all, word.String())
	}
	return all, nil
}
