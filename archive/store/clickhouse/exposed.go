package clickhouse

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
	if t.req.Measure != query.MeasureRate {
		if exposed, err := t.exposed(ctx); err != nil || !exposed {
			return err
		}
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

// exposed reports whether any exposure is recorded.
func (r *reading) exposed(ctx context.Context) (bool, error) {
	n, err := r.number(ctx, "SELECT toInt64(1) FROM "+tableExposure+" LIMIT 1")
	return n > 0, err
}

// share divides by all crashes of the selection in the bucket.
func (t *timeseries) share(ctx context.Context, series []query.Series) error {
	totals := make([]float64, len(t.buckets.Starts))
	err := t.measured(ctx, t.where, nil, func(bucket int64, _ group, v float64) { totals[bucket] = v })
	if err != nil {
		return err
	}
	for i := range series {
		for j, v := range series[i].Values {
			if totals[j] == 0 {
				series[i].Values[j] = nil
			} else {
				*v /= totals[j]
			}
		}
	}
	return nil
}

// coverage is the exposure of a time series' groups.
type coverage struct {
	dims  []string // the group-by dimensions that exposure has
	exact bool     // it has all of them
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
		b.WriteString(labels[d])
		b.WriteByte(0)
	}
	return b.String()
}

// slots says where the exposure of a request is read: hosts, or the builds that
// ran on them when a filter or group names a service or build.
type slots struct {
	from    string // FROM clause
	covered string
	names   []string // dimensions that are known
}

func hostSlots() slots {
	return slots{from: final(tableExposure), covered: "covered", names: store.HostDimensions()}
}

func buildSlots() slots {
	var joined []string
	for _, d := range store.BuildDimensions() {
		joined = append(joined, "build_"+column(d)+" AS "+column(d))
	}
	return slots{
		from:    final(tableExposure) + " ARRAY JOIN build_running AS running, " + strings.Join(joined, ", "),
		covered: "running", names: append(store.HostDimensions(), store.BuildDimensions()...),
	}
}

// coverage adds up the exposure of the request.
func (t *timeseries) coverage(ctx context.Context) (*coverage, error) {
	from := hostSlots()
	if store.AboutBuilds(t.req) {
		from = buildSlots()
	}
	c := &coverage{exact: true, by: make(map[string]*store.Coverage), labels: make(map[string]map[string]string), total: store.NewCoverage(t.buckets, t.req.Range)}
	for _, d := range t.req.GroupBy {
		if slices.Contains(from.names, d) {
			c.dims = append(c.dims, d)
		} else {
			c.exact = false
		}
	}
	w := selection{fmt.Sprintf("start > %d AND start < %d", store.CeilMicro(t.req.Range.From)-day.Microseconds(), store.CeilMicro(t.req.Range.To))}
	for _, f := range t.req.Filters {
		if slices.Contains(from.names, f.Dimension) {
			condition, err := filter(f)
			if err != nil {
				return nil, err
			}
			w = append(w, condition)
		}
	}
	return c, t.addCoverage(ctx, c, from, w)
}

const day = 24 * time.Hour

func (t *timeseries) addCoverage(ctx context.Context, c *coverage, from slots, w selection) error {
	cols := columns(c.dims)
	if cols != "" {
		cols = ", " + cols
	}
	q := "SELECT start, length, toFloat64(sum(" + from.covered + ")) / 86400e9" + cols + from.from + w.where() + " GROUP BY start, length" + cols
	labels := make(map[string]string)
	return t.rows(ctx, q, func(d *rowDecoder) {
		start, length, days := d.int64(), d.int64(), d.float64()
		for _, name := range c.dims {
			labels[name] = d.text()
		}
		key := c.key(labels)
		if c.by[key] == nil {
			c.by[key] = store.NewCoverage(t.buckets, t.req.Range)
			c.labels[key] = maps.Clone(labels)
		}
		for _, to := range []*store.Coverage{c.by[key], c.total} {
			to.Add(fromMicro(start), time.Duration(length), days)
		}
	})
}

// Exposure adds up host-days, the largest groups first.
func (s *Store) Exposure(ctx context.Context, req query.Request) (query.Timeseries, error) {
	t := &timeseries{reading: s.reading(), req: req, buckets: store.NewBuckets(req)}
	cover, err := t.coverage(ctx)
	if err != nil {
		return query.Timeseries{}, fmt.Errorf("clickhouse: exposure: %w", err)
	}
	out := store.ExposureSeries(req, t.buckets, cover.by, cover.labels)
	if out.Meta, err = t.meta(ctx); err != nil {
		return query.Timeseries{}, fmt.Errorf("clickhouse: exposure: %w", err)
	}
	return out, nil
}
