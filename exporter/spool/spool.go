package spool

import (
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/sys/unix"
)

// ErrLocked is wrapped when another exporter uses the state directory.
var ErrLocked = errors.New("state directory is in use by another process")

// Config configures a Spool.
type Config struct {
	// Dir is the state directory; it is created when missing.
	Dir string
	// MaxBytes bounds the segments (default 256 MiB). Beyond it the oldest
	// segment goes, shipped or not; with DropNewest, the newest that is full.
	MaxBytes   int64
	DropNewest bool
	// SegmentBytes is the size from which on a new segment is begun
	// (default 1 MiB, and at most an eighth of MaxBytes).
	SegmentBytes int64
	Logger       *slog.Logger
}

// Spool is the outbox. Its methods may be called at the same time.
type Spool struct {
	cfg  Config
	dir  string // of the segments
	lock *os.File

	mu      sync.Mutex
	segs    []*segment // in order, never empty; the last is written to
	file    *os.File   // the last segment
	buf     []byte
	shipped uint64 // last entry that the archive has
	folded  uint64 // last entry that a checkpoint holds
	dropped uint64 // entries given up, ever
	oldest  time.Time
	wake    chan struct{}
}

// Open opens or creates the spool of a state directory and locks the directory
// until Close.
func Open(cfg Config) (*Spool, error) {
	if cfg.MaxBytes <= 0 {
		cfg.MaxBytes = 256 << 20
	}
	if cfg.SegmentBytes <= 0 {
		cfg.SegmentBytes = 1 << 20
	}
	cfg.SegmentBytes = max(4096, min(cfg.SegmentBytes, cfg.MaxBytes/8))
	if cfg.Logger == nil {
		cfg.Logger = slog.New(slog.DiscardHandler)
	}
	s := &Spool{cfg: cfg, dir: filepath.Join(cfg.Dir, "spool"), wake: make(chan struct{}, 1)}
	if err := os.MkdirAll(s.dir, 0o750); err != nil {
		return nil, fmt.Errorf("state directory: %w", err)
	}
	if err := s.acquire(); err != nil {
		return nil, err
	}
	if err := s.load(); err != nil {
		return nil, errors.Join(err, s.lock.Close())
	}
	return s, nil
}

func (s *Spool) acquire() error {
	f, err := os.OpenFile(filepath.Join(s.cfg.Dir, "lock"), os.O_RDWR|os.O_CREATE, 0o640)
	if err != nil {
		return fmt.Errorf("state directory: %w", err)
	}
	if err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB); err != nil {
		f.Close()
		return fmt.Errorf("%s: %w", s.cfg.Dir, ErrLocked)
	}
	s.lock = f
	return nil
}

func (s *Spool) load() error {
	segs, torn, lost, err := listSegments(s.dir)
	if err != nil {
		return err
	}
	if s.dropped, err = readNumber(s.droppedPath()); err != nil {
		s.cfg.Logger.Error("Cannot read how many entries were dropped, counting from 0", "err", err)
	}
	if lost > 0 {
		s.drop(lost)
		s.cfg.Logger.Error("The spool is damaged: entries cannot be read, and will not reach the archive", "entries", lost)
	}
	if torn > 0 {
		s.cfg.Logger.Warn("Cut off an unfinished write at the end of the spool", "bytes", torn)
	}
	if s.shipped, err = readNumber(s.shippedPath()); err != nil {
		s.cfg.Logger.Error("Cannot read how far the spool was shipped, shipping it from the start", "err", err)
	}
	s.segs = segs
	if len(segs) > 0 {
		s.shipped = max(s.shipped, segs[0].first-1)
	}
	next := s.shipped + 1
	if n := len(segs); n > 0 {
		next = max(next, segs[n-1].last+1)
		if last := segs[n-1]; last.last+1 == next && last.bytes < s.cfg.SegmentBytes {
			return s.reopen(last)
		}
	}
	return s.begin(next)
}

// Close releases the state directory.
func (s *Spool) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return errors.Join(s.file.Close(), s.lock.Close())
}

// begin starts a new segment.
func (s *Spool) begin(first uint64) error {
	seg := &segment{path: segmentPath(s.dir, first), first: first, last: first - 1}
	f, err := os.OpenFile(seg.path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o640)
	if err != nil {
		return fmt.Errorf("spool segment: %w", err)
	}
	if err := syncDir(s.dir); err != nil {
		return errors.Join(err, f.Close())
	}
	if s.file != nil {
		s.file.Close()
	}
	s.file, s.segs = f, append(s.segs, seg)
	return nil
}

func (s *Spool) reopen(seg *segment) error {
	f, err := os.OpenFile(seg.path, os.O_WRONLY, 0o640)
	if err != nil {
		return fmt.Errorf("spool segment: %w", err)
	}
	s.file = f
	return nil
}

func (s *Spool) shippedPath() string { return filepath.Join(s.cfg.Dir, "shipped") }
func (s *Spool) droppedPath() string { return filepath.Join(s.cfg.Dir, "dropped") }

func readNumber(path string) (uint64, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, os.ErrNotExist) {
		return 0, nil
	}
	if err != nil {
		return 0, err
	}
	n, err := strconv.ParseUint(strings.TrimSpace(string(b)), 10, 64)
	if err != nil {
		return 0, fmt.Errorf("%s: %w", filepath.Base(path), err)
	}
	return n, nil
}
