package retain

import (
	"context"
	"errors"
	"os"
	"time"
)

// recorded returns the cores that may be deleted and notes why the others stay.
func (s *Sweeper) recorded(ctx context.Context, d *directory, cores []core, now time.Time) []core {
	var may []core
	for _, c := range cores {
		if ctx.Err() != nil {
			return nil
		}
		still := min(c.age(now), now.Sub(time.Unix(0, c.id.Change)))
		if still < s.cfg.MinAge {
			continue
		}
		if c.links != 1 {
			s.kept[KeptLinked]++
			continue
		}
		e, ok := s.examine(ctx, d, c, still)
		switch {
		case !ok:
		case e.Writing:
			s.kept[KeptWriting]++
		case !e.Recorded:
			s.kept[KeptUnrecorded]++
		default:
			c.crash = e.Crash
			may = append(may, c)
		}
	}
	return may
}

// remembered is an examination and when it was made.
type remembered struct {
	Examination
	at time.Time
}

// believeFor is how long it is believed that a file is not on record: it may be
// soon. That it is on record stays true.
const believeFor = 10 * time.Minute

// examine looks at the content of a file, or remembers what it said.
func (s *Sweeper) examine(ctx context.Context, d *directory, c core, still time.Duration) (Examination, bool) {
	if e, known := s.examined[c.id]; known && (e.Recorded || s.now().Sub(e.at) < believeFor) {
		return e.Examination, true
	}
	e, err := s.cfg.Examine(ctx, d.handle(c.name), still)
	if errors.Is(err, os.ErrNotExist) || ctx.Err() != nil {
		return e, false
	}
	if err != nil {
		s.kept[KeptFailed]++
		s.cfg.Logger.Debug("Cannot examine a file that is to be deleted", "dir", d.path, "file", c.name, "err", err)
		return e, false
	}
	if e.Identity != c.id { // it changed since it was listed
		return e, false
	}
	if !e.Writing {
		s.examined[c.id] = remembered{e, s.now()}
	}
	return e, true
}

// delete deletes what was chosen and returns what is left of cores.
func (s *Sweeper) delete(d *directory, cores, chosen []core, reason string) []core {
	gone := make(map[Identity]bool, len(chosen))
	failed := 0
	for _, c := range chosen {
		if err := d.remove(c); err != nil {
			s.kept[KeptFailed]++
			if failed++; failed <= maxComplaints {
				s.cfg.Logger.Error("Cannot delete a core", "dir", d.path, "file", c.name, "err", err)
			}
			continue
		}
		gone[c.id] = true
		delete(s.examined, c.id)
		s.cfg.Observer.CoreDeleted(reason, c.space)
		s.cfg.Logger.Info("Deleted a core whose crash is on record", "dir", d.path, "file", c.name, "reason", reason,
			"id", c.crash, "uid", c.uid, "bytes", c.space, "written", c.written.UTC())
	}
	if failed > maxComplaints {
		s.cfg.Logger.Error("Cannot delete more cores", "dir", d.path, "cores", failed-maxComplaints)
	}
	var left []core
	for _, c := range cores {
		if !gone[c.id] {
			left = append(left, c)
		}
	}
	return left
}

// maxComplaints bounds the log lines about cores of one directory that cannot be
// deleted.
const maxComplaints = 3
