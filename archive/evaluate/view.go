package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"time"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// view is the population at one moment, with what was concluded from it.
type view struct {
	at      time.Time // the evaluation's now: what is later is not in the view
	loaded  time.Time
	version int64 // of the store when the population was read
	cost    time.Duration

	population *epi.Population // nil while the archive holds no crash
	input      epi.Input
	rows       map[string][]int32 // by cluster key, and by class alone
	watched    int                // clusters with enough rows to be watched
	notices    []string

	book          *ledger.Book
	events        int   // number of ledger events that made the book
	ledgerVersion int64 // of the store when the ledger was read

	mu   sync.Mutex
	kept map[question]*answer
}

// question identifies an assessment within a view.
type question struct {
	cluster string
	now     int64 // Unix seconds
	detail  bool
}

// answer is an assessment that is made once.
type answer struct {
	once       sync.Once
	assessment epi.Assessment
	err        error
}

// load reads the store up to a moment and prepares the statistics.
func (e *Evaluator) load(ctx context.Context, version int64, now time.Time) (*view, error) {
	start := time.Now()
	events, err := e.Store.LedgerEvents(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	pop, err := e.Store.Population(ctx, store.PopulationRequest{
		Range: query.Range{From: now.Add(-e.Lookback), To: now}, Dimensions: dimensionNames(),
	})
	if err != nil {
		return nil, fmt.Errorf("population: %w", err)
	}
	v := &view{at: now, version: version, rows: map[string][]int32{}, kept: map[question]*answer{}}
	v.setLedger(events, version)
	if len(pop.Crashes.Time) > 0 {
		v.input, v.notices = input(pop, now)
		v.input.Parameters = e.Parameters
		if v.population, err = epi.NewPopulation(v.input); err != nil {
			return nil, fmt.Errorf("population: %w", err)
		}
		v.index()
	}
	v.cost = time.Since(start)
	return v, nil
}

func (v *view) setLedger(events []query.LedgerEvent, version int64) {
	v.book, v.events, v.ledgerVersion = ledger.Fold(events), len(events), version
}

// withLedger returns a view of the same population with another ledger; its
// assessments are made anew, because fixes count in them.
func (v *view) withLedger(events []query.LedgerEvent, version int64) *view {
	w := &view{
		at: v.at, loaded: v.loaded, version: v.version, cost: v.cost, population: v.population, input: v.input,
		rows: v.rows, watched: v.watched, notices: v.notices, kept: map[question]*answer{},
	}
	w.setLedger(events, version)
	return w
}

// index lists the rows of every cluster and class.
func (v *view) index() {
	for _, c := range v.population.Clusters() {
		class := crash.Class(c.Class)
		key := crash.ClusterKey(class, c.Signature)
		if c.Signature != "" {
			v.rows[c.Class] = append(v.rows[c.Class], c.Rows...)
		}
		v.rows[key] = append(v.rows[key], c.Rows...)
		if len(c.Rows) >= v.population.Parameters().VerdictMin {
			v.watched++
		}
	}
}

// members returns the rows of a cluster together with those of the clusters
// that were merged into it.
func (v *view) members(key string) []int32 {
	key = v.book.Canonical(key)
	rows := v.rows[key]
	entry, _ := v.book.Entry(key)
	for _, merged := range entry.Merged {
		rows = append(slices.Clip(rows), v.rows[merged]...)
	}
	return rows
}

// assess answers everything about one cluster at a moment, once.
func (v *view) assess(key string, now time.Time, detail bool) (epi.Assessment, error) {
	q := question{cluster: v.book.Canonical(key), now: now.Unix(), detail: detail}
	v.mu.Lock()
	a := v.kept[q]
	if a == nil {
		a = &answer{}
		v.kept[q] = a
	}
	v.mu.Unlock()
	a.once.Do(func() { a.assessment, a.err = v.ask(q.cluster, now, detail) })
	return a.assessment, a.err
}

func (v *view) ask(key string, now time.Time, detail bool) (epi.Assessment, error) {
	rows := v.members(key)
	if v.population == nil || len(rows) == 0 {
		return epi.Assessment{}, notFound(key)
	}
	entry, _ := v.book.Entry(key)
	return v.population.Evaluate(epi.Question{
		Name: key, Rows: rows, Marks: v.marks(entry.Fixes), Now: epi.DayOf(now), Detail: detail, Clusters: v.watched,
	})
}

// moment is the instant at which a request asks: the end of its range, but not
// later than what is known.
func (v *view) moment(req query.Request) time.Time {
	if to := req.Range.To; to.Before(v.at) {
		return to.Truncate(time.Second)
	}
	return v.at
}

// uptimeDays converts uptimes in seconds, -1 for unknown, to days.
func uptimeDays(seconds []int64) []float64 {
	known := false
	days := make([]float64, len(seconds))
	for i, s := range seconds {
		if s < 0 {
			days[i] = math.NaN()
			continue
		}
		known = true
		days[i] = float64(s) / (24 * 60 * 60)
	}
	if !known {
		return nil
	}
	return days
}
