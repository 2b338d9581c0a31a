package watch

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"sort"
	"strings"
	"time"

	"github.com/fsnotify/fsnotify"
	"golang.org/x/sys/unix"
)

// directory is one watched directory.
type directory struct {
	dev, ino uint64 // of the directory that the watch stands on
	polled   bool   // inotify alone does not do
}

type which bool

const (
	allDirs    which = true
	polledDirs which = false
)

// silent is the source of a machine on which inotify cannot be opened.
type silent struct{}

var errNoNotify = errors.New("inotify is not available")

func (silent) Add(string) error             { return errNoNotify }
func (silent) Remove(string) error          { return nil }
func (silent) Hints() <-chan fsnotify.Event { return nil }
func (silent) Errors() <-chan error         { return nil }
func (silent) Close() error                 { return nil }

// hint notes a path that inotify named.
func (w *Watcher) hint(ev fsnotify.Event) {
	if _, isDir := w.dirs[filepath.Clean(ev.Name)]; isDir {
		if gone(ev) {
			w.refresh(allDirs) // the directory itself was moved, replaced or unmounted
		}
		return
	}
	if gone(ev) || w.cfg.ignored(filepath.Base(ev.Name)) {
		return
	}
	if ev.Has(fsnotify.Create) { // made, or renamed to this name
		w.cfg.Appeared(ev.Name)
	}
	w.notice(ev.Name, time.Now())
}

func (w *Watcher) sourceError(err error) {
	if overflowed(err) {
		w.cfg.Observer.Overflowed()
		w.cfg.Logger.Warn("The inotify queue overflowed, scanning the directories instead", "err", err)
		w.refresh(allDirs)
		return
	}
	w.cfg.Logger.Error("inotify failed", "err", err)
}

// refresh renews the watches where directories appeared or were replaced, then
// scans: watch first, scan second. After a complete scan it forgets the states
// of files that are no longer there; should a missing directory come back, its
// files are read once more, which is harmless because a crash keeps its id.
func (w *Watcher) refresh(scope which) {
	began := time.Now()
	present := make(map[Key]struct{})
	complete := true
	var watched, polled, missing int
	for _, dir := range w.expand() {
		d, renewed := w.rewatch(dir)
		switch {
		case d == nil:
			missing++
			continue
		case d.polled:
			polled++
		default:
			watched++
		}
		if scope == allDirs || d.polled || renewed {
			complete = w.scan(dir, present) && complete
		}
	}
	if scope == allDirs {
		if complete {
			w.forget(present)
		}
		w.cfg.Observer.Rescanned(time.Since(began), watched, polled, missing)
	}
}

// expand resolves the globs. A directory without glob characters stands for
// itself, whether it exists or not.
func (w *Watcher) expand() []string {
	found := make(map[string]bool)
	for _, pattern := range w.cfg.Dirs {
		matches, err := filepath.Glob(pattern)
		if err != nil || (len(matches) == 0 && !strings.ContainsAny(pattern, `*?[`)) {
			matches = []string{pattern}
		}
		for _, m := range matches {
			found[filepath.Clean(m)] = true
		}
	}
	dirs := make([]string, 0, len(found))
	for dir := range found {
		dirs = append(dirs, dir)
	}
	sort.Strings(dirs)
	return dirs
}

// rewatch makes sure that the watch stands on the directory that now bears the
// name: another one may, or a filesystem that was mounted over it or taken away,
// of which inotify says nothing. It returns nil when there is no such directory;
// renewed is true when the watch is new.
func (w *Watcher) rewatch(dir string) (d *directory, renewed bool) {
	var st unix.Stat_t
	err := unix.Stat(dir, &st)
	if err == nil && st.Mode&unix.S_IFMT != unix.S_IFDIR {
		err = unix.ENOTDIR
	}
	d = w.dirs[dir]
	if err != nil {
		if d != nil {
			w.cfg.Logger.Warn("A watched directory is gone", "dir", dir, "err", err)
			_ = w.src.Remove(dir) // the kernel has mostly removed it already
			delete(w.dirs, dir)
		}
		return nil, false
	}
	if d != nil && d.dev == uint64(st.Dev) && d.ino == st.Ino { //nolint:unconvert // the width of Dev differs between architectures
		return d, false
	}
	if d != nil {
		_ = w.src.Remove(dir) // stands on the directory that was replaced
	}
	d = &directory{dev: uint64(st.Dev), ino: st.Ino} //nolint:unconvert // see above
	w.dirs[dir] = d
	fs := filesystemOf(dir)
	if fs.name != "" {
		d.polled = true
		w.cfg.Logger.Info("Polling a directory", "dir", dir, "every", w.cfg.Poll, "filesystem", fs.name)
	}
	if fs.name != "" && !fs.partly {
		return d, true
	}
	if err := w.src.Add(dir); err != nil {
		d.polled = true
		w.cfg.Logger.Warn("Cannot watch a directory, polling it instead", "dir", dir, "every", w.cfg.Poll, "err", err)
		return d, true
	}
	w.cfg.Logger.Info("Watching a directory", "dir", dir)
	return d, true
}

// scan notes every file of a directory that needs a look and adds the states of
// all to present. It reports whether it saw the whole directory.
func (w *Watcher) scan(dir string, present map[Key]struct{}) bool {
	f, err := os.Open(dir)
	if err != nil {
		w.cfg.Logger.Error("Cannot scan a directory", "dir", dir, "err", err)
		return false
	}
	defer f.Close()
	now := time.Now()
	for {
		names, err := f.Readdirnames(1024)
		for _, name := range names {
			if w.cfg.ignored(name) {
				continue
			}
			path := filepath.Join(dir, name)
			var st unix.Stat_t
			if unix.Lstat(path, &st) != nil {
				continue // gone since
			}
			key := keyOf(&st)
			present[key] = struct{}{}
			if !w.isDone(key) {
				w.notice(path, now)
			}
		}
		if errors.Is(err, io.EOF) || (err == nil && len(names) == 0) {
			return true
		}
		if err != nil {
			w.cfg.Logger.Error("Cannot scan a directory", "dir", dir, "err", err)
			return false
		}
	}
}

// forget drops the states of files that a complete scan no longer saw.
func (w *Watcher) forget(present map[Key]struct{}) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for k := range w.done {
		if _, ok := present[k]; !ok {
			delete(w.done, k)
		}
	}
}
