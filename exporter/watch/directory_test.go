package watch

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// eventually polls until ok or a deadline far beyond any real delay.
func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(20 * time.Second); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		if ok() {
			return
		}
	}
	t.Fatal("waited in vain: " + what)
}

func (l *log) has(name string) func() bool {
	return func() bool {
		for _, look := range l.all() {
			if look.path == name {
				return true
			}
		}
		return false
	}
}

func TestRealDirectories(t *testing.T) {
	root := t.TempDir()
	dir, later := filepath.Join(root, "cores"), filepath.Join(root, "later")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "before"), "x")
	l := &log{start: time.Now(), done: func(File) bool { return true }}
	var appeared appearances
	w := New(Config{
		Dirs: []string{dir, filepath.Join(root, "lat*")}, Rescan: time.Hour, Poll: time.Hour, Ignore: []string{"*.tmp"}, Appeared: appeared.add,
	}, nil, l.handle)
	stop := run(t, w)
	defer stop()
	eventually(t, "a file from before the start", l.has("before"))

	write(t, filepath.Join(dir, "core.new"), "x")
	eventually(t, "a new file", l.has("core.new"))

	write(t, filepath.Join(dir, "core.tmp"), "x")
	if err := os.Rename(filepath.Join(dir, "core.tmp"), filepath.Join(dir, "core.renamed")); err != nil {
		t.Fatal(err)
	}
	eventually(t, "a file that was renamed", l.has("core.renamed"))

	if err := os.Mkdir(later, 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(later, "core.later"), "x")
	w.Rescan()
	eventually(t, "a file in a directory that appeared", l.has("core.later"))

	// The directory is moved away and another takes its place.
	if err := os.Rename(dir, dir+".old"); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	w.Rescan()
	write(t, filepath.Join(dir, "core.replaced"), "x")
	eventually(t, "a file in a directory that was replaced", l.has("core.replaced"))
	write(t, filepath.Join(dir, "core.after"), "x")
	eventually(t, "a later file in a directory that was replaced", l.has("core.after"))

	for _, look := range l.all() {
		if look.path == "core.tmp" {
			t.Error("looked at an ignored name")
		}
	}
	if got := appeared.all(); !slices.Contains(got, "core.new") || !slices.Contains(got, "core.renamed") || slices.Contains(got, "core.tmp") {
		t.Errorf("appeared: %v, want core.new and core.renamed, not core.tmp", got)
	}
}

// appearances collects base names.
type appearances struct {
	mu    sync.Mutex
	names []string
}

func (a *appearances) add(path string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.names = append(a.names, filepath.Base(path))
}

func (a *appearances) all() []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Clone(a.names)
}

type refusals struct {
	nobody
	mu     sync.Mutex
	counts map[string]int
	scans  int
}

func (r *refusals) FileRefused(reason string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.counts[reason]++
}

func (r *refusals) Rescanned(time.Duration, int, int, int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.scans++
}

// Whatever is no regular file is refused, counted once, and never opened.
func TestRefusesPlantedFiles(t *testing.T) {
	dir, outside := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "secret"), "x")
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(dir, "core.link")); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mkfifo(filepath.Join(dir, "core.fifo"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "core.dir"), 0o700); err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(dir, "core.good"), "x")
	l := &log{start: time.Now(), done: func(File) bool { return true }}
	seen := &refusals{counts: make(map[string]int)}
	w := New(Config{Dirs: []string{dir}, Observer: seen}, nil, l.handle)
	stop := run(t, w)
	eventually(t, "the good file", l.has("core.good"))
	for range 3 {
		seen.mu.Lock()
		before := seen.scans
		seen.mu.Unlock()
		w.Rescan()
		eventually(t, "a rescan", func() bool { seen.mu.Lock(); defer seen.mu.Unlock(); return seen.scans > before })
	}
	write(t, filepath.Join(dir, "core.last"), "x")
	eventually(t, "a file that comes after what the rescans found", l.has("core.last"))
	stop()
	if looks := l.all(); len(looks) != 2 {
		t.Errorf("looks %+v, want only the good files", looks)
	}
	if seen.counts["symlink"] != 1 || seen.counts["fifo"] != 1 || len(seen.counts) != 2 {
		t.Errorf("refused %v, want one symlink and one fifo", seen.counts)
	}
}

func TestOpen(t *testing.T) {
	dir := t.TempDir()
	regular, link, fifo := filepath.Join(dir, "regular"), filepath.Join(dir, "link"), filepath.Join(dir, "fifo")
	write(t, regular, "x")
	if err := errors.Join(os.Symlink(regular, link), unix.Mkfifo(fifo, 0o600)); err != nil {
		t.Fatal(err)
	}
	f, err := Open(regular)
	if err != nil {
		t.Fatal(err)
	}
	f.Close()
	for _, path := range []string{link, fifo, dir, "/dev/null"} {
		if f, err := Open(path); !errors.Is(err, ErrNotRegular) {
			t.Errorf("Open(%s): %v %v, want ErrNotRegular", path, f, err)
		}
	}
	if _, err := Open(filepath.Join(dir, "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("missing file: %v", err)
	}
}

func TestWritersOf(t *testing.T) {
	path := filepath.Join(t.TempDir(), "core")
	writer, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	reader, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close()
	switch got := WritersOf(reader); got {
	case WritersUnknown:
		t.Skip("this filesystem has no leases")
	case WritersNone:
		t.Error("a writer was overlooked")
	}
	writer.Close()
	if got := WritersOf(reader); got != WritersNone {
		t.Errorf("WritersOf without a writer = %v", got)
	}
}

// What an earlier run was done with is not handed out again, until it changes.
func TestSeenFiles(t *testing.T) {
	dir := t.TempDir()
	write(t, filepath.Join(dir, "a"), "x")
	write(t, filepath.Join(dir, "b"), "x")
	first := &log{start: time.Now(), done: func(File) bool { return true }}
	w := New(Config{Dirs: []string{dir}}, nil, first.handle)
	stop := run(t, w)
	eventually(t, "both files", func() bool { return len(first.all()) == 2 })
	stop()
	keys := w.Done()
	if len(keys) != 2 {
		t.Fatalf("%d keys, want 2", len(keys))
	}
	write(t, filepath.Join(dir, "b"), "xy")
	second := &log{start: time.Now(), done: func(File) bool { return true }}
	stop = run(t, New(Config{Dirs: []string{dir}}, keys, second.handle))
	eventually(t, "the changed file", second.has("b"))
	stop()
	if second.has("a")() {
		t.Error("a file that did not change was handed out again")
	}
}

func TestKeysRoundTrip(t *testing.T) {
	want := []Key{{1, 2, 3, -4, 5}, {1 << 63, 7, 1 << 40, 9, 10}}
	got, err := ParseKeys(AppendKeys(nil, want))
	if err != nil || !slices.Equal(got, want) {
		t.Errorf("%v, %v", got, err)
	}
	if _, err := ParseKeys(make([]byte, 41)); err == nil {
		t.Error("41 bytes are no keys")
	}
}

// Every file of a storm is handed out once, whatever inotify drops.
func TestStorm(t *testing.T) {
	dirs := []string{t.TempDir(), t.TempDir(), t.TempDir()}
	l := &log{start: time.Now(), done: func(File) bool { return true }}
	stop := run(t, New(Config{Dirs: dirs, Rescan: time.Second}, nil, l.handle))
	const n = 3000
	for i := range n {
		write(t, filepath.Join(dirs[i%3], "core."+string(rune('a'+i%26))+time.Duration(i).String()), "x")
	}
	eventually(t, "all files", func() bool { return len(l.all()) >= n })
	stop()
	counts := make(map[string]int)
	for _, look := range l.all() {
		counts[look.path]++
	}
	if len(counts) != n {
		t.Errorf("%d different files, want %d", len(counts), n)
	}
}
