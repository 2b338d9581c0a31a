package bench

import (
	"bytes"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// TestRun runs the whole bench on a small population: that every figure is
// measured, not how large it is.
func TestRun(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the archive and takes some seconds; run without -short")
	}
	binary := filepath.Join(t.TempDir(), "epicurve-archive")
	if out, err := exec.Command("go", "build", "-o", binary, "..").CombinedOutput(); err != nil {
		t.Fatalf("build the archive: %v\n%s", err, out)
	}
	var out bytes.Buffer
	if err := Run(t.Context(), &out, Config{Archive: binary, Records: 10_000, Runs: 2}); err != nil {
		t.Fatalf("%v\n%s", err, out.String())
	}
	for _, want := range []string{"Q1 ", "Q6 ", "coming in", "HTTP ingest", "bytes on disk", "largest memory"} {
		if !strings.Contains(out.String(), want) {
			t.Errorf("no figure %q in\n%s", want, out.String())
		}
	}
}
