// Package evaluate is where the archive's population, the ledger of what people
// know, and the statistics meet: it says what each cluster shares, when it began
// and whether it is gone.
//
//	store ── columns of codes ──▶ view ── rows of a cluster ──▶ epi ──▶ verdict
//	ledger ── dated fixes ────────▲
//
// A view is the population at one version of the store. It is loaded when a
// question comes after the store has changed, but not more often than a multiple
// of what loading costs, and it keeps every assessment that was made of it.
package evaluate

import (
	"context"
	"fmt"
	"sync"
	"time"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// Store is what the evaluation needs of a store.
type Store interface {
	store.Populations
	recordStore
	Clusters(ctx context.Context, req query.Request) (query.Clusters, error)
	Exposure(ctx context.Context, req query.Request) (query.Timeseries, error)
}

// Config is what an Evaluator needs. The zero value of all but Store means the
// default.
type Config struct {
	Store Store
	// Lookback bounds the population that is evaluated; DefaultLookback.
	Lookback time.Duration
	// Parameters of the statistics; epi.Defaults.
	Parameters *epi.Parameters
	// Now is the clock.
	Now func() time.Time
	// Patience is how long a view may take to load while callers wait. One that
	// took longer is loaded in the background, and the old one answers
	// meanwhile, for at most maxAge; DefaultPatience.
	Patience time.Duration
}

// DefaultLookback is long enough for the statistics' yearly evidence.
const DefaultLookback = 400 * 24 * time.Hour

// Views are kept while the store changes for at least minRefresh, and for
// refreshCost times what loading took, so that constant ingest does not keep the
// archive loading.
const (
	minRefresh  = 5 * time.Second
	refreshCost = 20
	maxAge      = 10 * time.Minute
)

// Evaluator answers the questions that need statistics. It is safe for
// concurrent use.
type Evaluator struct {
	Config

	mu      sync.Mutex // held while a view is loaded, so that one load serves all
	current *view
	past    *view // of the last question about times that current knows too little of
	next    refreshing
}

// New returns an Evaluator.
func New(c Config) *Evaluator {
	if c.Lookback == 0 {
		c.Lookback = DefaultLookback
	}
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Patience == 0 {
		c.Patience = DefaultPatience
	}
	return &Evaluator{Config: c}
}

// view returns a view for a question about the time up to to, recent enough.
// Every ledger event is seen at once; crashes and exposure within the bounds of
// refreshing. A question about the far past, of which the current view holds less
// than half of what it looks back on, has a view of its own, up to the end of its
// day.
func (e *Evaluator) view(ctx context.Context, to time.Time) (*view, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	version, err := e.Store.Version(ctx)
	if err != nil {
		return nil, fmt.Errorf("version of the store: %w", err)
	}
	now := e.Now().UTC()
	slot, until := &e.current, now
	if to.Before(now.Add(-e.Lookback / 2)) {
		const day = 24 * time.Hour
		slot, until = &e.past, to.UTC().Truncate(day).Add(day)
		if e.past != nil && !e.past.at.Equal(until) {
			e.past = nil
		}
	}
	if v := *slot; v != nil {
		age := now.Sub(v.loaded)
		if age >= 0 && age < maxAge && v.version == version {
			return v, nil
		}
		if age >= 0 && age < max(minRefresh, refreshCost*v.cost) {
			*slot, err = e.renewed(ctx, v, version)
			return *slot, err
		}
		if slot == &e.current && age >= 0 && age < maxAge && v.cost > e.Patience {
			e.refresh(v)
			*slot, err = e.renewed(ctx, v, version)
			return *slot, err
		}
	}
	v, err := e.load(ctx, version, until)
	if err != nil {
		return nil, err
	}
	v.loaded = now
	*slot = v
	return v, nil
}

// renewed returns a view of the same population whose ledger is up to date, v
// itself beside an error.
func (e *Evaluator) renewed(ctx context.Context, v *view, version int64) (*view, error) {
	if v.ledgerVersion == version {
		return v, nil
	}
	events, err := e.Store.LedgerEvents(ctx)
	if err != nil {
		return v, fmt.Errorf("ledger: %w", err)
	}
	if len(events) == v.events {
		v.ledgerVersion = version
		return v, nil
	}
	book := ledger.Fold(events)
	for _, name := range book.SplitDimensions() {
		if _, read := v.columns[name]; !read {
			fresh, err := e.load(ctx, version, v.at) // a split looks at what was not read yet
			if err != nil {
				return v, err
			}
			fresh.loaded = v.loaded
			return fresh, nil
		}
	}
	return v.withLedger(book, len(events), version), nil
}
