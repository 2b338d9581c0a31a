package storm

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/epicurve/epicurve/build/process"
)

// A real filesystem fills up under the state directory: every crash is counted
// all the same, and once there is room again all are in the spool, once, even
// when the exporter is killed in between.
func TestFullDisk(t *testing.T) {
	root := t.TempDir()
	state, cores := filepath.Join(root, "state"), filepath.Join(root, "cores")
	if err := errors.Join(os.Mkdir(state, 0o700), os.Mkdir(cores, 0o700)); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("tmpfs", state, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	defer func() {
		if err := unix.Unmount(state, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	p, err := process.New(exporter(t), filepath.Join(root, "exporter.log"), "watch", "--core.dir", cores, "--state.dir", state)
	if err != nil {
		t.Fatal(err)
	}
	ctx := t.Context()
	read := func(name string) int { v, _ := process.Metric(p.Page(ctx, "/metrics"), name); return int(v) }
	start := func() {
		t.Helper()
		if err := p.Start(); err != nil {
			t.Fatal(err)
		}
	}
	counted := func(want int) {
		t.Helper()
		if err := process.Until(ctx, time.Minute, "crashes counted", func() bool { return read("coredump_crashes_total") >= want }); err != nil {
			t.Fatalf("%v: %d of %d", err, read("coredump_crashes_total"), want)
		}
	}
	start()
	defer func() {
		if err := p.Stop(os.Interrupt); err != nil {
			t.Error(err)
		}
	}()
	for i := range 10 {
		if err := drop(cores, i, core(i+1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	counted(10)

	ballast := filepath.Join(state, "ballast")
	fill(t, ballast)
	for i := 10; i < 30; i++ {
		if err := drop(cores, i, core(i+1, 0)); err != nil {
			t.Fatal(err)
		}
	}
	counted(30)
	if read("epicurve_exporter_spool_write_errors_total") == 0 || read("epicurve_exporter_spool_waiting_records") != 20 {
		t.Errorf("%d write errors, %d records wait: want some, and 20",
			read("epicurve_exporter_spool_write_errors_total"), read("epicurve_exporter_spool_waiting_records"))
	}

	if err := p.Stop(syscall.SIGKILL); err != nil { // what waits in memory is lost; its cores are not
		t.Fatal(err)
	}
	start()
	counted(30)
	if err := os.Remove(ballast); err != nil {
		t.Fatal(err)
	}
	if err := process.Until(ctx, time.Minute, "the spool written", func() bool { return read("epicurve_exporter_spool_waiting_records") == 0 }); err != nil {
		t.Fatal(err)
	}
	if err := drop(cores, 30, core(31, 0)); err != nil {
		t.Fatal(err)
	}
	counted(31)
	if n := read("coredump_crashes_total"); n != 31 {
		t.Errorf("counted %d, want 31", n)
	}
	if err := p.Stop(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	k := kill{Kill: Kill{Dir: root}}
	if once, twice, err := k.spooled(); err != nil || once != 31 || twice != 0 {
		t.Errorf("the spool holds %d crashes, %d of them twice (%v), want 31", once, twice, err)
	}
}

// fill writes until there is no space left.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for size := 64 << 10; size > 0; {
		if _, err := f.Write(bytes.Repeat([]byte{1}, size)); err != nil {
			if !errors.Is(err, unix.ENOSPC) {
				t.Fatal(err)
			}
			size /= 2
		}
	}
}
