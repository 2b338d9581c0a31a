package spool

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"time"
)

// Wake yields a value when entries were appended since it was last read.
func (s *Spool) Wake() <-chan struct{} { return s.wake }

// Batch returns the oldest entries that are not shipped, at most maxEntries and
// about maxBytes of them, none when everything is shipped.
func (s *Spool) Batch(maxEntries int, maxBytes int64) ([]Entry, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.read(s.shipped+1, maxEntries, maxBytes)
}

func (s *Spool) read(from uint64, maxEntries int, maxBytes int64) ([]Entry, error) {
	for _, seg := range s.segs {
		if seg.last < from || seg.count() == 0 {
			continue
		}
		entries, err := seg.read(from, maxEntries, maxBytes)
		if len(entries) > 0 {
			return entries, nil
		}
		if err != nil {
			return nil, err
		}
	}
	return nil, nil
}

// Replay calls f for every entry after number after, in order.
func (s *Spool) Replay(after uint64, f func(Entry) error) error {
	const at = 1024
	for {
		s.mu.Lock()
		entries, err := s.read(after+1, at, 4<<20)
		s.mu.Unlock()
		if err != nil {
			return err
		}
		if len(entries) == 0 {
			return nil
		}
		for _, e := range entries {
			if err := f(e); err != nil {
				return fmt.Errorf("replay spool entry %d: %w", e.Seq, err)
			}
			after = e.Seq
		}
	}
}

// Shipped notes durably that the archive has everything up to number seq.
func (s *Spool) Shipped(seq uint64) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if seq <= s.shipped {
		return nil
	}
	if err := writeDurably(s.shippedPath(), []byte(strconv.FormatUint(seq, 10)+"\n")); err != nil {
		return err
	}
	s.shipped, s.oldest = seq, time.Time{}
	return s.compact()
}

// compact removes the segments that nobody needs any more.
func (s *Spool) compact() error {
	for len(s.segs) > 1 && s.segs[0].last <= min(s.shipped, s.folded) {
		if err := s.segs[0].remove(); err != nil {
			return err
		}
		s.segs = s.segs[1:]
	}
	return nil
}

// Refuse keeps entries that the archive will never take, one JSON line each,
// for people to look at. The file is bounded: beyond 16 MiB the previous one is
// replaced.
func (s *Spool) Refuse(lines []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := filepath.Join(s.cfg.Dir, "refused.jsonl")
	if st, err := os.Stat(path); err == nil && st.Size() > 16<<20 {
		if err := os.Rename(path, path+".1"); err != nil {
			return fmt.Errorf("refused records: %w", err)
		}
	}
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o640)
	if err != nil {
		return fmt.Errorf("refused records: %w", err)
	}
	defer f.Close()
	if _, err := f.Write(lines); err != nil {
		return fmt.Errorf("refused records: %w", err)
	}
	return f.Sync()
}

// Stats describes the spool at one moment.
type Stats struct {
	Pending uint64 // entries not shipped
	Bytes   int64  // of all segments
	Dropped uint64 // entries given up since the state directory was made, because the spool was full or damaged
	Last    uint64 // number of the newest entry
	// Oldest is the time of the oldest entry that is not shipped, as its
	// segment knows it; zero when everything is shipped.
	Oldest time.Time
}

// Stats returns the present figures.
func (s *Spool) Stats() Stats {
	s.mu.Lock()
	defer s.mu.Unlock()
	st := Stats{Bytes: s.size(), Dropped: s.dropped, Last: s.segs[len(s.segs)-1].last}
	for _, seg := range s.segs { // there are gaps where entries were dropped
		st.Pending += seg.after(s.shipped)
	}
	if st.Pending > 0 {
		st.Oldest = s.oldestPending()
	}
	return st
}

// oldestPending reads the time of the first entry that is not shipped, once.
func (s *Spool) oldestPending() time.Time {
	if s.oldest.IsZero() {
		entries, err := s.read(s.shipped+1, 1, 0)
		if err == nil && len(entries) == 1 {
			switch e := entries[0]; {
			case !e.Spooled.IsZero():
				s.oldest = e.Spooled
			case e.Record != nil:
				s.oldest = e.Record.Time
			}
		}
	}
	return s.oldest
}
