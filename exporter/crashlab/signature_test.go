package crashlab

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/klauspost/compress/zstd"

	"github.com/epicurve/epicurve/pkg/crash"
)

// crashed makes a crash and classifies its core.
func crashed(t *testing.T, l *Lab, m Mode) (string, crash.Record) {
	t.Helper()
	path, err := l.Crash(t.Context(), m, t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	r, err := read(t, path)
	if err != nil {
		t.Fatal(err)
	}
	return path, r
}

// TestSignatureIsStable crashes each of the demo's programs twice: other
// addresses and another pid, so another crash, but the same signature.
func TestSignatureIsStable(t *testing.T) {
	l := lab(t)
	for _, m := range Demo() {
		t.Run(m.Name, func(t *testing.T) {
			_, one := crashed(t, l, m)
			_, two := crashed(t, l, m)
			if one.Finding.Signature != two.Finding.Signature || one.Finding.Signature == "" {
				t.Errorf("signatures %q and %q of two crashes of one program, want the same", one.Finding.Signature, two.Finding.Signature)
			}
			if one.ID == two.ID {
				t.Errorf("two crashes have the same id %s", one.ID)
			}
		})
	}
}

// TestIdentityOfCopies: the id comes from the content, so a copy under another
// name, compressed or not, is the same crash.
func TestIdentityOfCopies(t *testing.T) {
	l := lab(t)
	path, original := crashed(t, l, Demo()[0])
	content, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	enc, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	for name, b := range map[string][]byte{"copy": content, "packed": enc.EncodeAll(content, nil)} {
		other := filepath.Join(t.TempDir(), name)
		if err := os.WriteFile(other, b, 0o600); err != nil {
			t.Fatal(err)
		}
		got, err := read(t, other)
		if err != nil {
			t.Fatal(err)
		}
		if got.ID != original.ID || got.Finding.Signature != original.Finding.Signature {
			t.Errorf("%s: id %s, signature %q; the original has %s, %q", name, got.ID, got.Finding.Signature, original.ID, original.Finding.Signature)
		}
	}
}

// TestRaceIsOneCluster: wherever the libunwind race lands, the crashes of one
// program have one signature.
func TestRaceIsOneCluster(t *testing.T) {
	found, err := filepath.Glob("../../testdata/cores/unwind_*.core.zst")
	if err != nil {
		t.Fatal(err)
	}
	signatures := make(map[string]map[string]bool) // by executable
	for _, path := range found {
		if strings.Contains(path, "_near_") {
			continue // these returned to something else than 0
		}
		r, err := read(t, path)
		if err != nil {
			t.Fatal(err)
		}
		if signatures[r.Process.Executable] == nil {
			signatures[r.Process.Executable] = make(map[string]bool)
		}
		signatures[r.Process.Executable][r.Finding.Signature] = true
	}
	if len(signatures) == 0 {
		t.Fatal("no cores of the race in testdata/cores")
	}
	for executable, s := range signatures {
		if len(s) != 1 {
			t.Errorf("%s has %d signatures, want one: %v", executable, len(s), s)
		}
	}
}
