package storm

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/build/process"
)

// As the systemd unit runs it: an ordinary user with CAP_DAC_READ_SEARCH and
// nothing else. Cores of root, in a directory that only root may enter, are
// counted: plain ones as soon as they are complete, compressed ones, of which
// nobody tells that, after they were quiet. A core that is still being written
// is not.
func TestUnprivileged(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	root, err := os.MkdirTemp("", "unprivileged") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	cores, state := filepath.Join(root, "cores"), filepath.Join(root, "state")
	binary := filepath.Join(root, "epicurve-exporter")
	program, err := os.ReadFile(exporter(t))
	if err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(os.Chmod(root, 0o755), os.Mkdir(cores, 0o700), os.Mkdir(state, 0o700), os.Chown(state, attacker, attacker), //nolint:gosec // the user must reach its state
		os.WriteFile(binary, program, 0o755)); err != nil { //nolint:gosec // another user runs it
		t.Fatal(err)
	}
	p, err := process.New(binary, filepath.Join(root, "exporter.log"), "watch", "--core.dir", cores, "--state.dir", state)
	if err != nil {
		t.Fatal(err)
	}
	p.RunAs(attacker, unix.CAP_DAC_READ_SEARCH)
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Stop(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
	}()
	ctx := t.Context()
	if err := process.Until(ctx, time.Minute, "exporter ready", func() bool { return p.Page(ctx, "/-/ready") != "" }); err != nil {
		t.Fatal(err)
	}
	read := func(name string) int { v, _ := process.Metric(p.Page(ctx, "/metrics"), name); return int(v) }
	counted := func(want int) {
		t.Helper()
		if err := process.Until(ctx, time.Minute, "crashes counted", func() bool { return read("coredump_crashes_total") >= want }); err != nil {
			text, _ := os.ReadFile(p.Log())
			t.Fatalf("%v: %d of %d\n%s", err, read("coredump_crashes_total"), want, text)
		}
	}

	whole := core(3, 500<<10)
	growing, err := os.OpenFile(filepath.Join(cores, "core.growing"), os.O_WRONLY|os.O_CREATE, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer growing.Close()
	if _, err := growing.Write(whole[:128<<10]); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := drop(cores, 0, core(1, 500<<10)); err != nil {
		t.Fatal(err)
	}
	counted(1)
	t.Logf("a plain core was counted after %s", time.Since(began).Round(time.Millisecond))

	zw, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := drop(cores, 2, zw.EncodeAll(core(2, 500<<10), nil)); err != nil {
		t.Fatal(err)
	}
	counted(2)
	if n := read("epicurve_exporter_growing_cores"); n != 1 {
		t.Errorf("%d cores grow, want 1", n)
	}
	if _, err := growing.Write(whole[128<<10:]); err != nil {
		t.Fatal(err)
	}
	counted(3)
	if n := read("coredump_crashes_total"); n != 3 {
		t.Errorf("counted %d, want 3", n)
	}
	status, err := os.ReadFile(p.Log())
	if err != nil || strings.Contains(string(status), "level=ERROR") {
		t.Errorf("%v\n%s", err, status)
	}
}
