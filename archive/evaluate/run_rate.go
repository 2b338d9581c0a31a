package evaluate

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// aboutWorkflows reports whether a request is about failures of AI workflows
// only: by its cluster, or by a filter on the class or source.
func aboutWorkflows(req query.Request) bool {
	if class, _, err := query.ParseCluster(req.Cluster); err == nil && req.Cluster != "" {
		return class == crash.ClassWorkflow
	}
	return slices.ContainsFunc(req.Filters, func(f query.Filter) bool {
		return f.Op == query.OpIn && len(f.Values) == 1 && f.Values[0] == string(crash.ClassWorkflow) &&
			(f.Dimension == "crash.class" || f.Dimension == "crash.source")
	})
}

// withoutWorkflows leaves workflows out of a rate per host-day, which their runs
// are no part of.
func withoutWorkflows(req query.Request) query.Request {
	req.Filters = append(slices.Clone(req.Filters), crashes().filter())
	return req
}

// runRate divides failures by runs: a rate is failures per run. Filters and groups
// that runs are not counted by can't be divided, but those on the class, the
// source and the category, which every run is at risk of.
func (e *Evaluator) runRate(ctx context.Context, req query.Request) (query.Timeseries, error) {
	keeper, ok := e.Store.(store.Runs)
	if !ok {
		return query.Timeseries{}, fmt.Errorf("rates of workflows: %w", store.ErrUnsupported)
	}
	if err := checkRuns(req); err != nil {
		return query.Timeseries{}, err
	}
	counts := req
	counts.Measure = query.MeasureCrashes
	out, err := e.Store.Timeseries(ctx, counts)
	if err != nil {
		return out, err
	}
	r := query.Range{From: req.Range.From.UTC().Truncate(24 * time.Hour), To: req.Range.To}
	days, err := keeper.RunsByDay(ctx, r)
	if err != nil {
		return out, err
	}
	out.Series = slices.DeleteFunc(out.Series, func(s query.Series) bool { return s.Other })
	for i := range out.Series {
		c := store.NewCoverage(store.NewBuckets(req), req.Range)
		for _, d := range days {
			if runsMatch(d, req.Filters, out.Series[i].Labels) {
				c.Add(time.Unix(int64(d.Day)*86400, 0).UTC(), 24*time.Hour, d.Count)
			}
		}
		for j, v := range out.Series[i].Values {
			if v == nil { // no host was watched, which says nothing of runs
				out.Series[i].Values[j] = new(float64)
			}
		}
		store.Rate(&out.Series[i], c.Days)
	}
	return out, nil
}

// runsExposure counts runs in buckets, by the groups that runs know. Days are
// spread evenly over shorter buckets.
func (e *Evaluator) runsExposure(ctx context.Context, req query.Request) (query.Timeseries, error) {
	keeper, ok := e.Store.(store.Runs)
	if !ok {
		return query.Timeseries{}, fmt.Errorf("runs of workflows: %w", store.ErrUnsupported)
	}
	if err := checkRuns(req); err != nil {
		return query.Timeseries{}, err
	}
	days, err := keeper.RunsByDay(ctx, query.Range{From: req.Range.From.UTC().Truncate(24 * time.Hour), To: req.Range.To})
	if err != nil {
		return query.Timeseries{}, err
	}
	buckets := store.NewBuckets(req)
	out := query.Timeseries{Interval: query.Duration(buckets.Interval), Times: buckets.Starts, Series: []query.Series{}}
	by := map[string]*store.Coverage{}
	var series []query.Series
	for _, d := range days {
		labels := runLabels(d, req.GroupBy)
		if !runsMatch(d, req.Filters, nil) {
			continue
		}
		key := fmt.Sprint(labels)
		if by[key] == nil {
			by[key] = store.NewCoverage(buckets, req.Range)
			series = append(series, query.Series{Labels: labels})
		}
		by[key].Add(time.Unix(int64(d.Day)*86400, 0).UTC(), 24*time.Hour, d.Count)
	}
	for _, s := range series {
		for _, n := range by[fmt.Sprint(s.Labels)].Days {
			s.Values = append(s.Values, &n)
			s.Total += n
		}
		out.Series = append(out.Series, s)
	}
	store.SortSeries(out.Series, req.GroupBy)
	if len(out.Series) > req.TopK {
		out.Notices = append(out.Notices, fmt.Sprintf("%d kinds of runs are left out; the %d with the most runs are shown.", len(out.Series)-req.TopK, req.TopK))
		out.Series = out.Series[:req.TopK]
	}
	return out, nil
}

// runLabels are the values by which runs are grouped; what only failures have is
// not known of them.
func runLabels(d store.DayRuns, groupBy []string) map[string]string {
	labels := map[string]string{}
	for _, name := range groupBy {
		if at := slices.Index(crash.RunDimensions(), name); at >= 0 {
			labels[name] = d.Values[at]
		}
	}
	return labels
}

// atRisk are dimensions of failures alone: every run is at risk of each value.
var atRisk = []string{"crash.class", "crash.source", "crash.kind", "crash.signature", "workflow.judge", "workflow.label", "error.type"}

func checkRuns(req query.Request) error {
	can := append(crash.RunDimensions(), atRisk...)
	for i, name := range req.GroupBy {
		if !slices.Contains(can, name) {
			return &query.FieldError{Field: fmt.Sprintf("groupBy[%d]", i), Message: fmt.Sprintf("runs are not counted by %s; possible are %v", name, can)}
		}
	}
	for i, f := range req.Filters {
		if !slices.Contains(can, f.Dimension) {
			return &query.FieldError{Field: fmt.Sprintf("filters[%d].dimension", i), Message: fmt.Sprintf("runs are not counted by %s; possible are %v", f.Dimension, can)}
		}
	}
	return nil
}

// runsMatch reports whether runs pass the filters and have a series' labels.
func runsMatch(d store.DayRuns, filters []query.Filter, labels map[string]string) bool {
	for i, name := range crash.RunDimensions() {
		if want, grouped := labels[name]; grouped && d.Values[i] != want {
			return false
		}
		for _, f := range filters {
			if f.Dimension == name && !passes(f, d.Values[i]) {
				return false
			}
		}
	}
	return true
}

func passes(f query.Filter, value string) bool {
	switch f.Op {
	case query.OpIn:
		return slices.Contains(f.Values, value)
	case query.OpNotIn:
		return !slices.Contains(f.Values, value)
	}
	re, err := query.CompileMatch(f.Values[0])
	return err == nil && re.MatchString(value) == (f.Op == query.OpMatch)
}
