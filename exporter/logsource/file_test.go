package logsource

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// logLab is a log file with a writer that rotates it, and a reader that can be
// stopped and started again.
type logLab struct {
	t    *testing.T
	path string
	got  *collector
	stop func() // nil while nobody reads
}

func newLogLab(t *testing.T) *logLab {
	t.Helper()
	l := &logLab{t: t, path: filepath.Join(t.TempDir(), "app.log"), got: newCollector()}
	t.Cleanup(func() {
		if l.stop != nil {
			l.stop()
		}
	})
	return l
}

// write appends to a file.
func (l *logLab) write(path, text string) {
	l.t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		l.t.Fatal(err)
	}
	defer f.Close()
	if _, err := f.WriteString(text); err != nil {
		l.t.Fatal(err)
	}
}

func (l *logLab) do(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// start follows the log from where the last reader ended.
func (l *logLab) start(change ...func(*File)) {
	l.t.Helper()
	f := &File{Name: "app", Path: l.path, Poll: time.Millisecond, Logger: slog.New(slog.DiscardHandler)}
	f.After = l.got.position(f.Feed()).File
	for _, c := range change {
		c(f)
	}
	ctx, cancel := context.WithCancel(l.t.Context())
	ended := make(chan struct{})
	f.begin(l.got) // as Run does; from here on nothing may be missed
	go func() { defer close(ended); f.follow(ctx, l.got) }()
	l.stop = func() { cancel(); <-ended; l.stop = nil }
}

// want waits until exactly these lines were read, and no line twice.
func (l *logLab) want(lines ...string) {
	l.t.Helper()
	ok := func() bool { return slices.Equal(l.got.texts(), lines) }
	for deadline := time.Now().Add(5 * time.Second); time.Now().Before(deadline); time.Sleep(time.Millisecond) {
		if ok() {
			time.Sleep(20 * time.Millisecond) // nothing may come twice
			break
		}
	}
	if diff := cmp.Diff(lines, l.got.texts()); diff != "" {
		l.t.Fatalf("lines (-want +got):\n%s", diff)
	}
	// The position is behind the last line: wait for it, so that a restart goes on there.
	eventually(l.t, "the position", func() bool { return l.got.position("file:app").File != nil })
	last := -1
	eventually(l.t, "a steady position", func() bool {
		p := int(l.got.position("file:app").File.Offset)
		same := p == last
		last = p
		time.Sleep(5 * time.Millisecond)
		return same
	})
}

// Lines from before the first start are no news; whole lines and those that come
// in pieces are.
func TestFileFirstStart(t *testing.T) {
	l := newLogLab(t)
	l.write(l.path, "before the start\n")
	l.start()
	eventually(t, "a position", func() bool { return l.got.position("file:app").File != nil })
	l.write(l.path, "deploy of ")
	l.write(l.path, "web 1.2\r\n")
	l.want("deploy of web 1.2")
	long := strings.Repeat("x", 10*maxLine)
	l.write(l.path, long+"\nafter\n")
	l.want("deploy of web 1.2", long[:maxLine], "after")
}

// A file that appears after the start is read from its beginning.
func TestFileAppears(t *testing.T) {
	l := newLogLab(t)
	l.start()
	l.write(l.path, "first\n")
	l.want("first")
}

// A renamed file is read on while its writer does not know yet; the new one is
// read from its beginning.
func TestFileRenamed(t *testing.T) {
	l := newLogLab(t)
	l.write(l.path, "")
	l.start()
	l.write(l.path, "one\n")
	l.want("one")
	l.do(os.Rename(l.path, l.path+".1"))
	l.write(l.path+".1", "two, by the old handle\n")
	l.want("one", "two, by the old handle")
	l.write(l.path, "three, in the new file\n")
	l.want("one", "two, by the old handle", "three, in the new file")
	l.write(l.path+".1", "four, by a writer that is late\n")
	l.want("one", "two, by the old handle", "three, in the new file", "four, by a writer that is late")
}

// A rotation that copies and truncates loses nothing that reached the copy.
func TestFileCopiedAndTruncated(t *testing.T) {
	l := newLogLab(t)
	l.start()
	l.write(l.path, "one\n")
	l.want("one")
	l.stop() // between two looks
	l.write(l.path, "two\n")
	text, err := os.ReadFile(l.path)
	l.do(err)
	l.do(os.WriteFile(l.path+".1", text, 0o600))
	l.do(os.Truncate(l.path, 0))
	l.write(l.path, "three\n")
	l.start()
	l.want("one", "two", "three")
	if n := l.got.trouble("log_file lost"); n != 0 {
		t.Errorf("%d losses, want none", n)
	}
}

// The same while it is being read: the new content is longer than the old one
// was, so that the size alone does not tell.
func TestFileTruncatedAndGrown(t *testing.T) {
	l := newLogLab(t)
	l.start(func(f *File) { f.Poll = 300 * time.Millisecond })
	l.write(l.path, "one\n")
	l.want("one")
	l.do(os.WriteFile(l.path+".old", []byte("one\ntwo\n"), 0o600))
	l.do(os.WriteFile(l.path, []byte("three\nand much more than there was before\n"), 0o600)) // truncates the same inode
	eventually(t, "the new content", func() bool { return slices.Contains(l.got.texts(), "and much more than there was before") })
	eventually(t, "the rest of the old content", func() bool { return slices.Contains(l.got.texts(), "two") })
	if got := l.got.texts(); len(got) != 4 {
		t.Errorf("%q", got)
	}
}

// Truncation without a copy is said to lose what it may have lost.
func TestFileTruncatedWithoutCopy(t *testing.T) {
	l := newLogLab(t)
	l.start()
	l.write(l.path, "one\n")
	l.want("one")
	l.do(os.Truncate(l.path, 0))
	l.write(l.path, "2\n")
	l.want("one", "2")
	if n := l.got.trouble("log_file lost"); n != 1 {
		t.Errorf("%d losses, want 1", n)
	}
}

// While nothing reads, the log is rotated twice: everything is found.
func TestFileRotatedWhileDown(t *testing.T) {
	l := newLogLab(t)
	l.start()
	l.write(l.path, "one\n")
	l.want("one")
	l.stop()
	l.write(l.path, "two\n")
	l.do(os.Rename(l.path, l.path+".2"))
	l.write(l.path, "three\n")
	l.do(os.Rename(l.path, l.path+".1"))
	older := time.Now().Add(-time.Minute)
	l.do(os.Chtimes(l.path+".2", older, older)) // files of one test are written within a tick of the clock
	l.write(l.path, "four\n")
	l.write(filepath.Join(filepath.Dir(l.path), "app-error.log"), "of another log\n")
	l.start()
	l.want("one", "two", "three", "four")
	l.stop()
	l.start()
	l.write(l.path, "five\n")
	// The older files may still be written to, so the reader goes on in the
	// oldest and reads the newer ones again; crashes in them keep their keys.
	eventually(t, "the last line", func() bool { return slices.Contains(l.got.texts(), "five") })
	if n := l.got.trouble("log_file lost"); n != 0 {
		t.Errorf("%d losses, want none", n)
	}
}

// A log that was replaced by another, with nothing of the old one left.
func TestFileReplacedWhileDown(t *testing.T) {
	l := newLogLab(t)
	l.start()
	l.write(l.path, "one\n")
	l.want("one")
	l.stop()
	l.do(os.Remove(l.path))
	l.write(l.path, "two\n")
	l.start()
	l.want("one", "two")
	if n := l.got.trouble("log_file lost"); n != 1 {
		t.Errorf("%d losses, want 1", n)
	}
}

// A restart goes on in the middle: with the line, and the block, that were not
// whole. Crashes keep their keys, so that what is read twice is recognised.
func TestFileBlockOverRestart(t *testing.T) {
	l := newLogLab(t)
	follow := func(f *File) { f.Patterns = []*Pattern{BuiltinPattern("go")}; f.Executable = "web" }
	l.write(l.path, "")
	l.start(follow)
	l.write(l.path, "hello\n")
	l.want("hello")
	l.write(l.path, "SIGSEGV: segmentation violation\nPC=0x45")
	eventually(t, "the first line of the block", func() bool { return len(l.got.texts()) == 2 })
	l.stop()
	if p := l.got.position("file:app").File; p.Offset != int64(len("hello\n")) {
		t.Errorf("the position is %d, want the start of the block", p.Offset)
	}
	l.start(follow)
	l.write(l.path, "a1c3 m=0 sigcode=1 addr=0x8\n")
	eventually(t, "the crash", func() bool { return len(l.got.crashes()) == 1 })
	first := l.got.crashes()[0]
	if first.PC != at(0x45a1c3) || first.Addr != at(8) || first.Exe != "web" {
		t.Errorf("%+v", first)
	}
	l.stop()
	// As after a kill: the position is older than what was read.
	l.got.locked(func() { l.got.moved["file:app"] = first.Before })
	l.start(follow)
	eventually(t, "the crash again", func() bool { return len(l.got.crashes()) == 2 })
	if again := l.got.crashes()[1]; again.Key != first.Key {
		t.Errorf("key %q, then %q", first.Key, again.Key)
	}
	l.stop()
	// The same text at the same place of another content is another crash.
	text, err := os.ReadFile(l.path)
	l.do(err)
	l.start(follow)
	l.do(os.Truncate(l.path, 0))
	time.Sleep(20 * time.Millisecond)
	l.write(l.path, string(text))
	eventually(t, "another crash", func() bool { return len(l.got.crashes()) == 3 })
	if other := l.got.crashes()[2]; other.Key == first.Key {
		t.Errorf("two crashes have the key %q", other.Key)
	}
}

// Rotations of every kind under a writer that does not wait lose no line and
// pass none on twice.
func TestFileUnderRotation(t *testing.T) {
	l := newLogLab(t)
	l.write(l.path, "")
	l.start()
	w, err := os.OpenFile(l.path, os.O_WRONLY|os.O_APPEND, 0)
	l.do(err)
	const n = 4000
	for i := range n {
		if i%500 == 250 { // by renaming; the writer notices later
			l.do(os.Rename(l.path, fmt.Sprintf("%s.%d", l.path, i)))
		}
		if i%500 == 270 {
			l.do(w.Close())
			w, err = os.OpenFile(l.path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
			l.do(err)
		}
		_, err := fmt.Fprintf(w, "line %d\n", i)
		l.do(err)
		if i%50 == 0 {
			time.Sleep(time.Millisecond)
		}
	}
	l.do(w.Close())
	eventually(t, "all lines", func() bool { return len(l.got.texts()) >= n })
	seen := make(map[string]int)
	for _, line := range l.got.texts() {
		seen[line]++
	}
	for i := range n {
		if c := seen[fmt.Sprintf("line %d", i)]; c != 1 {
			t.Errorf("line %d was read %d times", i, c)
		}
	}
}

func TestFileRefusesWhatIsNoFile(t *testing.T) {
	l := newLogLab(t)
	l.do(os.Mkdir(l.path, 0o700))
	l.start()
	time.Sleep(20 * time.Millisecond)
	l.stop()
	l.do(os.Remove(l.path))
	l.start()
	l.write(l.path, "now a file\n")
	l.want("now a file")
}

// Neighbours are what a rotation makes of the name, not other logs.
func TestRotatedNames(t *testing.T) {
	re := rotatedName("app.log")
	for name, want := range map[string]bool{
		"app.log.1": true, "app.log-20260101": true, "app.log.old": true, "app-20260101.log": true, "app.1.log": true, "app.log.2026-01-01T10:00": true,
		"app.log": false, "app.log.1.gz": false, "app-error.log": false, "app.log.swp": false, "apple.log.1": false, "app.log-20260101.zst": false,
	} {
		if got := re.MatchString(name); got != want {
			t.Errorf("%s: %t", name, got)
		}
	}
}

// A journal export that is written to a file is followed entry by entry.
func TestFileOfJournalEntries(t *testing.T) {
	for _, format := range []Format{FormatExport, FormatJSON} {
		t.Run(string(format), func(t *testing.T) {
			text, err := os.ReadFile(filepath.Join("testdata", "coredump."+string(format)))
			if err != nil {
				t.Fatal(err)
			}
			l := newLogLab(t)
			follow := func(f *File) { f.Format = format }
			l.write(l.path, "")
			l.start(follow)
			half := len(text) / 2
			l.write(l.path, string(text[:half]))
			eventually(t, "the first half", func() bool {
				p := l.got.position("file:app").File
				return p != nil && p.Head > 0
			})
			l.stop() // in the middle of an entry
			l.start(follow)
			l.write(l.path, string(text[half:]))
			eventually(t, "every crash", func() bool { return len(l.got.crashes()) == 2 })
			if diff := cmp.Diff(wantCoredumps(), unplaced(l.got.crashes())); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			if n := l.got.trouble("journal forged"); n != 1 {
				t.Errorf("%d entries were forged, want 1", n)
			}
		})
	}
}

// unplaced leaves out where events were found.
func unplaced(events []Event) []Event {
	for i := range events {
		events[i].Feed, events[i].Before, events[i].Key = "", Position{}, ""
	}
	return events
}
