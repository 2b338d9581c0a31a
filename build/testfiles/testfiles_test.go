package testfiles_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/build/testfiles"
)

const (
	target = "package p\nimport \"testing\"\nfunc FuzzRead(f *testing.F) {}\n"
	golden = "package p\nimport \"flag\"\nvar update = flag.Bool(\"update\", false, \"rewrite\")\n"
)

func tree(t *testing.T, files map[string]string) string {
	t.Helper()
	root := t.TempDir()
	for name, text := range files {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return root
}

func TestFuzzTargets(t *testing.T) {
	root := tree(t, map[string]string{
		"pkg/a/a_test.go":          target + "func FuzzNotes(f *testing.F) {}\nfunc FuzzyMatch(s string) {}\nfunc TestX(t *testing.T) {}\n",
		"pkg/b/b.go":               target,
		"node_modules/c/c_test.go": target,
		"testdata/d_test.go":       target,
	})
	got, err := testfiles.FuzzTargets(root)
	if err != nil {
		t.Fatal(err)
	}
	want := []testfiles.Target{{Package: "./pkg/a", Name: "FuzzRead"}, {Package: "./pkg/a", Name: "FuzzNotes"}}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("targets (-want +got):\n%s", diff)
	}
}

func TestGolden(t *testing.T) {
	root := tree(t, map[string]string{
		"pkg/a/a_test.go":     golden,
		"pkg/a/more_test.go":  golden,
		"pkg/b/b_test.go":     target,
		"pkg/c/flags_test.go": "package p\nimport \"flag\"\nvar v = flag.Bool(\"verbose\", false, \"update\")\n",
	})
	got, err := testfiles.Golden(root)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"./pkg/a"}, got); diff != "" {
		t.Errorf("packages (-want +got):\n%s", diff)
	}
}
