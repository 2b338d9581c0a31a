package clickhouse

import (
	"context"
	"fmt"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

// Timeseries ranks the groups first, then counts the buckets of the largest
// ones and of the rest.
func (s *Store) Timeseries(ctx context.Context, req query.Request) (query.Timeseries, error) {
	w, err := selectCrashes(req)
	if err != nil {
		return query.Timeseries{}, err
	}
	t := &timeseries{reading: s.reading(), req: req, where: w, buckets: store.NewBuckets(req)}
	out, err := t.run(ctx)
	if err != nil {
		return query.Timeseries{}, fmt.Errorf("clickhouse: timeseries: %w", err)
	}
	return out, nil
}

// timeseries is one question on its way to an answer.
type timeseries struct {
	*reading
	req     query.Request
	where   selection
	buckets store.Buckets

	groups []group // the largest
	rest   bool    // there are more
}

// group is one combination of values of the group-by dimensions.
type group struct {
	values []string
	total  int64
}

func (g group) key() string { return strings.Join(g.values, "\x00") }

func (t *timeseries) run(ctx context.Context) (query.Timeseries, error) {
	if err := t.rank(ctx); err != nil {
		return query.Timeseries{}, err
	}
	counts, err := t.counts(ctx)
	if err != nil {
		return query.Timeseries{}, err
	}
	out := query.Timeseries{Interval: query.Duration(t.buckets.Interval), Times: t.buckets.Starts, Series: []query.Series{}}
	for i, g := range t.groups {
		out.Series = append(out.Series, t.series(g, counts[i]))
	}
	if t.rest {
		values := counts[len(t.groups)]
		other := query.Series{Labels: map[string]string{}, Other: true, Values: pointers(values)}
		if t.req.Measure == query.MeasureCrashes {
			for _, n := range values {
				other.Total += n
			}
		}
		out.Series = append(out.Series, other)
	}
	if err := t.relate(ctx, out.Series); err != nil {
		return query.Timeseries{}, err
	}
	store.SortSeries(out.Series, t.req.GroupBy)
	out.Meta, err = t.meta(ctx)
	return out, err
}

func (t *timeseries) series(g group, counts []float64) query.Series {
	s := query.Series{Labels: make(map[string]string, len(g.values)), Values: pointers(counts)}
	for i, v := range g.values {
		s.Labels[t.req.GroupBy[i]] = v
	}
	if t.req.Measure == query.MeasureCrashes {
		s.Total = float64(g.total)
	}
	return s
}

func pointers(counts []float64) []*float64 {
	values := make([]*float64, len(counts))
	for i := range counts {
		values[i] = &counts[i]
	}
	return values
}

// rank finds the groups with the most crashes, and whether there are more.
func (t *timeseries) rank(ctx context.Context) error {
	dims := t.req.GroupBy
	if len(dims) == 0 {
		n, err := t.number(ctx, "SELECT toInt64(count())"+final(tableCrashes)+t.where.where())
		t.groups = []group{{total: n}}
		return err
	}
	cols := columns(dims)
	q := "SELECT toInt64(count()) AS n, " + cols + final(tableCrashes) + t.where.where() +
		" GROUP BY " + cols + " ORDER BY n DESC, " + cols + " LIMIT " + integer(t.req.TopK+1)
	err := t.rows(ctx, q, func(d *rowDecoder) {
		g := group{total: d.int64()}
		for range dims {
			g.values = append(g.values, d.text())
		}
		t.groups = append(t.groups, g)
	})
	if len(t.groups) > t.req.TopK {
		t.groups, t.rest = t.groups[:t.req.TopK], true
	}
	return err
}

// counts returns the measure of every group, and of the rest if there is one,
// in every bucket.
func (t *timeseries) counts(ctx context.Context) ([][]float64, error) {
	n := len(t.groups)
	if t.rest {
		n++
	}
	counts := make([][]float64, n)
	for i := range counts {
		counts[i] = make([]float64, len(t.buckets.Starts))
	}
	if len(t.groups) == 0 || len(t.buckets.Starts) == 0 {
		return counts, nil
	}
	w := t.where
	if t.rest {
		w = w.with(t.among(true))
	}
	number := make(map[string]int, len(t.groups))
	for i, g := range t.groups {
		number[g.key()] = i
	}
	err := t.measured(ctx, w, t.req.GroupBy, func(bucket int64, g group, v float64) {
		if i, ok := number[g.key()]; ok {
			counts[i][bucket] = v
		}
	})
	if err == nil && t.rest {
		err = t.measured(ctx, t.where.with(t.among(false)), nil, func(bucket int64, _ group, v float64) { counts[n-1][bucket] = v })
	}
	return counts, err
}

// measured asks for the measure in every bucket of every group.
func (t *timeseries) measured(ctx context.Context, w selection, dims []string, each func(bucket int64, g group, v float64)) error {
	cols := columns(dims)
	if cols != "" {
		cols = ", " + cols
	}
	measure := "toInt64(count())"
	if t.req.Measure == query.MeasureHosts {
		measure = distinctHosts
	}
	q := "SELECT " + bucketExpr(t.buckets) + " AS b, " + measure + " AS n" + cols + final(tableCrashes) + w.where() + " GROUP BY b" + cols
	var outside error
	err := t.rows(ctx, q, func(d *rowDecoder) {
		bucket, v := d.int64(), d.int64()
		g := group{values: make([]string, len(dims))}
		for i := range dims {
			g.values[i] = d.text()
		}
		if bucket < 0 || bucket >= int64(len(t.buckets.Starts)) {
			outside = fmt.Errorf("bucket %d of %d", bucket, len(t.buckets.Starts))
			return
		}
		each(bucket, g, float64(v))
	})
	if err == nil {
		err = outside
	}
	return err
}

// among is the condition that a row belongs to one of the groups, or to none.
func (t *timeseries) among(yes bool) string {
	op := " IN "
	if !yes {
		op = " NOT IN "
	}
	dims := t.req.GroupBy
	list := make([]string, len(t.groups))
	for i, g := range t.groups {
		if list[i] = quote(g.values[0]); len(dims) > 1 {
			list[i] = quoteAll(g.values)
		}
	}
	cols := columns(dims)
	if len(dims) > 1 {
		cols = "(" + cols + ")"
	}
	return cols + op + "(" + strings.Join(list, ",") + ")"
}

// bucketExpr numbers the bucket of a row's time by arithmetic, one division a
// run of equal buckets.
func bucketExpr(b store.Buckets) string {
	runs := b.Runs()
	number := func(r store.Run) string {
		return fmt.Sprintf("toInt64(%d + intDiv(ts - (%d), %d))", r.First, r.Start.UnixMicro(), r.Width/time.Microsecond)
	}
	if len(runs) == 1 {
		return number(runs[0])
	}
	var sql strings.Builder
	sql.WriteString("multiIf(")
	for _, r := range runs[:len(runs)-1] {
		fmt.Fprintf(&sql, "ts < %d, %s, ", r.End.UnixMicro(), number(r))
	}
	sql.WriteString(number(runs[len(runs)-1]) + ")")
	return sql.String()
}
