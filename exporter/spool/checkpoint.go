package spool

import (
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"os"
	"path/filepath"
)

// Checkpoint is what the exporter knows after the entries up to Seq: a state of
// the fold that need not be computed again. State belongs to the caller.
type Checkpoint struct {
	Version int             `json:"version"`
	Seq     uint64          `json:"seq"`
	CRC     uint32          `json:"crc32c"` // of State
	State   json.RawMessage `json:"state"`
}

// checkpointVersion is raised when an older exporter could not read the file.
const checkpointVersion = 1

// ErrCheckpoint is wrapped when a checkpoint exists but cannot be used.
var ErrCheckpoint = errors.New("unusable checkpoint")

func (s *Spool) checkpointPath() string { return filepath.Join(s.cfg.Dir, "checkpoint") }

// LoadCheckpoint reads the last checkpoint. Without one it returns the zero
// Checkpoint.
func (s *Spool) LoadCheckpoint() (Checkpoint, error) {
	b, err := os.ReadFile(s.checkpointPath())
	if errors.Is(err, os.ErrNotExist) {
		return Checkpoint{}, nil
	}
	if err != nil {
		return Checkpoint{}, fmt.Errorf("checkpoint: %w", err)
	}
	var c Checkpoint
	if err := json.Unmarshal(b, &c); err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %s: %w", ErrCheckpoint, s.checkpointPath(), err)
	}
	switch {
	case c.Version != checkpointVersion:
		return Checkpoint{}, fmt.Errorf("%w: %s is of version %d, this build reads %d", ErrCheckpoint, s.checkpointPath(), c.Version, checkpointVersion)
	case crc32.Checksum(c.State, castagnoli) != c.CRC:
		return Checkpoint{}, fmt.Errorf("%w: %s: checksum does not match", ErrCheckpoint, s.checkpointPath())
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folded = max(s.folded, c.Seq)
	return c, s.resume(c.Seq)
}

// resume makes sure that numbers are never used twice, even when the segments
// were lost and only the checkpoint is left.
func (s *Spool) resume(seq uint64) error {
	if s.segs[len(s.segs)-1].last >= seq {
		return nil
	}
	s.cfg.Logger.Error("The spool ends before the checkpoint: entries were lost with its files", "spool", s.segs[len(s.segs)-1].last, "checkpoint", seq)
	s.shipped = max(s.shipped, seq)
	return s.begin(seq + 1)
}

// WantsCheckpoint reports whether the spool holds so much that no checkpoint
// covers that one should be saved now: a start would take long to fold it, and
// the bound could not be kept.
func (s *Spool) WantsCheckpoint() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	last := s.segs[len(s.segs)-1].last
	if last-min(s.folded, last) >= maxUnfolded {
		return true
	}
	i := s.victim()
	return i >= 0 && s.size() > s.cfg.MaxBytes && s.segs[i].last > s.folded
}

// maxUnfolded bounds the entries that a start has to fold.
const maxUnfolded = 8192

// SaveCheckpoint writes state, the fold of the entries up to seq, durably, and
// removes the segments that are no longer needed.
func (s *Spool) SaveCheckpoint(seq uint64, state any) error {
	text, err := json.Marshal(state)
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	b, err := json.Marshal(Checkpoint{
		Version: checkpointVersion, Seq: seq, CRC: crc32.Checksum(text, castagnoli), State: text,
	})
	if err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	if err := writeDurably(s.checkpointPath(), b); err != nil {
		return err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.folded = max(s.folded, seq)
	s.enforce()
	return s.compact()
}
