package watch

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// fake is a source that a test feeds, so that timers can run on a fake clock.
type fake struct {
	hints chan fsnotify.Event
	errs  chan error
}

func newFake() *fake                         { return &fake{make(chan fsnotify.Event), make(chan error)} }
func (f *fake) Add(string) error             { return nil }
func (f *fake) Remove(string) error          { return nil }
func (f *fake) Hints() <-chan fsnotify.Event { return f.hints }
func (f *fake) Errors() <-chan error         { return f.errs }
func (f *fake) Close() error                 { return nil }
func (f *fake) open() (source, error)        { return f, nil }
func (f *fake) touch(path string)            { f.hints <- fsnotify.Event{Name: path, Op: fsnotify.Write} }

// look is one call of the handler.
type look struct {
	path  string
	at    time.Duration // since the start
	size  int64
	quiet bool
}

// log collects looks; its handler is satisfied when done says so.
type log struct {
	mu    sync.Mutex
	start time.Time
	looks []look
	done  func(File) bool
}

func (l *log) handle(_ context.Context, f File) (Verdict, Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.looks = append(l.looks, look{filepath.Base(f.Path), time.Since(l.start), f.Key.Size, f.Quiet})
	if l.done(f) {
		return Done, f.Key
	}
	return Again, f.Key
}

func (l *log) all() []look {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]look(nil), l.looks...)
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}

func run(t *testing.T, w *Watcher) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); w.Run(ctx) }()
	return func() { cancel(); <-ended }
}

// A file that nothing tells to be complete is called quiet exactly one settle
// time after its last change, and not looked at again after that.
func TestSettle(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		src := newFake()
		l := &log{start: time.Now(), done: func(f File) bool { return f.Quiet }}
		stop := run(t, New(Config{Dirs: []string{dir}, Settle: 2 * time.Second, open: src.open}, nil, l.handle))
		defer stop()
		synctest.Wait()

		path := filepath.Join(dir, "core")
		for i := range 4 { // grows for three seconds
			write(t, path, "0123456789"[:2+i])
			src.touch(path)
			time.Sleep(time.Second)
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		looks := l.all()
		last := looks[len(looks)-1]
		if !last.quiet || last.size != 5 {
			t.Fatalf("last look %+v, want a quiet one of 5 bytes", last)
		}
		// The last write was at 3s and may be noticed up to maxGap later.
		if last.at < 5*time.Second || last.at > 5*time.Second+maxGap {
			t.Errorf("called quiet at %s, want 5s (+%s at most)", last.at, maxGap)
		}
		for _, look := range looks[:len(looks)-1] {
			if look.quiet {
				t.Errorf("called quiet while it grew: %+v", look)
			}
		}
		if looks[0].at != debounce {
			t.Errorf("first look after %s, want %s", looks[0].at, debounce)
		}
		if len(looks) > 16 {
			t.Errorf("%d looks at a file that grew for 3s", len(looks))
		}
	})
}

// A file that is written without pause is looked at all the same, so that a
// large core can be labelled while it grows.
func TestLooksWhileGrowing(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		src := newFake()
		l := &log{start: time.Now(), done: func(f File) bool { return f.Key.Size >= 64 }}
		stop := run(t, New(Config{Dirs: []string{dir}, open: src.open}, nil, l.handle))
		defer stop()
		synctest.Wait()
		path := filepath.Join(dir, "core")
		f, err := os.Create(path)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		for range 200 {
			if _, err := f.WriteString("x"); err != nil {
				t.Fatal(err)
			}
			src.touch(path)
			time.Sleep(10 * time.Millisecond)
		}
		synctest.Wait()
		looks := l.all()
		for _, look := range looks {
			if look.size >= 64 {
				if look.at > 640*time.Millisecond+maxGap {
					t.Errorf("64 bytes were there at 640ms, looked at %s", look.at)
				}
				return
			}
		}
		t.Errorf("never looked at 64 bytes: %+v", looks)
	})
}

// After an overflow nothing may be missed although no hint ever comes.
func TestOverflowRescans(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		src := newFake()
		l := &log{start: time.Now(), done: func(File) bool { return true }}
		stop := run(t, New(Config{Dirs: []string{dir}, Rescan: time.Hour, Poll: time.Hour, open: src.open}, nil, l.handle))
		defer stop()
		synctest.Wait()
		write(t, filepath.Join(dir, "core.1"), "a")
		write(t, filepath.Join(dir, "core.2"), "b")
		src.errs <- fsnotify.ErrEventOverflow
		time.Sleep(time.Second)
		synctest.Wait()
		if looks := l.all(); len(looks) != 2 {
			t.Errorf("looks %+v, want both files", looks)
		}
	})
}

func TestRescanTimer(t *testing.T) {
	dir := t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		src := newFake()
		l := &log{start: time.Now(), done: func(File) bool { return true }}
		stop := run(t, New(Config{Dirs: []string{dir}, Rescan: time.Minute, Poll: time.Hour, open: src.open}, nil, l.handle))
		defer stop()
		synctest.Wait()
		write(t, filepath.Join(dir, "core"), "a")
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if looks := l.all(); len(looks) != 1 || looks[0].at != time.Minute+debounce {
			t.Errorf("looks %+v, want one, at the rescan", looks)
		}
	})
}

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
	w := New(Config{Dirs: []string{dir, filepath.Join(root, "lat*")}, Rescan: time.Hour, Poll: time.Hour, Ignore: []string{"*.tmp"}}, nil, l.handle)
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
	time.Sleep(2 * debounce) // what the rescans found would be due by now
	stop()
	if looks := l.all(); len(looks) != 1 {
		t.Errorf("looks %+v, want only the good file", looks)
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
