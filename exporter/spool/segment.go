package spool

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sort"
	"strconv"
	"strings"
)

const segmentSuffix = ".seg"

// segment is one file of the log. first and last number its entries; an empty
// segment has last = first-1.
type segment struct {
	path        string
	first, last uint64
	bytes       int64
}

func segmentPath(dir string, first uint64) string {
	return filepath.Join(dir, fmt.Sprintf("%016x%s", first, segmentSuffix))
}

func (s *segment) count() uint64 { return s.last - s.first + 1 }

// after returns how many of the segment's entries come after number seq.
func (s *segment) after(seq uint64) uint64 {
	if s.last <= seq {
		return 0
	}
	return s.last - max(seq, s.first-1)
}

// listSegments finds the segments of a directory, in order, and reads each
// through to learn its last entry. Bytes after the last intact entry are cut
// off: in the newest segment they are a write that was never acknowledged, whose
// bytes torn counts; in others they are damage, and lost counts the entries.
func listSegments(dir string) (segs []*segment, torn int64, lost uint64, err error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return nil, 0, 0, fmt.Errorf("spool: %w", err)
	}
	for _, n := range names {
		text, ok := strings.CutSuffix(n.Name(), segmentSuffix)
		first, err := strconv.ParseUint(text, 16, 64)
		if !ok || err != nil || !n.Type().IsRegular() {
			continue
		}
		segs = append(segs, &segment{path: filepath.Join(dir, n.Name()), first: first})
	}
	sort.Slice(segs, func(i, j int) bool { return segs[i].first < segs[j].first })
	for i, s := range segs {
		cut, err := s.inspect()
		if err != nil {
			return nil, 0, 0, err
		}
		if i == len(segs)-1 {
			torn = cut
		} else if cut > 0 {
			lost += segs[i+1].first - 1 - s.last
		}
	}
	return segs, torn, lost, nil
}

// inspect reads a segment through, sets last and bytes, and truncates it after
// its last intact entry.
func (s *segment) inspect() (torn int64, err error) {
	data, err := os.ReadFile(s.path)
	if err != nil {
		return 0, fmt.Errorf("spool segment: %w", err)
	}
	s.last = s.first - 1
	rest := data
	for {
		_, r, err := cutFrame(rest)
		if err != nil {
			break
		}
		rest = r
		s.last++
	}
	s.bytes = int64(len(data) - len(rest))
	if len(rest) == 0 {
		return 0, nil
	}
	if err := os.Truncate(s.path, s.bytes); err != nil {
		return 0, fmt.Errorf("repair spool segment: %w", err)
	}
	return int64(len(rest)), nil
}

// read returns the entries of a segment from number from on, at most maxEntries
// and about maxBytes of them.
func (s *segment) read(from uint64, maxEntries int, maxBytes int64) ([]Entry, error) {
	data, err := os.ReadFile(s.path)
	if err != nil {
		return nil, fmt.Errorf("spool segment: %w", err)
	}
	if int64(len(data)) > s.bytes {
		data = data[:s.bytes] // an append may be under way
	}
	var entries []Entry
	var bytes int64
	for seq := s.first; len(data) > 0; seq++ {
		payload, rest, err := cutFrame(data)
		if err != nil {
			return entries, fmt.Errorf("spool segment %s, entry %d: %w", filepath.Base(s.path), seq, err)
		}
		data = rest
		if seq < from {
			continue
		}
		if len(entries) >= maxEntries || (bytes > 0 && bytes+int64(len(payload)) > maxBytes) {
			break
		}
		e, err := decodeEntry(payload)
		if err != nil {
			e = Entry{Damage: err.Error()} // intact bytes of another version: pass on, do not get stuck
		}
		e.Seq = seq
		entries = append(entries, e)
		bytes += int64(len(payload))
	}
	return entries, nil
}

func (s *segment) remove() error {
	if err := os.Remove(s.path); err != nil && !errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("spool segment: %w", err)
	}
	return nil
}
