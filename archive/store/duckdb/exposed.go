package duckdb

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

// relate turns counts into the measure that was asked for, and marks what is
// not known: no count of crashes is known where nothing watched.
func (t *timeseries) relate(ctx context.Context, series []query.Series) error {
	if t.req.Measure == query.MeasureShare {
		return t.share(ctx, series)
	}
	if !t.s.exposed.Load() && t.req.Measure != query.MeasureRate {
		return nil
	}
	cover, err := t.coverage(ctx)
	if err != nil {
		return err
	}
	for i := range series {
		days := cover.of(series[i], series)
		if t.req.Measure == query.MeasureRate {
			store.Rate(&series[i], days)
			continue
		}
		for j, v := range series[i].Values {
			if days[j] < store.LeastExposure && *v == 0 {
				series[i].Values[j] = nil
			}
		}
	}
	return nil
}

// share divides by all crashes of the selection in the bucket.
func (t *timeseries) share(ctx context.Context, series []query.Series) error {
	all := &timeseries{s: t.s, req: t.req, where: t.where, buckets: t.buckets, groups: []group{{}}}
	totals, err := all.counts(ctx)
	if err != nil {
		return err
	}
	for i := range series {
		for j, v := range series[i].Values {
			if totals[0][j] == 0 {
				series[i].Values[j] = nil
			} else {
				*v /= totals[0][j]
			}
		}
	}
	return nil
}

// coverage is the exposure of a time series' groups.
type coverage struct {
	dims  []dimension // the group-by dimensions that exposure has
	exact bool        // it has all of them
	by    map[string]*store.Coverage
	// labels are those of the groups in by, under the same keys.
	labels map[string]map[string]string
	total  *store.Coverage
}

// of returns the host-days of a series in each bucket.
func (c *coverage) of(series query.Series, all []query.Series) []float64 {
	if !series.Other {
		if found := c.by[c.key(series.Labels)]; found != nil {
			return found.Days
		}
		return make([]float64, len(c.total.Days))
	}
	days := slices.Clone(c.total.Days)
	if !c.exact {
		return days
	}
	for _, s := range all {
		if found := c.by[c.key(s.Labels)]; found != nil && !s.Other {
			for i, d := range found.Days {
				days[i] -= d
			}
		}
	}
	return days
}

func (c *coverage) key(labels map[string]string) string {
	var b strings.Builder
	for _, d := range c.dims {
		b.WriteString(labels[d.Name])
		b.WriteByte(0)
	}
	return b.String()
}

// coverage adds up the exposure of the request. A request that names a build or
// service, in a filter or group, is measured in the running time of builds.
func (t *timeseries) coverage(ctx context.Context) (c *coverage, err error) {
	names := store.HostDimensions()
	tableName, covered := tableExposure, "covered"
	if store.AboutBuilds(t.req) {
		names = append(names, store.BuildDimensions()...)
		tableName, covered = tableExposed, "running"
	}
	c = &coverage{exact: true, by: make(map[string]*store.Coverage), labels: make(map[string]map[string]string), total: store.NewCoverage(t.buckets, t.req.Range)}
	for _, d := range t.dims {
		if slices.Contains(names, d.Name) {
			c.dims = append(c.dims, d)
		} else {
			c.exact = false
		}
	}
	w := &selection{}
	from, to := store.CeilMicro(t.req.Range.From), store.CeilMicro(t.req.Range.To)
	w.add("start > ? AND start < ?", from-(24*time.Hour).Microseconds(), to)
	for _, f := range t.req.Filters {
		if slices.Contains(names, f.Dimension) {
			if err := t.s.selectFilter(w, f); err != nil {
				return nil, err
			}
		}
	}
	return c, t.s.addCoverage(ctx, c, t, tableName, covered, w)
}

func (s *Store) addCoverage(ctx context.Context, c *coverage, t *timeseries, tableName, covered string, w *selection) (err error) {
	cols := columnList("", c.dims)
	rows, err := s.db.QueryContext(ctx, "SELECT start, length, sum("+covered+")::DOUBLE / 86400e9"+cols+" FROM "+tableName+w.where()+" GROUP BY start, length"+cols, w.args...)
	if err != nil {
		return err
	}
	defer closeRows(rows, &err)
	var start, length int64
	var days float64
	cells := make([]cell, len(c.dims))
	dest := []any{&start, &length, &days}
	for i, d := range c.dims {
		dest = append(dest, cells[i].target(d))
	}
	labels := make(map[string]string)
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		for i, d := range c.dims {
			labels[d.Name] = s.value(d, cells[i])
		}
		key := c.key(labels)
		if c.by[key] == nil {
			c.by[key] = store.NewCoverage(t.buckets, t.req.Range)
			c.labels[key] = maps.Clone(labels)
		}
		for _, to := range []*store.Coverage{c.by[key], c.total} {
			to.Add(fromMicro(start), time.Duration(length), days)
		}
	}
	return rows.Err()
}

// Exposure adds up host-days, the largest groups first.
func (s *Store) Exposure(ctx context.Context, req query.Request) (query.Timeseries, error) {
	t := &timeseries{s: s, req: req, buckets: store.NewBuckets(req), dims: dimensionsOf(req.GroupBy)}
	cover, err := t.coverage(ctx)
	if err != nil {
		return query.Timeseries{}, fmt.Errorf("duckdb: exposure: %w", err)
	}
	return store.ExposureSeries(req, t.buckets, cover.by, cover.labels), nil
}
