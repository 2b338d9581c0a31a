package watch

import (
	"log/slog"
	"path"
	"time"
)

// Config configures a Watcher. The zero value of every duration and number
// stands for its default.
type Config struct {
	// Dirs are directories or globs of directories; a glob is looked up
	// again on every rescan, and a directory need not exist yet.
	Dirs []string
	// Ignore are patterns (path.Match) of base names that are passed over.
	Ignore []string
	// Settle is how long a file must not have changed to be called quiet
	// (default 2s).
	Settle time.Duration
	// Rescan is the time between two scans of every directory (default 1m).
	Rescan time.Duration
	// Poll is the time between two scans of directories in which inotify
	// does not work (default 5s).
	Poll time.Duration
	// Workers call the handler at the same time (default 8).
	Workers int
	// Appeared is called with a path at the moment that inotify reports it as
	// new, before anything is known of it; nil for nobody. It is called from
	// the watcher's goroutine and must be quick.
	Appeared func(path string)
	// Observer is told what happens; nil for nobody.
	Observer Observer
	Logger   *slog.Logger

	open func() (source, error) // replaced by tests
}

// Observer is told what a Watcher does. Its methods are called from the
// watcher's goroutine and must not block.
type Observer interface {
	// FileFound counts a file that was handed to the handler for the first time.
	FileFound()
	// FileRefused counts a path that is no regular file; reason is one of Refusals.
	FileRefused(reason string)
	// Overflowed counts an overflow of the inotify queue.
	Overflowed()
	// Rescanned reports a finished scan: how long it took, the directories
	// watched by inotify, polled, and not there at present.
	Rescanned(took time.Duration, watched, polled, missing int)
	// PendingFiles reports the number of files that wait to be complete.
	PendingFiles(n int)
}

// How often a file that is not complete is looked at again: soon at first, then
// twice a second, so that a core that grows for a minute costs next to nothing.
const (
	debounce = 50 * time.Millisecond
	maxGap   = 500 * time.Millisecond
)

func (c Config) withDefaults() Config {
	if c.Settle <= 0 {
		c.Settle = 2 * time.Second
	}
	if c.Rescan <= 0 {
		c.Rescan = time.Minute
	}
	if c.Poll <= 0 {
		c.Poll = 5 * time.Second
	}
	if c.Workers <= 0 {
		c.Workers = 8
	}
	if c.Appeared == nil {
		c.Appeared = func(string) {}
	}
	if c.Observer == nil {
		c.Observer = nobody{}
	}
	if c.Logger == nil {
		c.Logger = slog.New(slog.DiscardHandler)
	}
	if c.open == nil {
		c.open = openNotify
	}
	return c
}

// ignored reports whether a base name is passed over. ".#" begins the names
// that systemd-coredump gives to cores it has not finished writing.
func (c *Config) ignored(name string) bool {
	if len(name) >= 2 && name[:2] == ".#" {
		return true
	}
	for _, pattern := range c.Ignore {
		if ok, err := path.Match(pattern, name); err == nil && ok {
			return true
		}
	}
	return false
}

type nobody struct{}

func (nobody) FileFound()                             {}
func (nobody) FileRefused(string)                     {}
func (nobody) Overflowed()                            {}
func (nobody) Rescanned(_ time.Duration, _, _, _ int) {}
func (nobody) PendingFiles(int)                       {}
