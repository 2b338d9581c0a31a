package watch

import (
	"context"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/fsnotify/fsnotify"
	"go.uber.org/goleak"
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
