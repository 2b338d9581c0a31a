package evaluate

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// DefaultPatience is how long a caller waits for a view to be loaded anew.
const DefaultPatience = time.Second

// Bounds of what a new view assesses before it takes the old one's place.
const (
	warmClusters = 2000
	warmTime     = time.Minute
)

// refreshing loads the next view while the current one answers.
type refreshing struct {
	mu      sync.Mutex
	running bool // a load is under way
	closed  bool
	stop    context.CancelFunc
	done    sync.WaitGroup
}

// refresh begins to load the next view, if nobody does so already. Callers hold
// e.mu. A load that fails leaves the current view in place; once that is older
// than maxAge a caller loads, and sees why it fails.
func (e *Evaluator) refresh(current *view) {
	r := &e.next
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.running || r.closed {
		return
	}
	ctx, stop := context.WithTimeout(context.Background(), maxAge)
	r.running, r.stop = true, stop
	current.outdated.Store(true)
	r.done.Go(func() {
		defer stop()
		e.replace(ctx, current)
		r.mu.Lock()
		r.running = false
		r.mu.Unlock()
	})
}

// replace loads a view, assesses what the old one was asked about lately, and puts
// it into the old one's place.
func (e *Evaluator) replace(ctx context.Context, old *view) {
	began := e.Now().UTC()
	version, err := e.Store.Version(ctx)
	if err != nil {
		return
	}
	fresh, err := e.load(ctx, version, began)
	if err != nil {
		return
	}
	fresh.warm(ctx, old)
	fresh.workflows.warm(ctx, old.workflows)
	e.mu.Lock()
	defer e.mu.Unlock()
	fresh.loaded = began
	if e.current == nil || !e.current.loaded.After(began) { // a caller may have been faster
		e.current = fresh
	}
}

// warm makes the assessments of lists that the old view was asked for, so that the
// first to ask the new one need not wait for all of them.
func (v *view) warm(ctx context.Context, old *view) {
	if v == nil || old == nil {
		return
	}
	until := time.Now().Add(warmTime)
	for _, key := range old.askedLists() {
		if ctx.Err() != nil || time.Now().After(until) {
			return
		}
		// what is not there any more, or fails, says so to who asks
		_, _ = v.assess(key, v.at, false)
	}
}

// askedLists returns the clusters that were assessed for lists as of the view's own
// moment, at most warmClusters.
func (v *view) askedLists() []string {
	v.mu.Lock()
	defer v.mu.Unlock()
	var keys []string
	for q := range v.kept {
		if !q.detail && q.now == v.at.Unix() && len(keys) < warmClusters {
			keys = append(keys, q.cluster)
		}
	}
	return keys
}

// Close ends what the evaluator does in the background and waits for it. Close it
// before its store.
func (e *Evaluator) Close() {
	r := &e.next
	r.mu.Lock()
	r.closed = true
	if r.stop != nil {
		r.stop()
	}
	r.mu.Unlock()
	r.done.Wait()
}

// age words how old a view is that is being replaced; "" when it is current.
func (v *view) age() string {
	if v.outdated == nil || !v.outdated.Load() {
		return ""
	}
	return "The evaluation is as of " + minute(v.at) + "; a newer one is being made."
}

// newOutdated returns the mark that views of one population share.
func newOutdated() *atomic.Bool { return new(atomic.Bool) }
