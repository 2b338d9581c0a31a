package storm

import (
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// exporter builds the real binary.
func exporter(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "epicurve-exporter")
	if out, err := exec.Command("go", "build", "-o", path, "../../exporter").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// writer passes a storm's report to the test's log.
type writer struct{ t *testing.T }

func (w writer) Write(b []byte) (int, error) { w.t.Logf("%s", b); return len(b), nil }

// A short storm; `mage storm` runs the long one, with the archive.
func TestKillStorm(t *testing.T) {
	k := Kill{Exporter: exporter(t), Dir: t.TempDir(), Cores: 200, ExporterKills: 25, Seed: 1, Out: writer{t}}
	if _, err := k.Run(t.Context()); err != nil {
		t.Error(err)
	}
}
