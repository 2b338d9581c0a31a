package spool

import (
	"fmt"
	"slices"
	"strconv"
	"time"
)

// Append writes entries to the log, numbers them, and returns when they are on
// disk; many at once cost one fsync. On an error none of them is in the log.
func (s *Spool) Append(entries []Entry) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	seg := s.segs[len(s.segs)-1]
	if seg.bytes >= s.cfg.SegmentBytes {
		if err := s.begin(seg.last + 1); err != nil {
			return err
		}
		seg = s.segs[len(s.segs)-1]
	}
	s.buf = s.buf[:0]
	for i := range entries {
		entries[i].Seq = seg.last + 1 + uint64(i)
		var err error
		if s.buf, err = appendFrame(s.buf, entries[i]); err != nil {
			return err
		}
	}
	if _, err := s.file.WriteAt(s.buf, seg.bytes); err != nil {
		return s.undo(seg, err)
	}
	if err := s.file.Sync(); err != nil {
		return s.undo(seg, err)
	}
	seg.bytes += int64(len(s.buf))
	seg.last += uint64(len(entries))
	if cap(s.buf) > 1<<20 {
		s.buf = nil
	}
	s.enforce()
	s.signal()
	return nil
}

// undo cuts off what a failed write left; should that fail too, the next append
// overwrites it.
func (s *Spool) undo(seg *segment, cause error) error {
	if err := s.file.Truncate(seg.bytes); err != nil {
		s.cfg.Logger.Warn("Cannot cut off a failed write to the spool", "err", err)
	}
	return fmt.Errorf("write to the spool: %w", cause)
}

// enforce keeps the segments within their bound. The segment that is written to
// always stays, and so do those that no checkpoint holds yet: to drop them would
// lose counts (see [Spool.WantsCheckpoint]).
func (s *Spool) enforce() {
	for s.size() > s.cfg.MaxBytes {
		i := s.victim()
		if i < 0 || s.segs[i].last > s.folded {
			return
		}
		seg := s.segs[i]
		lost := seg.after(s.shipped)
		if err := seg.remove(); err != nil {
			s.cfg.Logger.Error("Cannot remove a spool segment", "err", err)
			return
		}
		s.segs = slices.Delete(s.segs, i, i+1)
		s.oldest = time.Time{}
		if i == 0 {
			s.shipped = max(s.shipped, seg.last)
		}
		if lost > 0 {
			s.drop(lost)
			s.cfg.Logger.Error("The spool is full: dropped entries, which are counted but will not reach the archive",
				"entries", lost, "first", seg.first, "last", seg.last, "limit_bytes", s.cfg.MaxBytes)
		}
	}
}

// victim returns the index of the segment that goes next when the spool is
// full, -1 for none.
func (s *Spool) victim() int {
	switch {
	case len(s.segs) < 2:
		return -1
	case s.cfg.DropNewest:
		return len(s.segs) - 2
	default:
		return 0
	}
}

// drop counts entries that are lost, over restarts too.
func (s *Spool) drop(n uint64) {
	s.dropped += n
	if err := writeDurably(s.droppedPath(), []byte(strconv.FormatUint(s.dropped, 10)+"\n")); err != nil {
		s.cfg.Logger.Error("Cannot note how many entries were dropped; the count will be lower after a restart", "err", err)
	}
}

func (s *Spool) size() int64 {
	var n int64
	for _, seg := range s.segs {
		n += seg.bytes
	}
	return n
}

func (s *Spool) signal() {
	select {
	case s.wake <- struct{}{}:
	default:
	}
}
