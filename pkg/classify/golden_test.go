package classify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/txtar"

	"github.com/epicurve/epicurve/pkg/crash"
)

// goldenPath is the archive with the record of every real core of the
// repository, one file a core, so that a change of the rules shows what it does
// to real crashes.
const goldenPath = "testdata/records.txtar"

// volatile attributes depend on the reader or on compression, not on the rules.
var volatile = []string{
	crash.FieldID, crash.FieldTime, crash.FieldSchemaVersion, crash.FieldClassifierVersion,
	"crash.core.bytes_read", "crash.core.size", "crash.core.compression",
}

// TestGolden compares the record of every real core with the golden archive.
func TestGolden(t *testing.T) {
	const dir = "../../testdata/cores"
	names, err := filepath.Glob(filepath.Join(dir, "*.core.zst"))
	if err != nil || len(names) == 0 {
		t.Skip("no corpus of real cores at hand")
	}
	want := map[string]string{}
	if golden, err := txtar.ParseFile(goldenPath); err == nil {
		for _, f := range golden.Files {
			want[f.Name] = string(f.Data)
		}
	} else if !*update {
		t.Fatal(err)
	}
	fresh := &txtar.Archive{Comment: []byte("Records of the real cores in testdata/cores, without what does not come from the rules.\nRegenerate: go test ./pkg/classify -run TestGolden -update\n\n")}
	for _, path := range names {
		name := strings.TrimSuffix(filepath.Base(path), ".core.zst")
		t.Run(name, func(t *testing.T) {
			f := readCore(t, dir, name)
			if f == nil {
				return
			}
			got := goldenRecord(t, Record(f, Options{}))
			fresh.Files = append(fresh.Files, txtar.File{Name: name, Data: []byte(got)})
			if want, ok := want[name]; !*update && ok && got != want {
				t.Errorf("record differs (-want +got); if it should, raise Version and run with -update:\n%s", cmp.Diff(want, got))
			} else if !ok && !*update {
				t.Logf("%s is not in %s yet; add it with -update", name, goldenPath)
			}
		})
	}
	if *update {
		if err := os.MkdirAll("testdata", 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(goldenPath, txtar.Format(fresh), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

// goldenRecord prints a record as indented JSON without the volatile attributes.
func goldenRecord(t *testing.T, r crash.Record) string {
	t.Helper()
	b, err := json.Marshal(r)
	if err != nil {
		t.Fatal(err)
	}
	var fields map[string]any
	if err := json.Unmarshal(b, &fields); err != nil {
		t.Fatal(err)
	}
	for _, name := range volatile {
		delete(fields, name)
	}
	if !r.Finding.Kind.Valid() {
		t.Errorf("kind %q is not valid", r.Finding.Kind)
	}
	b, err = json.MarshalIndent(fields, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	return string(b) + "\n"
}
