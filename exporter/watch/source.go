package watch

import (
	"errors"
	"fmt"

	"github.com/fsnotify/fsnotify"
)

// source is what the watcher wants of inotify: hints that a path changed. A
// test under synctest puts a channel of its own here.
type source interface {
	// Add begins to watch a directory; adding it again renews the watch,
	// which is needed after the directory was replaced.
	Add(dir string) error
	Remove(dir string) error
	// Hints yields paths whose directory entry or content changed.
	Hints() <-chan fsnotify.Event
	Errors() <-chan error
	Close() error
}

type notify struct{ w *fsnotify.Watcher }

// openNotify opens inotify. The buffer keeps the kernel's queue short while the
// watcher's goroutine scans a directory.
func openNotify() (source, error) {
	w, err := fsnotify.NewBufferedWatcher(4096)
	if err != nil {
		return nil, fmt.Errorf("inotify: %w (see fs.inotify.max_user_instances)", err)
	}
	return &notify{w}, nil
}

func (n *notify) Add(dir string) error         { return n.w.Add(dir) }
func (n *notify) Remove(dir string) error      { return n.w.Remove(dir) }
func (n *notify) Hints() <-chan fsnotify.Event { return n.w.Events }
func (n *notify) Errors() <-chan error         { return n.w.Errors }
func (n *notify) Close() error                 { return n.w.Close() }

func overflowed(err error) bool { return errors.Is(err, fsnotify.ErrEventOverflow) }

// gone reports whether the event says that the path no longer bears the file.
func gone(ev fsnotify.Event) bool {
	return ev.Has(fsnotify.Remove) || ev.Has(fsnotify.Rename)
}
