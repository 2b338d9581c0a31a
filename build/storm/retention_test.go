package storm

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/epicurve/epicurve/build/process"
)

// Retention runs as root in a directory in which a real user without rights has
// planted everything that can be planted. It deletes that user's forged cores
// down to the bound; the true core of root, the junk, and whatever is outside
// stay, and nothing is counted again.
func TestHostileRetention(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("needs root, to become another user")
	}
	root, err := os.MkdirTemp("", "retention") // t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(root)
	dir, forged, config := filepath.Join(root, "cores"), filepath.Join(root, "forged"), filepath.Join(root, "exporter.yml")
	if err := errors.Join(os.Chmod(root, 0o755), os.Mkdir(dir, 0o777), os.Chmod(dir, 0o777|os.ModeSticky), os.Mkdir(forged, 0o755), //nolint:gosec // a hostile user works here
		os.WriteFile(config, []byte("core:\n  dirs: ["+dir+"]\n  retention: {max_bytes: 1MiB, min_age: 1s}\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	for i := range 300 {
		if err := os.WriteFile(filepath.Join(forged, "core."+strconv.Itoa(i)), core(i+1, 20<<10), 0o644); err != nil { //nolint:gosec // the attacker reads it
			t.Fatal(err)
		}
	}
	if err := drop(dir, 100000, core(100000, 20<<10)); err != nil { // the oldest of all, of root
		t.Fatal(err)
	}
	shadow, err := os.Stat("/etc/shadow")
	if err != nil {
		t.Skip("no /etc/shadow to be linked to")
	}
	ctx := t.Context()
	plantAs(ctx, t, dir, forged)
	p, err := process.New(exporter(t), filepath.Join(root, "exporter.log"), "watch", "--config.file", config, "--state.dir", filepath.Join(root, "state"))
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() {
		if err := p.Stop(os.Interrupt); err != nil {
			t.Error(err)
		}
	}()
	read := func(name string) int { v, _ := process.Metric(p.Page(ctx, "/metrics"), name); return int(v) }
	if err := process.Until(ctx, 2*time.Minute, "the cores counted and the fakes looked at", func() bool {
		return read("coredump_crashes_total") >= 301 && read("epicurve_exporter_cores_found_total") >= 10000 && read("epicurve_exporter_pending_files") == 0
	}); err != nil {
		t.Fatal(err)
	}
	counted := read("coredump_crashes_total")
	before := names(t, dir, "")
	if err := p.Signal(syscall.SIGHUP); err != nil { // a sweep follows the first scan of the new configuration
		t.Fatal(err)
	}
	if err := process.Until(ctx, 2*time.Minute, "cores deleted", func() bool { return read("epicurve_exporter_cores_deleted_total") >= 200 }); err != nil {
		t.Fatal(err)
	}
	if err := process.Until(ctx, time.Minute, "the sweep done", func() bool { return read("epicurve_exporter_cores_kept") >= 10000 }); err != nil {
		t.Fatal(err)
	}
	deleted, after := read("epicurve_exporter_cores_deleted_total"), names(t, dir, "")
	if len(before)-len(after) != deleted {
		t.Errorf("%d files went, %d deletions are counted", len(before)-len(after), deleted)
	}
	for _, stays := range []string{"core.100000", "core.symlink", "core.zero", "core.fifo", "core.monster", "core.elf", "core.random", "core.directory"} {
		if _, err := os.Lstat(filepath.Join(dir, stays)); err != nil {
			t.Errorf("%s: %v", stays, err)
		}
	}
	if n := len(names(t, dir, "core.fake.")); n != 10000 {
		t.Errorf("%d empty files are left, want 10000", n)
	}
	if now, err := os.Stat("/etc/shadow"); err != nil || !os.SameFile(shadow, now) {
		t.Errorf("/etc/shadow: %v", err)
	}
	if n := read("coredump_crashes_total"); n != counted {
		t.Errorf("%d crashes are counted, %d before", n, counted)
	}
	if _, peak, err := p.Memory(); err != nil || peak > 64<<20 {
		t.Errorf("peak RSS %.1f MiB (%v), want less than 64", mib(peak), err)
	}
}

// names lists the names in a directory that begin with a prefix.
func names(t *testing.T, dir, prefix string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			all = append(all, e.Name())
		}
	}
	return all
}
