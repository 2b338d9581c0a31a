package fuzz_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/build/fuzz"
)

func TestTargets(t *testing.T) {
	root := t.TempDir()
	write := func(name, text string) {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	const target = "package p\nimport \"testing\"\nfunc FuzzRead(f *testing.F) {}\n"
	write("pkg/a/a_test.go", target+"func FuzzNotes(f *testing.F) {}\nfunc FuzzyMatch(s string) {}\nfunc TestX(t *testing.T) {}\n")
	write("pkg/b/b.go", target)
	write("node_modules/c/c_test.go", target)
	write("testdata/d_test.go", target)

	got, err := fuzz.Targets(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []fuzz.Target{{Package: "./pkg/a", Name: "FuzzRead"}, {Package: "./pkg/a", Name: "FuzzNotes"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}
