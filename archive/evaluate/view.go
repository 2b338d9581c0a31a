package evaluate

import (
	"context"
	"fmt"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// view is the population at one moment, with what was concluded from it.
type view struct {
	kind
	workflows *view // of the failures of AI workflows; nil in that view itself

	at      time.Time // the evaluation's now: what is later is not in the view
	loaded  time.Time
	version int64 // of the store when the population was read
	cost    time.Duration
	// outdated is set while a newer view is loaded; views of one population
	// share it.
	outdated *atomic.Bool

	population *epi.Population // nil while the archive holds no crash
	input      epi.Input
	rows       map[string][]int32 // by cluster key, and by class alone
	watched    int                // clusters with enough rows to be watched
	notices    []string
	columns    map[string]column // of every dimension that was read, by name

	book          *ledger.Book
	events        int                // number of ledger events that made the book
	ledgerVersion int64              // of the store when the ledger was read
	parted        map[string][]int32 // rows of the clusters that splits changed

	mu   sync.Mutex
	kept map[question]*answer
	// qualities are of the whole population, by the day of the question.
	qualities map[float64]*epi.Quality
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

// column is one dimension of every row.
type column struct {
	values []string
	codes  []int32
}

// load reads the store up to a moment and prepares the statistics of both
// populations.
func (e *Evaluator) load(ctx context.Context, version int64, now time.Time) (*view, error) {
	start := time.Now()
	events, err := e.Store.LedgerEvents(ctx)
	if err != nil {
		return nil, fmt.Errorf("ledger: %w", err)
	}
	book := ledger.Fold(events)
	v := &view{kind: crashes(), at: now, version: version, outdated: newOutdated()}
	v.workflows = &view{kind: workflows(), at: now, version: version, outdated: v.outdated}
	for _, w := range []*view{v, v.workflows} {
		if err := e.populate(ctx, w, book); err != nil {
			return nil, fmt.Errorf("population: %w", err)
		}
		w.setLedger(book, len(events), version)
	}
	v.cost = time.Since(start)
	return v, nil
}

// populate reads the rows of a view's kind.
func (e *Evaluator) populate(ctx context.Context, v *view, book *ledger.Book) error {
	v.rows, v.columns = map[string][]int32{}, map[string]column{}
	names := v.names()
	for _, name := range book.SplitDimensions() {
		if !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	r := query.Range{From: v.at.Add(-e.Lookback), To: v.at}
	pop, err := e.Store.Population(ctx, store.PopulationRequest{Range: r, Dimensions: names, Filters: []query.Filter{v.filter()}})
	if err != nil {
		return err
	}
	if v.workflow {
		if err := e.expose(ctx, r, names, &pop); err != nil {
			return err
		}
	}
	for d, name := range names {
		if len(pop.Crashes.Codes) > d {
			v.columns[name] = column{values: pop.Values[d], codes: pop.Crashes.Codes[d]}
		}
	}
	v.columns["crash.signal"] = column{values: pop.Signal, codes: pop.Crashes.Signal}
	if len(pop.Crashes.Time) == 0 {
		return nil
	}
	v.input, v.notices = v.kind.input(pop, v.at)
	v.input.Parameters = v.parameters(e.Parameters)
	if v.workflow {
		v.input.Unit = v.unit
	}
	if v.population, err = epi.NewPopulation(v.input); err != nil {
		return err
	}
	v.index()
	return nil
}

func (v *view) setLedger(book *ledger.Book, events int, version int64) {
	v.book, v.events, v.ledgerVersion = book, events, version
	v.kept = map[question]*answer{}
	v.part()
}

// withLedger returns a view of the same population with another ledger; its
// assessments are made anew, because fixes count in them.
func (v *view) withLedger(book *ledger.Book, events int, version int64) *view {
	w := &view{
		kind: v.kind, at: v.at, loaded: v.loaded, version: v.version, cost: v.cost, population: v.population, input: v.input,
		rows: v.rows, watched: v.watched, notices: v.notices, columns: v.columns, outdated: v.outdated,
	}
	if v.workflows != nil {
		w.workflows = v.workflows.withLedger(book, events, version)
	}
	w.setLedger(book, events, version)
	return w
}

// of returns the view that a cluster belongs to.
func (v *view) of(cluster string) *view {
	class, _, err := query.ParseCluster(cluster)
	if err == nil && class == crash.ClassWorkflow && v.workflows != nil {
		return v.workflows
	}
	return v
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
	if w := v.of(key); w != v {
		return w.members(key)
	}
	key = v.book.Canonical(key)
	rows := v.rowsOf(key)
	entry, _ := v.book.Entry(key)
	for _, merged := range entry.Merged {
		rows = append(slices.Clip(rows), v.rowsOf(merged)...)
	}
	return rows
}

// assess answers everything about one cluster at a moment, once.
func (v *view) assess(key string, now time.Time, detail bool) (epi.Assessment, error) {
	if w := v.of(key); w != v {
		return w.assess(key, now, detail)
	}
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
