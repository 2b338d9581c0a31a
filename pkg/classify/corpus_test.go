package classify

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// truth is what a corpus says about one core.
type truth struct {
	Class, Kind string
	Accept      []string // further classes that are right to give
	AcceptKinds []string `json:"accept_kinds"`
}

// own is the repository's corpus.
const own = "../../testdata/cores"

// corpora are the folders of labelled real cores that may be at hand: the
// repository's own, and others named by EPICURVE_CORPUS (a path list).
func corpora() []string {
	dirs := []string{own}
	return append(dirs, filepath.SplitList(os.Getenv("EPICURVE_CORPUS"))...)
}

// TestCorpus classifies every labelled real core.
func TestCorpus(t *testing.T) {
	seen, ours := 0, truths(t, own)
	for _, dir := range corpora() {
		for name, want := range truths(t, dir) {
			// The corpus that ours grew from does not list further kinds.
			if known := ours[name]; want.AcceptKinds == nil && known.Class == want.Class && known.Kind == want.Kind {
				want.AcceptKinds = known.AcceptKinds
			}
			t.Run(filepath.Base(dir)+"/"+name, func(t *testing.T) {
				f := readCore(t, dir, name)
				if f == nil {
					if want.Class != "unreadable" {
						t.Errorf("can't be read, want %s", want.Class)
					}
					return
				}
				got := Classify(f, Options{})
				checkTruth(t, got, want)
			})
			seen++
		}
	}
	if seen == 0 {
		t.Skip("no corpus of real cores at hand")
	}
}

// truths reads a folder's truth.json; a folder without one has none.
func truths(t *testing.T, dir string) map[string]truth {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "truth.json"))
	if os.IsNotExist(err) {
		return nil
	} else if err != nil {
		t.Fatal(err)
	}
	var all map[string]truth
	if err := json.Unmarshal(b, &all); err != nil {
		t.Fatalf("%s/truth.json: %v", dir, err)
	}
	return all
}

// facts remembers what was read, because some cores take long to decompress.
var facts sync.Map

// readCore reads a core of a corpus; nil when the reader refuses it.
func readCore(t testing.TB, dir, name string) *corefile.Facts {
	t.Helper()
	if f, ok := facts.Load(dir + "/" + name); ok {
		return f.(*corefile.Facts)
	}
	f := openCore(t, dir, name)
	facts.Store(dir+"/"+name, f)
	return f
}

func openCore(t testing.TB, dir, name string) *corefile.Facts {
	t.Helper()
	matches, _ := filepath.Glob(filepath.Join(dir, name+".core*"))
	if len(matches) == 0 {
		t.Skipf("no file %s.core* in %s", name, dir)
	}
	file, err := os.Open(matches[0])
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = file.Close() }()
	st, err := file.Stat()
	if err != nil {
		t.Fatal(err)
	}
	f, err := corefile.Read(file, st.Size(), corefile.Options{})
	if err != nil {
		t.Logf("%s: %v", matches[0], err)
		return nil
	}
	return f
}

func checkTruth(t *testing.T, got crash.Finding, want truth) {
	t.Helper()
	classes := append([]string{want.Class}, want.Accept...)
	// Another class than the true one may only be given as ambiguous.
	ambiguous := strings.HasPrefix(want.Kind, "ambiguous") || string(got.Class) != want.Class
	if !slices.Contains(classes, string(got.Class)) {
		t.Errorf("class %s, want %v", got.Class, classes)
	}
	kinds := append([]string{want.Kind}, want.AcceptKinds...)
	if !ambiguous && !slices.Contains(kinds, string(got.Kind)) {
		t.Errorf("kind %s, want one of %v", got.Kind, kinds)
	}
	if ambiguous && got.Confidence != crash.ConfidenceAmbiguous {
		t.Errorf("confidence %s, want ambiguous", got.Confidence)
	}
	t.Logf("%s (%s) %q caller %q\n  %s\n  hardware: %q", got.Kind, got.Confidence, got.Signature, got.Caller, strings.Join(got.Reasons, "\n  "), got.HardwareReasons)
}
