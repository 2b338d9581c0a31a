package pipeline

import (
	"slices"
	"time"

	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/crash"
)

// State is what a checkpoint holds: the fold of the spool up to some entry.
type State struct {
	Counts  []metrics.Count         `json:"counts"`
	Sources map[crash.Source]uint64 `json:"sources"`
	// LateCores is how often the core came of a crash counted from a log.
	LateCores uint64 `json:"lateCores,omitempty"`
	// IDs are those of the newest crashes, 16 bytes each.
	IDs []byte `json:"ids"`
	// Files are states of files that need no further look.
	// They are in the form of watch.AppendKeys.
	Files []byte `json:"fileStates"`
	// Slot is the slot of exposure under way.
	Slot Slot `json:"slot"`
	// Lately are the crashes that a further source may still tell of.
	Lately []counted `json:"lately,omitempty"`
	// Feeds are how far logs were read.
	Feeds map[string]logsource.Position `json:"feeds,omitempty"`
	// Start is when the counters began.
	Start time.Time `json:"start"`
}

// Fold turns spool entries into counts. It is not safe for use by several
// goroutines at the same time, except for Population.
type Fold struct {
	Population *metrics.Population
	seen       *seen
	sightings  *sightings
	start      time.Time
	seq        uint64
}

// NewFold continues the fold of a checkpoint; the zero State begins one at now.
func NewFold(st State, seq uint64, now time.Time) (*Fold, error) {
	start := st.Start
	if start.IsZero() {
		start = now.UTC().Truncate(time.Millisecond)
	}
	f := &Fold{Population: metrics.NewPopulation(start, st.Counts), seen: newSeen(), sightings: newSightings(), start: start, seq: seq}
	f.Population.ContinueSources(st.Sources)
	f.Population.ContinueLateCores(st.LateCores)
	for _, c := range st.Lately {
		f.sightings.add(&c)
	}
	return f, f.seen.load(st.IDs)
}

// Apply folds one entry of the spool.
func (f *Fold) Apply(e spool.Entry) error {
	f.take(e, false)
	return nil
}

func (f *Fold) take(e spool.Entry, hostIDs bool) {
	if e.Record != nil && !f.known(e.Record) {
		f.count(e.Record, hostIDs, e.Spooled)
	}
	f.seq = max(f.seq, e.Seq)
}

func (f *Fold) count(r *crash.Record, hostIDs bool, at time.Time) {
	f.seen.add(r.ID)
	for _, id := range joinIDs(r) {
		f.seen.add(id)
	}
	s := sightingOf(r)
	s.Host = s.Host || hostIDs
	f.sightings.add(&counted{ID: r.ID, Joins: joinIDs(r), Seen: []sighting{s}, Added: at})
	f.Population.Count(r)
}

// known reports whether a crash was counted, by what identifies it alone.
func (f *Fold) known(r *crash.Record) bool {
	return f.seen.has(r.ID) || slices.ContainsFunc(joinIDs(r), f.seen.has)
}

// recognise reports whether a crash was counted, from this source or from
// another, and notes that this source told of it too.
func (f *Fold) recognise(r *crash.Record, hostIDs bool) bool {
	j := Joined{r.ID, sightingOf(r)}
	j.seen.Host = j.seen.Host || hostIDs
	if f.seen.has(r.ID) {
		if r.Source != crash.SourceCore {
			f.join(f.sightings.of(r.ID), j)
		}
		return true
	}
	for _, id := range joinIDs(r) {
		if f.seen.has(id) {
			f.join(f.sightings.of(id), j)
			return true
		}
	}
	c := f.sightings.find(&j.seen)
	if c == nil {
		return false
	}
	f.join(c, j)
	for _, id := range joinIDs(r) {
		f.seen.add(id)
	}
	return true
}

// joinAll notes that further sources told of a crash that was just counted.
func (f *Fold) joinAll(id crash.ID, also []Joined) {
	c := f.sightings.of(id)
	for _, j := range also {
		f.join(c, j)
	}
}

// join notes that another source told of a crash; c is nil when that was long
// ago.
func (f *Fold) join(c *counted, j Joined) {
	f.seen.add(j.ID)
	if c == nil || c.toldOf(j.Source()) {
		return
	}
	if j.Source() == crash.SourceCore {
		f.Population.CoreCame()
	}
	f.sightings.also(c, j.seen)
}

// state returns what a checkpoint keeps.
func (f *Fold) state(files []watch.Key, slot Slot) State {
	return State{LateCores: f.Population.LateCores(), Lately: f.sightings.lately(time.Now()), Counts: f.Population.Counts(), Sources: f.Population.Sources(), IDs: f.seen.bytes(), Files: watch.AppendKeys(nil, files), Slot: slot, Start: f.start}
}
