package pipeline

import (
	"context"
	"errors"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Log is the durable log that the committer appends to; *spool.Spool is one.
type Log interface {
	Append(entries []spool.Entry) error
	WantsCheckpoint() bool
	SaveCheckpoint(seq uint64, state any) error
}

// Outcome says what a commit did.
type Outcome int

// The outcomes.
const (
	// Counted: the crash is new, durable and counted.
	Counted Outcome = iota
	// Duplicate: the crash was counted before.
	Duplicate
	// Postponed: nothing was counted, because the spool cannot be written
	// and too many records wait in memory; try again.
	Postponed
)

const (
	maxBatch = 256
	// maxWaiting bounds the records that wait in memory while the disk is
	// full. They are counted; beyond them nothing is.
	maxWaiting    = 4096
	checkpointGap = time.Minute
	retryGap      = 5 * time.Second
)

// CommitObserver is told what the committer does.
type CommitObserver interface {
	SpoolFailed()
	Waiting(n int)
	Checkpointed(at time.Time)
}

// Committer makes crashes durable and counts them, one goroutine for all.
type Committer struct {
	log      Log
	fold     *Fold
	observer CommitObserver
	logger   *slog.Logger
	files    func() []watch.Key
	slot     func() Slot
	feeds    func() map[string]logsource.Position
	soon     chan struct{} // a checkpoint is wanted

	requests  chan request
	questions chan question // see Recorded
	waiting   []spool.Entry // counted, but not in the log yet
	backlog   atomic.Int64  // len(waiting), for other goroutines
	dirty     bool          // counted since the last checkpoint
	saved     Slot          // of the last checkpoint
}

type request struct {
	entry spool.Entry
	told  Told
	done  chan Outcome
}

// NewCommitter returns a committer; call Run before Commit.
func NewCommitter(log Log, fold *Fold, observer CommitObserver, logger *slog.Logger) *Committer {
	return &Committer{
		log: log, fold: fold, observer: observer, logger: logger,
		files: func() []watch.Key { return nil }, slot: func() Slot { return Slot{} },
		feeds: func() map[string]logsource.Position { return nil }, soon: make(chan struct{}, 1), requests: make(chan request), questions: make(chan question),
	}
}

// Remember sets where checkpoints take the states of files that need no further
// look and the slot of exposure from. Call it before Run.
func (c *Committer) Remember(files func() []watch.Key, slot func() Slot) {
	c.files, c.slot = files, slot
}

// RememberFeeds sets where checkpoints take from how far logs were read. Call it
// before Run.
func (c *Committer) RememberFeeds(feeds func() map[string]logsource.Position) { c.feeds = feeds }

// CheckpointSoon asks for a checkpoint that does not wait for its time, and
// returns at once.
func (c *Committer) CheckpointSoon() {
	select {
	case c.soon <- struct{}{}:
	default:
	}
}

// Full reports whether nothing more can be counted, because the spool cannot be
// written and too many records wait in memory. It may be called at any time.
func (c *Committer) Full() bool { return c.backlog.Load() >= maxWaiting }

// Commit makes one entry durable and counts it.
func (c *Committer) Commit(ctx context.Context, e spool.Entry) (Outcome, error) {
	return c.CommitTold(ctx, e, Told{})
}

// CommitTold does the same for a crash of which more is known than its record
// holds.
func (c *Committer) CommitTold(ctx context.Context, e spool.Entry, told Told) (Outcome, error) {
	r := request{e, told, make(chan Outcome, 1)}
	select {
	case c.requests <- r:
	case <-ctx.Done():
		return Postponed, ctx.Err()
	}
	return <-r.done, nil // a request that was taken is answered
}

// Run commits until ctx is done, then saves a last checkpoint. End those who
// call Commit first.
func (c *Committer) Run(ctx context.Context) {
	checkpoint := time.NewTicker(checkpointGap)
	defer checkpoint.Stop()
	retry := time.NewTicker(retryGap)
	defer retry.Stop()
	for {
		select {
		case <-ctx.Done():
			c.flush()
			c.checkpoint()
			return
		case r := <-c.requests:
			c.commit(c.gather(r))
			if c.log.WantsCheckpoint() {
				c.checkpoint()
			}
		case q := <-c.questions:
			q.answer <- c.recorded(q.record)
		case <-retry.C:
			c.flush()
		case <-checkpoint.C:
			c.checkpoint()
		case <-c.soon:
			c.dirty = true
			c.checkpoint()
		}
	}
}

// gather takes the requests that are waiting, so that they share one fsync.
func (c *Committer) gather(first request) []request {
	batch := []request{first}
	for len(batch) < maxBatch {
		select {
		case r := <-c.requests:
			batch = append(batch, r)
		default:
			return batch
		}
	}
	return batch
}

// commit answers a batch. What cores tell is taken first and shares one write;
// what logs tell is compared with all that was counted before it.
func (c *Committer) commit(batch []request) {
	var cores []request
	for _, r := range batch {
		if rec := r.entry.Record; rec == nil || rec.Source == crash.SourceCore {
			cores = append(cores, r)
		}
	}
	if len(cores) > 0 {
		c.commitTogether(cores)
	}
	for _, r := range batch {
		if rec := r.entry.Record; rec != nil && rec.Source != crash.SourceCore {
			c.commitTogether([]request{r})
		}
	}
}

func (c *Committer) commitTogether(batch []request) {
	fresh := make([]request, 0, len(batch))
	answers := make([]Outcome, len(batch))
	inBatch := make(map[crash.ID]bool)
	for i, r := range batch {
		if rec := r.entry.Record; rec != nil {
			if inBatch[rec.ID] || c.fold.recognise(rec, r.told.HostIDs) {
				answers[i] = Duplicate
				c.dirty = true // what is known of the crash may have grown
				continue
			}
			inBatch[rec.ID] = true
			for _, id := range joinIDs(rec) {
				inBatch[id] = true
			}
		}
		fresh = append(fresh, r)
	}
	written := len(fresh) == 0 || c.append(fresh)
	for i, r := range batch {
		switch {
		case !written:
			answers[i] = Postponed // duplicates too: what they repeat may be in this batch
		case answers[i] == Counted && len(r.told.Joined) > 0:
			c.fold.joinAll(r.entry.Record.ID, r.told.Joined)
		}
		r.done <- answers[i]
	}
}

// append writes entries to the log and counts them. While the log cannot be
// written it counts all the same and keeps them in memory, up to a bound; it
// reports false when they were neither written nor kept.
func (c *Committer) append(requests []request) bool {
	entries := make([]spool.Entry, len(requests))
	for i, r := range requests {
		entries[i] = r.entry
	}
	err := errWaiting
	if len(c.waiting) == 0 {
		err = c.log.Append(entries)
	}
	if err != nil {
		if !errors.Is(err, errWaiting) {
			c.observer.SpoolFailed()
			c.logger.Error("Cannot write to the spool; crashes are counted and kept in memory meanwhile", "err", err)
		}
		if len(c.waiting)+len(entries) > maxWaiting {
			return false
		}
		c.waiting = append(c.waiting, entries...)
		c.backlog.Store(int64(len(c.waiting)))
		c.observer.Waiting(len(c.waiting))
	}
	for i, e := range entries {
		c.fold.take(e, requests[i].told.HostIDs)
	}
	c.dirty = true
	return true
}

var errWaiting = errors.New("earlier records wait for the spool")

// flush tries to write what waits in memory.
func (c *Committer) flush() {
	if len(c.waiting) == 0 {
		return
	}
	if err := c.log.Append(c.waiting); err != nil {
		c.observer.SpoolFailed()
		c.logger.Error("Still cannot write to the spool", "waiting", len(c.waiting), "err", err)
		return
	}
	last := c.waiting[len(c.waiting)-1].Seq
	c.fold.seq = max(c.fold.seq, last)
	c.logger.Info("The spool can be written again", "records", len(c.waiting))
	c.waiting = nil
	c.backlog.Store(0)
	c.observer.Waiting(0)
}

// checkpoint saves the fold. While records wait in memory it does not: they
// would be lost by a restart if their files were remembered as read.
func (c *Committer) checkpoint() {
	slot := c.slot()
	changed := c.dirty || !slot.Start.Equal(c.saved.Start) || slot.Covered != c.saved.Covered
	if !changed || len(c.waiting) > 0 {
		return
	}
	feeds := c.feeds() // first: what was read by then is counted, or held
	state := c.fold.state(c.files(), slot)
	state.Feeds = feeds
	if err := c.log.SaveCheckpoint(c.fold.seq, state); err != nil {
		c.logger.Error("Cannot save a checkpoint of the counters; a restart will take longer", "err", err)
		return
	}
	c.dirty, c.saved = false, slot
	c.observer.Checkpointed(time.Now())
}
