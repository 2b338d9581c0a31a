package scan

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/exporter/scan/objects"
)

func object(url string) objects.Object {
	return objects.Object{URL: url, Size: 7, Modified: time.Unix(1, 0), Tag: "t"}
}

func open(t *testing.T, path string) *State {
	t.Helper()
	s, err := OpenState(path)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestState: what was noted is known to the next run, but not another version of
// the object; a line that a kill cut off is forgotten, and written over.
func TestState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "deep", "scan.state")
	a, b, c := object("s3://b/a"), object("s3://b/b"), object("s3://b/c")
	s := open(t, path)
	if err := s.Done([]objects.Object{a, b, a}); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenState(path); err == nil || !strings.Contains(err.Error(), "another scan") {
		t.Errorf("two scans share a state: %v", err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, content[:len(content)-5], 0o600); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	if !s.Knows(&a) || s.Knows(&b) || s.Knows(&c) {
		t.Errorf("knows a %v, b %v, c %v", s.Knows(&a), s.Knows(&b), s.Knows(&c))
	}
	other := a
	if other.Tag = "u"; s.Knows(&other) {
		t.Error("knows a version that was not read")
	}
	if err := s.Done([]objects.Object{c}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, path)
	defer s.Close()
	if !s.Knows(&a) || s.Knows(&b) || !s.Knows(&c) {
		t.Error("after the cut line")
	}
}

func TestForeignState(t *testing.T) {
	path := filepath.Join(t.TempDir(), "notes.txt")
	if err := os.WriteFile(path, []byte("my notes, not to be lost\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenState(path); err == nil || !strings.Contains(err.Error(), "no state") {
		t.Error(err)
	}
	if b, _ := os.ReadFile(path); string(b) != "my notes, not to be lost\n" {
		t.Errorf("%q", b)
	}
	var none *State
	o := object("a")
	if none.Knows(&o) || none.Done([]objects.Object{o}) != nil || none.Close() != nil {
		t.Error("a nil state remembers")
	}
}
