package watch

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// mount mounts a filesystem for a test, in the mount namespace of the test: it
// is taken down at its end.
func mount(t *testing.T, source, target, fstype string, flags uintptr, data string) {
	t.Helper()
	if os.Getuid() != 0 {
		t.Skip("needs root, to mount filesystems")
	}
	if err := unix.Mount(source, target, fstype, flags, data); err != nil {
		t.Skipf("cannot mount %s here: %v", fstype, err)
	}
	t.Cleanup(func() { _ = unix.Unmount(target, unix.MNT_DETACH) }) //nolint:errcheck // a test may have done it
}

func mkdir(t *testing.T, path ...string) string {
	t.Helper()
	dir := filepath.Join(path...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	return dir
}

// watched runs a watcher whose timers never come: what is found is found by
// hints, and by the rescans that a test asks for.
func watched(t *testing.T, cfg Config) (*Watcher, *log, func()) {
	t.Helper()
	l := &log{start: time.Now(), done: func(File) bool { return true }}
	if cfg.Rescan == 0 {
		cfg.Rescan = time.Hour
	}
	if cfg.Poll == 0 {
		cfg.Poll = time.Hour
	}
	first := &scans{}
	if cfg.Observer == nil {
		cfg.Observer = first
	}
	w := New(cfg, nil, l.handle)
	stop := run(t, w)
	if cfg.Observer == Observer(first) {
		eventually(t, "the first scan", func() bool { return first.n() > 0 })
	}
	return w, l, stop
}

type scans struct {
	nobody
	mu        sync.Mutex
	count     int
	overflows int
	polled    int
}

func (s *scans) Rescanned(_ time.Duration, _, polled, _ int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.count++
	s.polled = polled
}

func (s *scans) Overflowed() { s.mu.Lock(); defer s.mu.Unlock(); s.overflows++ }
func (s *scans) n() int      { s.mu.Lock(); defer s.mu.Unlock(); return s.count }

// A filesystem is mounted over the watched directory, another over that, and
// both are taken away: after each, what is in the directory then is found, and
// what comes later is seen at once.
func TestRemountedFilesystem(t *testing.T) {
	dir := mkdir(t, t.TempDir(), "cores")
	w, l, stop := watched(t, Config{Dirs: []string{dir}})
	defer stop()
	step := func(name string) {
		t.Helper()
		write(t, filepath.Join(dir, "core.before."+name), "x")
		w.Rescan()
		eventually(t, "what was there: "+name, l.has("core.before."+name))
		write(t, filepath.Join(dir, "core.after."+name), "x")
		eventually(t, "what came: "+name, l.has("core.after."+name))
	}
	step("plain")
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=1m")
	step("mounted")
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=1m")
	step("mounted twice")
	for _, name := range []string{"unmounted", "unmounted twice"} {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Fatal(err)
		}
		step(name)
	}
	if err := unix.Mount("", dir, "", unix.MS_BIND, ""); err == nil {
		t.Error("a bind mount of nothing was made")
	}
	other := mkdir(t, filepath.Dir(dir), "other")
	mount(t, other, dir, "", unix.MS_BIND, "")
	step("bind mount")
	// Written through the other name of the same directory.
	write(t, filepath.Join(other, "core.other.name"), "x")
	eventually(t, "a file written through the other name", l.has("core.other.name"))
}

// The kernel takes the watch away with the filesystem; the watcher notices by
// itself, when it polls, long before the next rescan.
func TestUnmountIsNoticed(t *testing.T) {
	dir := mkdir(t, t.TempDir(), "cores")
	write(t, filepath.Join(dir, "core.beneath"), "x")
	mount(t, "tmpfs", dir, "tmpfs", 0, "size=1m")
	_, l, stop := watched(t, Config{Dirs: []string{dir}, Poll: 100 * time.Millisecond})
	defer stop()
	if err := unix.Unmount(dir, 0); err != nil {
		t.Skipf("cannot unmount: %v", err)
	}
	eventually(t, "what the unmounted filesystem hid", l.has("core.beneath"))
	if err := unix.Mount("tmpfs", dir, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "core.above"), "x")
	eventually(t, "what the mounted filesystem brought", l.has("core.above"))
}

// inotify sees what is written through an overlay; what is written into its
// layer from outside is found by polling.
func TestOverlay(t *testing.T) {
	base := t.TempDir()
	mount(t, "tmpfs", base, "tmpfs", 0, "size=4m")
	lower, upper, work, merged := mkdir(t, base, "lower"), mkdir(t, base, "upper"), mkdir(t, base, "work"), mkdir(t, base, "merged")
	mkdir(t, upper, "cores")
	mount(t, "overlay", merged, "overlay", 0, fmt.Sprintf("lowerdir=%s,upperdir=%s,workdir=%s", lower, upper, work))
	dir := filepath.Join(merged, "cores")
	seen := &scans{}
	_, l, stop := watched(t, Config{Dirs: []string{dir}, Observer: seen, Poll: 5 * time.Second})
	defer stop()
	eventually(t, "the first scan", func() bool { return seen.n() > 0 })
	if seen.polled != 1 {
		t.Errorf("%d directories are polled, want the overlay", seen.polled)
	}
	began := time.Now()
	write(t, filepath.Join(dir, "core.through"), "x")
	eventually(t, "a file written through the overlay", l.has("core.through"))
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("it took %s: inotify does not work on overlays", took)
	}
	write(t, filepath.Join(upper, "cores", "core.beneath"), "x")
	eventually(t, "a file written into the layer", l.has("core.beneath"))
}

// A FUSE filesystem stands in for NFS: both can be changed without the kernel
// here knowing. It is polled.
func TestPolledFilesystem(t *testing.T) {
	if _, err := exec.LookPath("bindfs"); err != nil || os.Getuid() != 0 {
		t.Skip("needs root and bindfs, a FUSE filesystem")
	}
	server, dir := mkdir(t, t.TempDir(), "server"), mkdir(t, t.TempDir(), "mounted")
	if out, err := exec.CommandContext(t.Context(), "bindfs", server, dir).CombinedOutput(); err != nil {
		t.Skipf("cannot mount: %v %s", err, out)
	}
	t.Cleanup(func() { _ = unix.Unmount(dir, unix.MNT_DETACH) }) //nolint:errcheck // the end of a test
	seen := &scans{}
	_, l, stop := watched(t, Config{Dirs: []string{dir}, Observer: seen, Poll: 100 * time.Millisecond})
	defer stop()
	eventually(t, "the first scan", func() bool { return seen.n() > 0 })
	if seen.polled != 1 {
		t.Errorf("%d directories are polled, want the FUSE filesystem", seen.polled)
	}
	write(t, filepath.Join(server, "core.far"), "x")
	eventually(t, "a file written on the server", l.has("core.far"))
}

// The real queue overflows under a burst: every file is found all the same,
// although no timer comes.
func TestRealOverflow(t *testing.T) {
	const limit = "/proc/sys/fs/inotify/max_queued_events"
	before, err := os.ReadFile(limit)
	if err != nil {
		t.Skip(err)
	}
	dir := t.TempDir()
	seen := &scans{}
	// A queue has the length that was the limit when it was made.
	if err := os.WriteFile(limit, []byte("8"), 0); err != nil {
		t.Skipf("needs root, to shorten the queue: %v", err)
	}
	defer func() { _ = os.WriteFile(limit, before, 0) }() //nolint:errcheck // again, should the test fail
	_, l, stop := watched(t, Config{Dirs: []string{dir}, Observer: seen, open: func() (source, error) {
		defer func() { _ = os.WriteFile(limit, before, 0) }() //nolint:errcheck // checked below
		return openNotify()
	}})
	defer stop()
	eventually(t, "the first scan", func() bool { return seen.n() > 0 })
	if now, err := os.ReadFile(limit); err != nil || !slices.Equal(now, before) {
		t.Fatalf("the limit is %q, was %q", now, before)
	}
	const n = 3000
	for i := range n {
		write(t, filepath.Join(dir, fmt.Sprint("core.", i)), "x")
	}
	names := func() int {
		all := make(map[string]bool)
		for _, look := range l.all() {
			all[look.path] = true
		}
		return len(all)
	}
	eventually(t, "all files", func() bool { return names() == n })
	seen.mu.Lock()
	defer seen.mu.Unlock()
	if seen.overflows == 0 {
		t.Error("the queue did not overflow: the test shows nothing")
	}
	t.Logf("%d overflows, %d scans, %d looks at %d files", seen.overflows, seen.count, len(l.all()), n)
}

// Without a free inotify instance everything is polled.
func TestWithoutInotify(t *testing.T) {
	dir := t.TempDir()
	_, l, stop := watched(t, Config{Dirs: []string{dir}, Poll: 50 * time.Millisecond, open: func() (source, error) {
		return nil, fmt.Errorf("inotify: %w", unix.EMFILE)
	}})
	defer stop()
	write(t, filepath.Join(dir, "core"), "x")
	eventually(t, "the file", l.has("core"))
	if strings.Contains(fmt.Sprint(l.all()), "..") {
		t.Error(l.all())
	}
}
