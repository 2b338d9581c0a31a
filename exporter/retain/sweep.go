package retain

import (
	"context"
	"errors"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"golang.org/x/sys/unix"
)

// Config configures a Sweeper. A bound of 0 is none.
type Config struct {
	Dirs     []string // directories or globs of directories
	MaxAge   time.Duration
	MaxBytes int64 // of the recorded cores of one directory
	MinFree  int64 // of the filesystem of each directory
	// MinAge is how long a file must not have changed before it may be
	// deleted, so that whoever else wants it has had a chance.
	MinAge time.Duration
	// Examine looks at the content of a file anew.
	Examine  func(ctx context.Context, path string, still time.Duration) (Examination, error)
	Observer Observer
	Logger   *slog.Logger
}

// Examination is what a look at the content of a file says.
type Examination struct {
	// Identity is the state of the file that was read.
	Identity Identity
	// Crash is the id of its crash. Recorded is true when that is on record
	// and the file is complete, Writing when somebody has it open for writing.
	Crash             string
	Recorded, Writing bool
}

// Observer is told what a sweep does.
type Observer interface {
	// CoreDeleted counts one core, by one of Reasons.
	CoreDeleted(reason string, bytes int64)
	// CoresKept reports how many files the last sweep looked at and must not
	// delete, by one of Kept.
	CoresKept(reason string, n int)
}

// Why a file that is old enough, or in the way, stays.
const (
	KeptUnrecorded = "unrecorded" // no core, or one whose crash is not on record
	KeptLinked     = "linked"     // it has another name somewhere
	KeptWriting    = "writing"    // somebody has it open for writing
	KeptFailed     = "failed"     // it cannot be deleted, or changed meanwhile
)

// Kept lists why files stay.
func Kept() []string { return []string{KeptUnrecorded, KeptLinked, KeptWriting, KeptFailed} }

// Sweeper deletes cores. Make one with [New]; call Sweep now and then, from one
// goroutine.
type Sweeper struct {
	cfg Config
	now func() time.Time // replaced by tests
	// examined remembers what the content of files said, for as long as they
	// do not change.
	examined map[Identity]remembered
	kept     map[string]int
	present  map[Identity]struct{} // of this sweep
}

// New returns a sweeper.
func New(cfg Config) *Sweeper {
	return &Sweeper{cfg: cfg, now: time.Now, examined: make(map[Identity]remembered)}
}

// Sweep deletes what is to go in every directory.
func (s *Sweeper) Sweep(ctx context.Context) {
	s.kept, s.present = make(map[string]int), make(map[Identity]struct{})
	complete := true
	for _, path := range s.expand() {
		if err := s.directory(ctx, path); err != nil {
			complete = false
			if ctx.Err() != nil {
				return
			}
			s.cfg.Logger.Error("Cannot look for cores to delete", "dir", path, "err", err)
		}
	}
	for _, reason := range Kept() {
		s.cfg.Observer.CoresKept(reason, s.kept[reason])
	}
	for id := range s.examined {
		if _, there := s.present[id]; !there && complete {
			delete(s.examined, id)
		}
	}
}

// expand resolves the globs; a directory that is not there is no error.
func (s *Sweeper) expand() []string {
	var dirs []string
	for _, pattern := range s.cfg.Dirs {
		found, err := filepath.Glob(pattern)
		if err == nil {
			dirs = append(dirs, found...)
		}
	}
	slices.Sort(dirs)
	return slices.Compact(dirs)
}

// directory sweeps one directory: by age, then by space.
func (s *Sweeper) directory(ctx context.Context, path string) error {
	d, err := openDirectory(path)
	if errors.Is(err, unix.ENOTDIR) || errors.Is(err, unix.ENOENT) {
		return nil
	}
	if err != nil {
		return err
	}
	defer d.file.Close()
	cores, err := d.list()
	if err != nil {
		return err
	}
	now := s.now()
	for _, c := range cores {
		s.present[c.id] = struct{}{}
	}
	cores = s.resume(ctx, d, cores, now)
	if s.cfg.MaxAge > 0 {
		cores = s.byAge(ctx, d, cores, now)
	}
	if s.cfg.MaxBytes > 0 {
		cores = s.recorded(ctx, d, cores, now)
		var taken int64
		for _, c := range cores {
			taken += c.space
		}
		cores = s.delete(d, cores, toFree(cores, taken-s.cfg.MaxBytes, now), ReasonBytes)
	}
	if s.cfg.MinFree > 0 {
		return s.byFree(ctx, d, cores, now)
	}
	return ctx.Err()
}

// resume deletes what was about to be deleted, and returns the other files.
func (s *Sweeper) resume(ctx context.Context, d *directory, cores []core, now time.Time) []core {
	var aside, others []core
	for _, c := range cores {
		if strings.HasPrefix(c.name, asidePrefix) {
			aside = append(aside, c)
		} else {
			others = append(others, c)
		}
	}
	s.delete(d, nil, s.recorded(ctx, d, aside, now), ReasonResumed)
	return others
}

// byAge deletes the cores that are too old and returns the others.
func (s *Sweeper) byAge(ctx context.Context, d *directory, cores []core, now time.Time) []core {
	var old, young []core
	for _, c := range cores {
		if c.age(now) > s.cfg.MaxAge {
			old = append(old, c)
		} else {
			young = append(young, c)
		}
	}
	chosen := s.recorded(ctx, d, old, now)
	s.delete(d, nil, chosen, ReasonAge)
	return young
}

func (s *Sweeper) byFree(ctx context.Context, d *directory, cores []core, now time.Time) error {
	free, err := d.free()
	if err != nil || free >= s.cfg.MinFree {
		return err
	}
	cores = s.recorded(ctx, d, cores, now)
	s.delete(d, nil, toFree(cores, s.cfg.MinFree-free, now), ReasonFree)
	if free, err = d.free(); err == nil && free < s.cfg.MinFree {
		s.cfg.Logger.Warn("The filesystem has less free space than core.retention.min_free, and no core is left to delete",
			"dir", d.path, "free", free, "min_free", s.cfg.MinFree)
	}
	return err
}
