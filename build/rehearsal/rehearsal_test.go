package rehearsal

import (
	"bytes"
	"errors"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/pkg/corefile"
)

const cores = "../../testdata/cores"

// One whole story, as "go tool mage rehearsal" plays it.
func TestRehearsal(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the stored cores are renumbered on amd64 only")
	}
	if testing.Short() {
		t.Skip("a story takes half a minute")
	}
	c := Config{
		Exporter: built(t, "./exporter"), Archive: built(t, "./archive"), Plugin: built(t, "./pkg"),
		Cores: cores, Dir: t.TempDir(), Seed: 1, Hosts: 40, Out: t.Output(),
	}
	if err := c.Run(t.Context()); err != nil {
		t.Error(err)
	}
}

// built builds a program of the checkout without the race detector.
func built(t *testing.T, name string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), filepath.Base(name))
	cmd := exec.Command("go", "build", "-o", path, name)
	cmd.Dir = "../.."
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("go build %s: %v\n%s", name, err, out)
	}
	return path
}

// The same seed tells the same story, another one another, and each is one that
// the checks can be held against.
func TestStory(t *testing.T) {
	for seed := range uint64(200) {
		s := newStory(seed, 40)
		if d := cmp.Diff(s, newStory(seed, 40), cmp.AllowUnexported(story{}, vm{}, chapter{}, event{})); d != "" {
			t.Fatalf("seed %d tells two stories:\n%s", seed, d)
		}
		if len(s.chapters) != 5 || s.chapters[4].to != s.days {
			t.Fatalf("seed %d: %d chapters", seed, len(s.chapters))
		}
		events, on := 0, map[string]bool{}
		for n, c := range s.chapters {
			if n > 0 && c.from != s.chapters[n-1].to || c.from >= c.to {
				t.Errorf("seed %d: chapter %d lasts from day %d to %d", seed, n, c.from, c.to)
			}
			for _, e := range c.events {
				if e.at.Before(s.day(c.from)) || !e.at.Before(s.day(c.to)) {
					t.Errorf("seed %d: a crash at %s in a chapter of days %d to %d", seed, e.at, c.from, c.to)
				}
				if strings.HasPrefix(e.core, "misaligned_") {
					on[c.machine[e.vm]] = true
				}
			}
			events += len(c.events)
		}
		if events != s.crashes() || s.shifted < 30 || s.race < 100 {
			t.Errorf("seed %d: %d events, %d counted: %d shifted, %d race", seed, events, s.crashes(), s.shifted, s.race)
		}
		if len(on) != 1 || !on[s.bad] {
			t.Errorf("seed %d: misaligned crashes on %v, want only on %s", seed, on, s.bad)
		}
	}
}

// A renumbered core differs in its process id and nothing that matters else.
func TestRenumber(t *testing.T) {
	shelf, err := openShelf(cores)
	if err != nil {
		t.Fatal(err)
	}
	for name, core := range shelf {
		before, err := corefile.Read(bytes.NewReader(core), int64(len(core)), corefile.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		other, err := renumber(core, 4711)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		after, err := corefile.Read(bytes.NewReader(other), int64(len(other)), corefile.Options{})
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if after.Process.PID != 4711 || before.Process.PID == 4711 {
			t.Errorf("%s: pid %d became %d", name, before.Process.PID, after.Process.PID)
		}
		if d := cmp.Diff(before.Thread.Registers, after.Thread.Registers); d != "" {
			t.Errorf("%s: registers changed:\n%s", name, d)
		}
	}
	if _, err := renumber([]byte("no core"), 1); err == nil {
		t.Error("something that is no core was renumbered")
	}
	headerOnly := bytes.Clone(shelf["abort"][:64])
	headerOnly[56], headerOnly[57] = 0, 0 // e_phnum
	if _, err := renumber(headerOnly, 1); !errors.Is(err, errNoProcess) {
		t.Errorf("error %v, want %v", err, errNoProcess)
	}
}

func TestCount(t *testing.T) {
	for text, want := range map[string]uint64{"": 1, "20": 20, "1": 1} {
		if got, err := count("SEEDS", text); err != nil || got != want {
			t.Errorf("count %q is %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"0", "-1", "many"} {
		if _, err := count("SEEDS", text); err == nil || !strings.Contains(err.Error(), "SEEDS") {
			t.Errorf("count %q: error %v, want one on SEEDS", text, err)
		}
	}
}
