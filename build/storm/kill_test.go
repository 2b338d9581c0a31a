package storm

import (
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"go.uber.org/goleak"
)

// built is the path of the exporter, built once for all tests.
var built string

func TestMain(m *testing.M) {
	dir, err := os.MkdirTemp("", "epicurve-storm-test-")
	if err != nil {
		panic(err)
	}
	built = filepath.Join(dir, "epicurve-exporter")
	goleak.VerifyTestMain(m, goleak.Cleanup(func(code int) {
		_ = os.RemoveAll(dir)
		os.Exit(code)
	}))
}

// exporter builds the real binary.
func exporter(t *testing.T) string {
	t.Helper()
	if _, err := os.Stat(built); err == nil {
		return built
	}
	if out, err := exec.Command("go", "build", "-o", built, "../../exporter").CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return built
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
