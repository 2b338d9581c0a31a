package evaluate

import (
	"context"
	"errors"
	"runtime"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// Verdict answers everything about one cluster, with what people wrote about it.
func (e *Evaluator) Verdict(ctx context.Context, req query.Request) (query.Verdict, error) {
	v, err := e.view(ctx, req.Range.To)
	if err != nil {
		return query.Verdict{}, err
	}
	a, err := v.assess(req.Cluster, v.moment(req), true)
	if err != nil {
		return query.Verdict{}, err
	}
	entry, _ := v.book.Entry(req.Cluster)
	v = v.of(req.Cluster)
	q, err := v.quality(epi.DayOf(v.moment(req)))
	return query.Verdict{Meta: v.meta(), Assessment: a, Ledger: v.fill(entry, a), Quality: q}, err
}

// Contrast lists what is over-represented in a cluster.
func (e *Evaluator) Contrast(ctx context.Context, req query.Request) (query.Contrast, error) {
	v, rows, err := e.members(ctx, req)
	if err != nil {
		return query.Contrast{}, err
	}
	c, err := v.population.Contrast(rows, epi.DayOf(v.moment(req)), false)
	if err != nil {
		return query.Contrast{}, err
	}
	c.Rows = c.Rows[:min(len(c.Rows), req.Limit)]
	return query.Contrast{Meta: v.meta(), Cluster: v.book.Canonical(req.Cluster), Contrast: c}, nil
}

// Split says whether a cluster, or a whole class, is one disease or two. It
// searches by itself. With group by crash.class or crash.signature it parts by
// each of their values; with one filter, dimension = value, by that value.
func (e *Evaluator) Split(ctx context.Context, req query.Request) (query.Split, error) {
	v, rows, err := e.members(ctx, req)
	if err != nil {
		return query.Split{}, err
	}
	by, err := v.splitBy(req)
	if err != nil {
		return query.Split{}, err
	}
	s, err := v.population.SplitRows(rows, by, epi.DayOf(v.moment(req)))
	return query.Split{Meta: v.meta(), Split: s}, err
}

// splitBy reads by what a split is asked; nil asks for a search.
func (v *view) splitBy(req query.Request) (*epi.SplitBy, error) {
	switch {
	case len(req.Filters) == 0 && len(req.GroupBy) == 0:
		return nil, nil
	case len(req.Filters) == 0:
		label, ok := labels[req.GroupBy[0]]
		if !ok || len(req.GroupBy) > 1 {
			return nil, &query.FieldError{Field: "groupBy", Message: "a split takes crash.class or crash.signature"}
		}
		return &epi.SplitBy{Label: label}, nil
	}
	f := req.Filters[0]
	if len(req.Filters) > 1 || f.Op != query.OpIn || len(f.Values) != 1 {
		return nil, &query.FieldError{Field: "filters", Message: "a split takes at most one filter, dimension = value, by which it parts"}
	}
	if label, ok := labels[f.Dimension]; ok {
		return &epi.SplitBy{Label: label, Value: f.Values[0]}, nil
	}
	factor, known := v.factor(f.Dimension, f.Values[0])
	if !known {
		return nil, &query.FieldError{Field: "filters[0]", Message: "no crash or exposure has " + f.Dimension + " = " + f.Values[0] +
			", or the dimension is not compared; compared are crash.class, crash.signature, " + strings.Join(v.names(), ", ")}
	}
	return &epi.SplitBy{Factor: &factor}, nil
}

// labels are what people and classifiers called the crashes, by dimension.
var labels = map[string]string{"crash.class": "class", "crash.signature": "signature"}

// Clusters is the store's list with the evaluation's columns.
func (e *Evaluator) Clusters(ctx context.Context, req query.Request) (query.Clusters, error) {
	list, err := e.Store.Clusters(ctx, req)
	if err != nil {
		return list, err
	}
	v, err := e.view(ctx, req.Range.To)
	if err != nil {
		return list, err
	}
	if list, err = e.withParts(ctx, req, list, v.book); err != nil {
		return list, err
	}
	now := v.moment(req)
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range list.Clusters {
		c := &list.Clusters[i]
		g.Go(func() error {
			if err := ctx.Err(); err != nil {
				return err
			}
			a, err := v.assess(c.Key, now, false)
			if errors.Is(err, store.ErrNotFound) {
				return nil // newer than the view
			}
			if err == nil {
				entry, _ := v.book.Entry(c.Key)
				annotate(c, a, entry.Label)
			}
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return list, err
	}
	list.Notices = append(list.Notices, v.meta().Notices...)
	list.Quality, err = v.quality(epi.DayOf(now))
	return list, err
}

func annotate(c *query.Cluster, a epi.Assessment, label string) {
	c.State, c.Verdict, c.Grade, c.Sentence = string(a.State), string(a.Verdict.Kind), string(a.Grade), a.Sentence
	c.Label, c.New, c.OnHost = label, a.New.Alert, onHost(a.Verdict)
	if a.Surge != nil && a.Surge.Limit > 0 {
		c.Surge = a.Surge.Score / a.Surge.Limit
	}
	if a.Silence != nil {
		c.NeedUntil = a.Silence.NeedUntil
	}
	if o := a.Onset; o != nil && !o.Censored {
		c.Onset = &query.OnsetRange{From: o.Earliest, To: o.First}
	}
}

// onHost returns the host that all or most episodes share, "" if they share none.
func onHost(v epi.Verdict) string {
	if v.Best == nil || v.Kind != epi.KindAll && v.Kind != epi.KindMostly {
		return ""
	}
	for _, value := range v.Best.Values {
		if value.Dimension == "host.name" {
			return value.Value
		}
	}
	return ""
}

// members returns the rows of the request's cluster.
func (e *Evaluator) members(ctx context.Context, req query.Request) (*view, []int32, error) {
	v, err := e.view(ctx, req.Range.To)
	if err != nil {
		return nil, nil, err
	}
	v = v.of(req.Cluster)
	rows := v.members(req.Cluster)
	if v.population == nil || len(rows) == 0 {
		return nil, nil, notFound(req.Cluster)
	}
	return v, rows, nil
}

func notFound(key string) error {
	return &missing{key: key}
}

// missing says that a cluster is not in the archive.
type missing struct{ key string }

func (m *missing) Error() string {
	return "cluster “" + m.key + "” has no crash in the archive; a clusters query lists the keys"
}
func (m *missing) Unwrap() error { return store.ErrNotFound }

// meta tells what the reader must know about the population, and its age.
func (v *view) meta() query.Meta {
	notices := slices.Clone(v.notices)
	if age := v.age(); age != "" {
		notices = append(notices, age)
	}
	return query.Meta{Notices: notices}
}

// Answers are the questions that the evaluator answers, for the API.
func (e *Evaluator) Answers() map[query.Type]func(context.Context, query.Request) (any, error) {
	return map[query.Type]func(context.Context, query.Request) (any, error){
		query.TypeExposure:    func(ctx context.Context, r query.Request) (any, error) { return e.Exposure(ctx, r) },
		query.TypeClusters:    func(ctx context.Context, r query.Request) (any, error) { return e.Clusters(ctx, r) },
		query.TypeRecords:     func(ctx context.Context, r query.Request) (any, error) { return e.Records(ctx, r) },
		query.TypeTimeseries:  func(ctx context.Context, r query.Request) (any, error) { return e.Timeseries(ctx, r) },
		query.TypeVerdict:     func(ctx context.Context, r query.Request) (any, error) { return e.Verdict(ctx, r) },
		query.TypeContrast:    func(ctx context.Context, r query.Request) (any, error) { return e.Contrast(ctx, r) },
		query.TypeSplit:       func(ctx context.Context, r query.Request) (any, error) { return e.Split(ctx, r) },
		query.TypeLedger:      func(ctx context.Context, r query.Request) (any, error) { return e.Ledger(ctx, r) },
		query.TypeAnnotations: func(ctx context.Context, r query.Request) (any, error) { return e.Annotations(ctx, r) },
	}
}
