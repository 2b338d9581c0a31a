package importer

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/crash"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// mappings are those of the files that need one.
var mappings = map[string]Mapping{
	"crashes.csv": {
		Fields:     map[string]string{"when": crash.FieldTime, "box": "host.name", "sig": "crash.signature", "prog": "process.executable.name", "why": "crash.reasons", "secret": ""},
		Constants:  map[string]string{"crash.kind": "abort", "cloud.region": "eu-1"},
		TimeFormat: "2006-01-02 15:04:05", Lists: "|",
	},
	"crashes.jsonl": {Fields: map[string]string{"ts": crash.FieldTime, "frames": "crash.frames"}},
}

// read prints every item of a source: a record as JSON, else its fault.
func read(t *testing.T, format string, r io.Reader, m Mapping) string {
	t.Helper()
	s, err := Open(format, r, m)
	if err != nil {
		t.Fatal(err)
	}
	var out strings.Builder
	for {
		r, err := s.Next()
		switch {
		case errors.Is(err, io.EOF):
			return out.String()
		case errors.Is(err, ErrItem):
			fmt.Fprintf(&out, "%v\n", err)
		case err != nil:
			t.Fatal(err)
		default:
			b, err := json.MarshalIndent(r, "", " ")
			if err != nil {
				t.Fatal(err)
			}
			fmt.Fprintf(&out, "%s\n", b)
		}
	}
}

// TestFormats compares what is read of each format with a golden file, twice:
// ids must be the same.
func TestFormats(t *testing.T) {
	for name, format := range map[string]string{
		"crashes.csv": "csv", "crashes.jsonl": "jsonl", "journal.export": "journal", "clickhouse.jsonl": "clickhouse", "ceph.json": "ceph",
	} {
		t.Run(name, func(t *testing.T) {
			b, err := os.ReadFile(filepath.Join("testdata", name))
			if err != nil {
				t.Fatal(err)
			}
			got := read(t, format, strings.NewReader(string(b)), mappings[name])
			if again := read(t, format, strings.NewReader(string(b)), mappings[name]); again != got {
				t.Errorf("a second run differs:\n%s", cmp.Diff(got, again))
			}
			if strings.Contains(got, "secret") {
				t.Errorf("memory contents, a query or a dropped column are kept:\n%s", got)
			}
			golden := filepath.Join("testdata", name+".golden")
			if *update {
				if err := os.WriteFile(golden, []byte(got), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(golden)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), got); d != "" {
				t.Errorf("(-golden +got):\n%s", d)
			}
		})
	}
}

// TestJournalJSON reads the entry of the export format as journalctl prints it
// with -o json: it is the same crash.
func TestJournalJSON(t *testing.T) {
	b, err := os.ReadFile(filepath.Join("testdata", "journal.export"))
	if err != nil {
		t.Fatal(err)
	}
	export, err := Open("journal", strings.NewReader(string(b)), Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	want, err := export.Next()
	if err != nil {
		t.Fatal(err)
	}
	line := `{"MESSAGE_ID":"fc2e22bc6ee647b6b90729ab34a250b1","COREDUMP_PID":"4242","COREDUMP_TIMESTAMP":"1777636800123456","COREDUMP_SIGNAL":"11","COREDUMP_EXE":[47,117,115,114,47,98,105,110,47,108,101,97,102,100],"_BOOT_ID":"00112233445566778899aabbccddeeff","COREDUMP":null}`
	object, err := Open("journal", strings.NewReader(line+"\n"), Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	got, err := object.Next()
	if err != nil || got.ID != want.ID || got.Process.Executable != "leafd" || !got.Time.Equal(want.Time) {
		t.Errorf("%+v, %v; want crash %s of leafd", got, err, want.ID)
	}
}

func TestRefusals(t *testing.T) {
	for name, tc := range map[string]struct {
		format, input, want string
		m                   Mapping
	}{
		"format":            {format: "xml", want: "not one of csv"},
		"misspelt field":    {format: "csv", input: "a\n1\n", m: Mapping{Fields: map[string]string{"a": "crash.sigature"}}, want: "crash.sigature"},
		"no such column":    {format: "csv", input: "a\n1\n", m: Mapping{Fields: map[string]string{"b": "host.name"}}, want: `no column "b"`},
		"mapping of others": {format: "ceph", input: "{}", m: Mapping{Lists: ";"}, want: "fields of its own"},
		"empty CSV":         {format: "csv", want: "CSV header"},
	} {
		if _, err := Open(tc.format, strings.NewReader(tc.input), tc.m); err == nil || !strings.Contains(err.Error(), tc.want) {
			t.Errorf("%s: %v, want an error with %q", name, err, tc.want)
		}
	}
}

func TestLongLineIsSkipped(t *testing.T) {
	input := `{"crash.time":1777636800,"x":"` + strings.Repeat("y", maxLine+1<<20) + "\"}\n" + `{"crash.time":1777636800}` + "\n"
	s, err := Open("jsonl", strings.NewReader(input), Mapping{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Next(); !errors.Is(err, ErrItem) || !strings.Contains(err.Error(), "line 1: ") {
		t.Errorf("%v; want a fault of line 1", err)
	}
	if _, err := s.Next(); err != nil {
		t.Errorf("the line after it: %v", err)
	}
}

// TestRunGoesOn breaks an import off at its second batch and goes on from what
// was counted: every record is sent, in all, once.
func TestRunGoesOn(t *testing.T) {
	var input strings.Builder
	for i := range 25 {
		fmt.Fprintf(&input, "{\"crash.time\":%d}\n", 1777636800+i)
	}
	input.WriteString("broken\n")
	sent, away := 0, errors.New("archive is away")
	sink := func(_ context.Context, records []crash.Record) (Kept, error) {
		if sent == 10 && away != nil {
			return Kept{}, away
		}
		sent += len(records)
		return Kept{Added: len(records)}, nil
	}
	var told []error
	try := func(skip int) (Counts, error) {
		s, err := Open("jsonl", strings.NewReader(input.String()), Mapping{})
		if err != nil {
			t.Fatal(err)
		}
		return Run{Source: s, Sink: sink, Batch: 10, Skip: skip, Failed: func(err error) { told = append(told, err) }}.Do(t.Context())
	}
	first, err := try(0)
	if !errors.Is(err, away) || first.Items != 10 || first.Added != 10 {
		t.Fatalf("%+v, %v; want 10 items and %v", first, err, away)
	}
	away = nil
	second, err := try(first.Items)
	if want := (Counts{Items: 26, Skipped: 10, Bad: 1, Sent: 15, Added: 15}); err != nil || second != want || sent != 25 {
		t.Errorf("%+v, %v, %d sent; want %+v", second, err, sent, want)
	}
	if len(told) != 1 || !strings.Contains(told[0].Error(), "line 26") {
		t.Errorf("told %v, want line 26", told)
	}
}

func TestProgressKnowsItsSource(t *testing.T) {
	path := filepath.Join(t.TempDir(), "progress")
	p, err := LoadProgress(path, "jsonl", strings.NewReader("short\n"))
	if err != nil || p.Items != 0 {
		t.Fatalf("%+v, %v", p, err)
	}
	p.Items = 1
	if err := p.Save(path); err != nil {
		t.Fatal(err)
	}
	if got, err := LoadProgress(path, "jsonl", strings.NewReader("short\nand grown\n")); err != nil || got.Items != 1 {
		t.Errorf("the source has grown: %+v, %v; want item 1", got, err)
	}
	for name, source := range map[string]string{"other": "something else\n", "shorter": "sh"} {
		if _, err := LoadProgress(path, "jsonl", strings.NewReader(source)); !errors.Is(err, ErrOtherSource) {
			t.Errorf("%s: %v, want %v", name, err, ErrOtherSource)
		}
	}
	if _, err := LoadProgress(path, "csv", strings.NewReader("short\n")); !errors.Is(err, ErrOtherSource) {
		t.Errorf("other format: %v, want %v", err, ErrOtherSource)
	}
}
