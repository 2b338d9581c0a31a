package pipeline

import (
	"slices"
	"time"

	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/crash"
)

// State is what a checkpoint holds: the fold of the spool up to some entry.
type State struct {
	Counts  []metrics.Count         `json:"counts"`
	Sources map[crash.Source]uint64 `json:"sources"`
	// IDs are those of the newest crashes, 16 bytes each.
	IDs []byte `json:"ids"`
	// Files are states of files that need no further look.
	// They are in the form of watch.AppendKeys.
	Files []byte `json:"fileStates"`
	// Slot is the slot of exposure under way.
	Slot Slot `json:"slot"`
	// Start is when the counters began.
	Start time.Time `json:"start"`
}

// Fold turns spool entries into counts. It is not safe for use by several
// goroutines at the same time, except for Population.
type Fold struct {
	Population *metrics.Population
	seen       *seen
	start      time.Time
	seq        uint64
}

// NewFold continues the fold of a checkpoint; the zero State begins one at now.
func NewFold(st State, seq uint64, now time.Time) (*Fold, error) {
	start := st.Start
	if start.IsZero() {
		start = now.UTC().Truncate(time.Millisecond)
	}
	f := &Fold{Population: metrics.NewPopulation(start, st.Counts), seen: newSeen(), start: start, seq: seq}
	f.Population.ContinueSources(st.Sources)
	return f, f.seen.load(st.IDs)
}

// Apply folds one entry of the spool.
func (f *Fold) Apply(e spool.Entry) error {
	if e.Record != nil && !f.known(e.Record) {
		f.count(e.Record)
	}
	f.seq = max(f.seq, e.Seq)
	return nil
}

func (f *Fold) count(r *crash.Record) {
	f.seen.add(r.ID)
	for _, id := range joinIDs(r) {
		f.seen.add(id)
	}
	f.Population.Count(r)
}

// known reports whether a crash was counted, from this source or from another.
func (f *Fold) known(r *crash.Record) bool {
	return f.seen.has(r.ID) || slices.ContainsFunc(joinIDs(r), f.seen.has)
}

// state returns what a checkpoint keeps.
func (f *Fold) state(files []watch.Key, slot Slot) State {
	return State{Counts: f.Population.Counts(), Sources: f.Population.Sources(), IDs: f.seen.bytes(), Files: watch.AppendKeys(nil, files), Slot: slot, Start: f.start}
}
