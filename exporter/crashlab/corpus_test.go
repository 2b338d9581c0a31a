package crashlab

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// corpora are the folders of labelled real cores: the repository's own, and
// others named by EPICURVE_CORPUS (a path list).
func corpora() []string {
	return append([]string{"../../testdata/cores"}, filepath.SplitList(os.Getenv("EPICURVE_CORPUS"))...)
}

// read classifies the core at path as the exporter does.
func read(t *testing.T, path string) (crash.Record, error) {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	facts, err := corefile.Read(f, info.Size(), corefile.Options{})
	if err != nil {
		return crash.Record{}, err
	}
	return classify.Record(facts, classify.Options{}), nil
}

// check compares what is said about a core with the truth about it.
func check(t *testing.T, path string, w Want) {
	t.Helper()
	record, err := read(t, path)
	if refusal, ok := errors.AsType[*corefile.Error](err); ok {
		if w.Class != Unreadable {
			t.Fatalf("can't be read (%v), want %s/%s", err, w.Class, w.Kind)
		}
		if string(refusal.Reason) != w.Kind {
			t.Errorf("refused as %s (%v), want %s", refusal.Reason, err, w.Kind)
		}
		return
	}
	if err != nil {
		t.Fatal(err)
	}
	got := record.Finding
	why := strings.Join(got.Reasons, "\n  ")
	if !w.AcceptsClass(string(got.Class)) {
		t.Errorf("class %s, want %s or one of %q\n  %s", got.Class, w.Class, w.Accept, why)
	}
	if w.Ambiguous() {
		if got.Confidence != crash.ConfidenceAmbiguous {
			t.Errorf("confidence %s, but the evidence does not settle it\n  %s", got.Confidence, why)
		}
		return
	}
	if !w.AcceptsKind(string(got.Kind)) {
		t.Errorf("kind %s, want %s or one of %q\n  %s", got.Kind, w.Kind, w.AcceptKinds, why)
	}
}

func TestCorpus(t *testing.T) {
	for _, dir := range corpora() {
		truth, err := ReadTruth(filepath.Join(dir, "truth.json"))
		if err != nil {
			t.Fatal(err)
		}
		found, err := filepath.Glob(filepath.Join(dir, "*.core.zst"))
		if err != nil {
			t.Fatal(err)
		}
		for _, path := range found {
			if _, ok := truth[strings.TrimSuffix(filepath.Base(path), ".core.zst")]; !ok {
				t.Errorf("%s has no entry in truth.json", path)
			}
		}
		for name, w := range truth {
			t.Run(filepath.Base(dir)+"/"+name, func(t *testing.T) {
				t.Parallel()
				check(t, filepath.Join(dir, name+".core.zst"), w)
			})
		}
	}
}

// TestModes checks what the tables must have in common.
func TestModes(t *testing.T) {
	seen := make(map[string]bool)
	valid := regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
	for _, m := range Modes() {
		if seen[m.Name] || !valid.MatchString(m.Name) {
			t.Errorf("mode %q: the name is taken or not made of a-z, 0-9 and _", m.Name)
		}
		seen[m.Name] = true
		if _, err := fs.Stat(programs, "programs/"+m.Program); err != nil {
			t.Errorf("mode %s: %v", m.Name, err)
		}
		kind := crash.Kind(m.Want.Kind)
		if m.Want.Class != Unreadable && (!kind.Valid() || string(kind.Class()) != m.Want.Class) {
			t.Errorf("mode %s: %s is no kind of class %s", m.Name, kind, m.Want.Class)
		}
		if m.Summary == "" {
			t.Errorf("mode %s has no summary", m.Name)
		}
		got, err := ModeByName(m.Name)
		if err != nil || got.Program != m.Program {
			t.Errorf("ModeByName(%q) = %q, %v", m.Name, got.Program, err)
		}
	}
	if _, err := ModeByName("no such"); err == nil {
		t.Error("ModeByName finds a mode that is none")
	}
}

// TestTruthOfModes holds truth.json to the modes: a label must not be changed
// in one of the two only.
func TestTruthOfModes(t *testing.T) {
	truth, err := ReadTruth("../../testdata/cores/truth.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, m := range Zoo() {
		if w, ok := truth[m.Name]; ok {
			if diff := cmp.Diff(m.Want, w); diff != "" {
				t.Errorf("truth.json differs from mode %s (-mode +truth):\n%s", m.Name, diff)
			}
		}
	}
}
