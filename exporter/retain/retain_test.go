package retain

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"go.uber.org/goleak"
	"golang.org/x/sys/unix"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// bench is a directory with a sweeper over it. Files whose content begins with
// "core" are cores on record.
type bench struct {
	*Sweeper
	t        *testing.T
	dir      string
	now      time.Time
	deleted  map[string]int // by reason
	kept     map[string]int
	log      bytes.Buffer
	examined int
	between  func(path string) // called after a file was examined
}

func newBench(t *testing.T, cfg Config) *bench {
	t.Helper()
	b := &bench{t: t, dir: t.TempDir(), now: time.Now().Add(time.Hour), deleted: make(map[string]int), kept: make(map[string]int)}
	cfg.Dirs, cfg.MinAge = []string{b.dir}, time.Minute
	cfg.Observer, cfg.Logger, cfg.Examine = b, slog.New(slog.NewTextHandler(&b.log, nil)), b.examine
	b.Sweeper = New(cfg)
	b.Sweeper.now = func() time.Time { return b.now }
	return b
}

func (b *bench) CoreDeleted(reason string, _ int64) { b.deleted[reason]++ }
func (b *bench) CoresKept(reason string, n int)     { b.kept[reason] = n }

func (b *bench) examine(_ context.Context, path string, _ time.Duration) (Examination, error) {
	b.examined++
	fd, err := unix.Open(path, unix.O_RDONLY|unix.O_NOFOLLOW, 0)
	if err != nil {
		return Examination{}, err
	}
	f := os.NewFile(uintptr(fd), path)
	defer f.Close()
	var st unix.Stat_t
	if err := unix.Fstat(fd, &st); err != nil {
		return Examination{}, err
	}
	var head [8]byte
	n, _ := f.Read(head[:])
	e := Examination{
		Identity: Identity{Dev: st.Dev, Ino: st.Ino, Size: st.Size, Mtime: st.Mtim.Nano(), Change: st.Ctim.Nano()},
		Crash:    "c1", Recorded: strings.HasPrefix(string(head[:n]), "core"), Writing: strings.HasPrefix(string(head[:n]), "coreW"),
	}
	if b.between != nil {
		b.between(path)
	}
	return e, nil
}

// write makes a file of some KiB with an age before the bench's now.
func (b *bench) write(name, content string, kib int, age time.Duration) string {
	b.t.Helper()
	path := filepath.Join(b.dir, name)
	full := append([]byte(content), make([]byte, max(0, kib<<10-len(content)))...)
	if err := os.WriteFile(path, full, 0o600); err != nil {
		b.t.Fatal(err)
	}
	if err := os.Chtimes(path, time.Time{}, b.now.Add(-age)); err != nil {
		b.t.Fatal(err)
	}
	return path
}

// left lists the names that are there.
func (b *bench) left() []string {
	b.t.Helper()
	entries, err := os.ReadDir(b.dir)
	if err != nil {
		b.t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func (b *bench) want(names ...string) {
	b.t.Helper()
	slices.Sort(names)
	if diff := cmp.Diff(names, b.left()); diff != "" {
		b.t.Errorf("left in the directory (-want +got):\n%s\n%s", diff, b.log.String())
	}
}

func TestByAge(t *testing.T) {
	b := newBench(t, Config{MaxAge: 24 * time.Hour})
	b.write("core.old", "core", 4, 25*time.Hour)
	b.write("core.young", "core", 4, 23*time.Hour)
	b.write("core.future", "core", 4, -time.Hour)
	b.write("notes.txt", "text", 4, 900*time.Hour)
	b.write("core.written", "coreW", 4, 900*time.Hour)
	b.write(".#core.prepared", "core", 4, 900*time.Hour)
	b.Sweep(t.Context())
	b.want("core.young", "core.future", "notes.txt", "core.written", ".#core.prepared")
	if !maps.Equal(b.deleted, map[string]int{ReasonAge: 1}) || b.kept[KeptUnrecorded] != 1 || b.kept[KeptWriting] != 1 {
		t.Errorf("deleted %v, kept %v", b.deleted, b.kept)
	}
	for _, want := range []string{"Deleted a core", "file=core.old", "reason=age", "id=c1", "bytes=4096", "uid="} {
		if !strings.Contains(b.log.String(), want) {
			t.Errorf("the log lacks %s:\n%s", want, b.log.String())
		}
	}
}

// What nobody may lose: whatever is no regular file of one name and of content
// that is on record, however old it is.
func TestHostileDirectory(t *testing.T) {
	b := newBench(t, Config{MaxAge: time.Hour, MaxBytes: 1, MinFree: 1 << 60})
	outside := filepath.Join(t.TempDir(), "outside")
	b.write("core.linked", "core", 4, 900*time.Hour)
	if err := errors.Join(
		os.WriteFile(outside, []byte("core"), 0o600),
		os.Symlink(outside, filepath.Join(b.dir, "core.symlink")),
		os.Link(filepath.Join(b.dir, "core.linked"), filepath.Join(b.dir, "core.linked2")),
		unix.Mkfifo(filepath.Join(b.dir, "core.fifo"), 0o600),
		os.Mkdir(filepath.Join(b.dir, "core.dir"), 0o700),
		os.WriteFile(filepath.Join(b.dir, "core.dir", "core.inner"), []byte("core"), 0o600),
		os.Symlink(filepath.Dir(outside), filepath.Join(b.dir, "core.dirlink")),
	); err != nil {
		t.Fatal(err)
	}
	b.write("core.\n\x1b[2Jevil", "text", 4, 900*time.Hour)
	before := b.left()
	b.Sweep(t.Context())
	b.want(before...)
	if len(b.deleted) > 0 || b.kept[KeptLinked] != 2 {
		t.Errorf("deleted %v, kept %v", b.deleted, b.kept)
	}
	if _, err := os.Stat(outside); err != nil {
		t.Errorf("a file outside: %v", err)
	}
	if strings.ContainsAny(b.log.String(), "\x1b") {
		t.Error("a terminal escape reached the log")
	}
}

// Between the examination and the removal another file takes the name: it stays,
// under the same name or beside a third one.
func TestSwapped(t *testing.T) {
	for name, again := range map[string]bool{"once": false, "twice": true} {
		t.Run(name, func(t *testing.T) {
			b := newBench(t, Config{MaxAge: time.Hour})
			path := b.write("core", "core", 4, 2*time.Hour)
			b.between = func(string) {
				if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("core of a new crash"), 0o600)); err != nil {
					t.Fatal(err)
				}
			}
			d, err := openDirectory(b.dir)
			if err != nil {
				t.Fatal(err)
			}
			defer d.file.Close()
			c, err := d.stat("core")
			if err != nil {
				t.Fatal(err)
			}
			b.between("")
			if again { // and a third comes while the second is put back
				if err := unix.Renameat2(d.fd(), "core", d.fd(), asidePrefix+"x", 0); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(path, []byte("third"), 0o600); err != nil {
					t.Fatal(err)
				}
				err = d.putBack(asidePrefix+"x", "core")
			} else {
				err = d.remove(c)
			}
			if !errors.Is(err, errChanged) {
				t.Errorf("%v, want errChanged", err)
			}
			var found []string
			for _, n := range b.left() {
				text, err := os.ReadFile(filepath.Join(b.dir, n))
				if err != nil {
					t.Fatal(err)
				}
				found = append(found, string(text))
			}
			if !slices.Contains(found, "core of a new crash") || (again && !slices.Contains(found, "third")) {
				t.Errorf("left are %q", found)
			}
		})
	}
}

// The directory is replaced by a link to another while it is swept: nothing
// happens there.
func TestReplacedDirectory(t *testing.T) {
	b := newBench(t, Config{MaxAge: time.Hour})
	b.write("core.a", "core", 4, 2*time.Hour)
	b.write("core.b", "core", 4, 2*time.Hour)
	victim := t.TempDir()
	for _, name := range []string{"core.a", "core.b"} {
		if err := os.WriteFile(filepath.Join(victim, name), []byte("core"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	moved := b.dir + ".moved"
	b.between = func(string) {
		b.between = nil
		if err := errors.Join(os.Rename(b.dir, moved), os.Symlink(victim, b.dir)); err != nil {
			t.Fatal(err)
		}
	}
	b.Sweep(t.Context())
	if left, err := os.ReadDir(victim); err != nil || len(left) != 2 {
		t.Errorf("%d files are left where the link leads (%v), want 2", len(left), err)
	}
	if left, err := os.ReadDir(moved); err != nil || len(left) != 0 {
		t.Errorf("%d files are left in the directory that was swept (%v), want none", len(left), err)
	}
}

func TestByBytes(t *testing.T) {
	b := newBench(t, Config{MaxBytes: 100 << 10})
	for i, age := range []time.Duration{9, 8, 7, 6, 5} {
		b.write("core."+string(rune('a'+i)), "core", 32, age*time.Hour)
	}
	b.write("junk", "junk", 4096, 900*time.Hour) // takes nothing from the cores
	b.Sweep(t.Context())
	b.want("core.c", "core.d", "core.e", "junk")
	looks := b.examined
	b.Sweep(t.Context())
	if b.examined != looks {
		t.Errorf("%d files were read again though nothing changed", b.examined-looks)
	}
	if b.deleted[ReasonBytes] != 2 || len(b.Sweeper.examined) != 4 {
		t.Errorf("deleted %v, %d files are remembered", b.deleted, len(b.Sweeper.examined))
	}
}

// The newest core stays even when it alone is too large.
func TestNewestStays(t *testing.T) {
	b := newBench(t, Config{MaxBytes: 1 << 20, MinFree: 1 << 62})
	b.write("core.old", "core", 2048, 2*time.Hour)
	b.write("core.new", "core", 2048, time.Hour)
	b.Sweep(t.Context())
	b.want("core.new")
	if !strings.Contains(b.log.String(), "no core is left to delete") {
		t.Errorf("nothing is said of the full disk:\n%s", b.log.String())
	}
}

// Whoever takes most space loses his oldest first; the others keep theirs.
func TestFairness(t *testing.T) {
	now := time.Now()
	at := func(uid uint32, hours, mib int) core {
		return core{uid: uid, space: int64(mib) << 20, written: now.Add(-time.Duration(hours) * time.Hour)}
	}
	victim := at(1, 100, 10)
	cores := []core{victim}
	for i := range 50 {
		cores = append(cores, at(2, 50-i, 10))
	}
	chosen := toFree(cores, 300<<20, now)
	if len(chosen) != 30 || slices.ContainsFunc(chosen, func(c core) bool { return c.uid == 1 }) {
		t.Errorf("chose %d, want 30 of the user with most", len(chosen))
	}
	if !chosen[0].written.Before(chosen[29].written) {
		t.Error("not the oldest first")
	}
	if got := toFree([]core{victim}, 1<<40, now); got != nil {
		t.Errorf("the only core was chosen: %v", got)
	}
	if got := toFree(cores, 0, now); got != nil {
		t.Errorf("chosen without need: %d", len(got))
	}
}

// What a killed process had renamed goes at the next sweep, if it is on record.
func TestResumes(t *testing.T) {
	b := newBench(t, Config{MaxAge: 1000 * time.Hour})
	b.write(asidePrefix+"1", "core", 4, time.Hour)
	b.write(asidePrefix+"2", "text", 4, time.Hour)
	b.Sweep(t.Context())
	b.want(asidePrefix + "2")
	if b.deleted[ReasonResumed] != 1 {
		t.Errorf("deleted %v", b.deleted)
	}
}

// A core is not deleted while it is fresh, and not before it is on record.
func TestWaits(t *testing.T) {
	b := newBench(t, Config{MaxBytes: 1})
	b.now = time.Now()
	b.write("core.a", "core", 4, 5*time.Hour) // its attributes changed just now
	b.write("core.b", "core", 4, 4*time.Hour)
	b.Sweep(t.Context())
	b.want("core.a", "core.b")
	b.now = b.now.Add(2 * time.Minute)
	b.Sweep(t.Context())
	b.want("core.b")
}

// Without the right to delete, it says so, briefly, and goes on.
func TestNoRight(t *testing.T) {
	b := newBench(t, Config{MaxAge: time.Hour})
	for i := range 9 {
		b.write("core."+string(rune('a'+i)), "core", 4, 2*time.Hour)
	}
	if err := unix.Mount("tmpfs", b.dir, "tmpfs", unix.MS_RDONLY, ""); err != nil {
		t.Skipf("needs the right to mount: %v", err)
	}
	defer func() {
		if err := unix.Unmount(b.dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	}()
	if err := unix.Mount("", b.dir, "", unix.MS_REMOUNT, ""); err != nil {
		t.Fatal(err)
	}
	for i := range 9 {
		b.write("core."+string(rune('a'+i)), "core", 4, 2*time.Hour)
	}
	if err := unix.Mount("", b.dir, "", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	b.Sweep(t.Context())
	if b.kept[KeptFailed] != 9 || strings.Count(b.log.String(), "\n") > 5 {
		t.Errorf("kept %v:\n%s", b.kept, b.log.String())
	}
	if len(b.left()) != 9 {
		t.Errorf("left %v", b.left())
	}
}
