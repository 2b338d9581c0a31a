package main

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/archive/importer"
)

// imported runs the import command and returns its exit code and counts.
func imported(t *testing.T, args ...string) (code int, counts importer.Counts, output string) {
	t.Helper()
	code, output = command(t, append([]string{"import"}, args...)...)
	if at := strings.Index(output, "{\n"); at >= 0 {
		if err := json.NewDecoder(strings.NewReader(output[at:])).Decode(&counts); err != nil {
			t.Fatalf("counts: %v in %s", err, output)
		}
	}
	return code, counts, output
}

// TestImport imports a file into a real archive: dry, then really, then again,
// then on from where it ended after it grew.
func TestImport(t *testing.T) {
	dir := t.TempDir()
	p := start(t, filepath.Join(dir, "archive.duckdb"))
	var content strings.Builder
	for i := range 50 {
		fmt.Fprintf(&content, "{\"at\":%d,\"box\":\"db-%d\",\"crash.kind\":\"abort\"}\n", 1777636800+i, i%3)
	}
	file, state := filepath.Join(dir, "crashes.jsonl"), filepath.Join(dir, "state.json")
	if err := os.WriteFile(file, []byte(content.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	flags := []string{"--archive.url", p.url, "--format", "jsonl", "--map", "at=crash.time", "--map", "box=host.name", "--batch", "20", file}
	for _, step := range []struct {
		name string
		more []string
		want importer.Counts
		held int64
	}{
		{"dry run", []string{"--dry-run"}, importer.Counts{Items: 50, Sent: 50}, 0},
		{"first", []string{"--resume", state}, importer.Counts{Items: 50, Sent: 50, Added: 50}, 50},
		{"again, all", nil, importer.Counts{Items: 50, Sent: 50, Duplicates: 50}, 50},
		{"again, resumed", []string{"--resume", state}, importer.Counts{Items: 50, Skipped: 50}, 50},
	} {
		code, counts, out := imported(t, append(step.more, flags...)...)
		if code != exitOK || counts != step.want {
			t.Errorf("%s: exit %d, %+v; want %+v\n%s", step.name, code, counts, step.want, out)
		}
		if st, err := p.client.Status(t.Context()); err != nil || st.Records != step.held {
			t.Errorf("%s: the archive holds %d, %v; want %d", step.name, st.Records, err, step.held)
		}
	}
	content.WriteString("{\"at\":\"never\"}\n{\"at\":1777637000}\n")
	if err := os.WriteFile(file, []byte(content.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	code, counts, out := imported(t, append([]string{"--resume", state}, flags...)...)
	if want := (importer.Counts{Items: 52, Skipped: 50, Bad: 1, Sent: 1, Added: 1}); code != exitError || counts != want || !strings.Contains(out, "line 51") {
		t.Errorf("grown: exit %d, %+v; want %+v and line 51\n%s", code, counts, want, out)
	}
}

func TestImportRefusals(t *testing.T) {
	for want, args := range map[string][]string{
		"want http://":       {"--format", "csv", "--archive.url", "ftp://x", "x.csv"},
		"goes with one file": {"--format", "csv", "--resume", "s", "a", "b"},
		"no such file":       {"--format", "csv", filepath.Join(t.TempDir(), "absent.csv")},
		"is a directory":     {"--format", "ceph", t.TempDir()},
		"want 1 or more":     {"--format", "csv", "--batch", "0", "x"},
	} {
		if code, out := command(t, append([]string{"import"}, args...)...); code == exitOK || !strings.Contains(out, want) {
			t.Errorf("%v: exit %d, %s; want %q", args, code, out, want)
		}
	}
}
