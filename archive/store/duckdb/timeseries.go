package duckdb

import (
	"context"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

// Timeseries ranks the groups first, then counts the buckets of the largest
// ones and of the rest.
func (s *Store) Timeseries(ctx context.Context, req query.Request) (query.Timeseries, error) {
	w, err := s.selectFacts(req)
	if err != nil {
		return query.Timeseries{}, err
	}
	t := &timeseries{s: s, req: req, where: w, buckets: store.NewBuckets(req)}
	for _, name := range req.GroupBy {
		t.dims = append(t.dims, dimensionOf(name))
	}
	out, err := t.run(ctx)
	if err != nil {
		return query.Timeseries{}, fmt.Errorf("duckdb: timeseries: %w", err)
	}
	return out, nil
}

// timeseries is one question on its way to an answer.
type timeseries struct {
	s       *Store
	req     query.Request
	where   *selection
	buckets store.Buckets
	dims    []dimension

	groups []group // the largest, in the order of the answer's series
	rest   bool    // there are more
}

// group is one combination of values.
type group struct {
	cells  []cell
	labels map[string]string
	total  int64
}

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
		out.Series = append(out.Series, query.Series{Labels: g.labels, Total: t.total(g.total), Values: asValues(counts[i])})
	}
	if t.rest {
		last := len(t.groups)
		sum := 0.0
		if t.req.Measure == query.MeasureCrashes {
			for _, n := range counts[last] {
				sum += n
			}
		}
		out.Series = append(out.Series, query.Series{Labels: map[string]string{}, Other: true, Total: sum, Values: asValues(counts[last])})
	}
	if err := t.relate(ctx, out.Series); err != nil {
		return query.Timeseries{}, err
	}
	store.SortSeries(out.Series, t.req.GroupBy)
	return out, nil
}

func (t *timeseries) total(n int64) float64 {
	if t.req.Measure != query.MeasureCrashes {
		return 0
	}
	return float64(n)
}

func asValues(counts []float64) []*float64 {
	values := make([]*float64, len(counts))
	for i := range counts {
		values[i] = &counts[i]
	}
	return values
}

// rank finds the groups with the most crashes.
func (t *timeseries) rank(ctx context.Context) (err error) {
	if len(t.dims) == 0 {
		t.groups = []group{{labels: map[string]string{}}}
		return t.s.db.QueryRowContext(ctx, "SELECT count(*) FROM "+tableFacts+t.where.where(), t.where.args...).Scan(&t.groups[0].total)
	}
	cols := t.columns()
	q := "WITH g AS MATERIALIZED (SELECT " + cols + ", count(*) n FROM " + tableFacts + t.where.where() + " GROUP BY " + cols + ")" +
		" SELECT " + cols + ", n, (SELECT sum(n)::BIGINT FROM g) FROM g WHERE n >= (SELECT min(n) FROM (SELECT n FROM g ORDER BY n DESC LIMIT " + strconv.Itoa(t.req.TopK) + "))"
	var rest int64
	if t.groups, rest, err = t.s.groups(ctx, q, t.where.args, t.dims); err != nil {
		return err
	}
	t.groups = t.groups[:min(len(t.groups), t.req.TopK)]
	for _, g := range t.groups {
		rest -= g.total
	}
	t.rest = rest > 0
	return nil
}

func (t *timeseries) columns() string {
	cols := make([]string, len(t.dims))
	for i, d := range t.dims {
		cols[i] = d.column
	}
	return strings.Join(cols, ", ")
}

// counts returns the measure of every group, and of the rest if there is one,
// in every bucket.
func (t *timeseries) counts(ctx context.Context) (counts [][]float64, err error) {
	n := len(t.groups)
	if t.rest {
		n++
	}
	counts = make([][]float64, n)
	for i := range counts {
		counts[i] = make([]float64, len(t.buckets.Starts))
	}
	if len(t.groups) == 0 || len(t.buckets.Starts) == 0 {
		return counts, nil
	}
	join, series, args := t.series()
	q := "SELECT " + bucketExpr(t.buckets) + " b, " + series + " i, " + measureExpr(t.req.Measure) +
		" FROM " + tableFacts + join + t.where.where() + " GROUP BY b, i"
	rows, err := t.s.db.QueryContext(ctx, q, append(args, t.where.args...)...)
	if err != nil {
		return nil, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var bucket, i, v int64
		if err := rows.Scan(&bucket, &i, &v); err != nil {
			return nil, err
		}
		counts[i][bucket] = float64(v)
	}
	return counts, rows.Err()
}

// series returns a join and an expression that number a row's group; the rest
// has the number after the last.
func (t *timeseries) series() (join, expr string, args []any) {
	if len(t.dims) == 0 {
		return "", "0", nil
	}
	names, on := []string{"i"}, []string{}
	for i, d := range t.dims {
		names = append(names, "v"+strconv.Itoa(i))
		on = append(on, d.column+" = t.v"+strconv.Itoa(i))
	}
	rows := make([]string, len(t.groups))
	for i, g := range t.groups {
		values := []string{strconv.Itoa(i)}
		for j, d := range t.dims {
			if d.text {
				values = append(values, "?")
				args = append(args, g.cells[j].text)
			} else {
				values = append(values, strconv.FormatInt(g.cells[j].code, 10))
			}
		}
		rows[i] = "(" + strings.Join(values, ",") + ")"
	}
	kind, expr := " JOIN ", "t.i"
	if t.rest {
		kind, expr = " LEFT JOIN ", "coalesce(t.i, "+strconv.Itoa(len(t.groups))+")"
	}
	return kind + "(VALUES " + strings.Join(rows, ",") + ") t(" + strings.Join(names, ",") + ") ON " + strings.Join(on, " AND "), expr, args
}

func measureExpr(m query.Measure) string {
	if m == query.MeasureHosts {
		return "count(DISTINCT " + hostExpr + ")"
	}
	return "count(*)"
}

// bucketExpr numbers the bucket of a row's time by arithmetic, one division a
// run of equal buckets.
func bucketExpr(b store.Buckets) string {
	runs := b.Runs()
	number := func(r store.Run) string {
		return fmt.Sprintf("%d + (ts - %d) // %d", r.First, r.Start.UnixMicro(), r.Width/time.Microsecond)
	}
	if len(runs) == 1 {
		return number(runs[0])
	}
	var sql strings.Builder
	sql.WriteString("CASE")
	for _, r := range runs[:len(runs)-1] {
		fmt.Fprintf(&sql, " WHEN ts < %d THEN %s", r.End.UnixMicro(), number(r))
	}
	sql.WriteString(" ELSE " + number(runs[len(runs)-1]) + " END")
	return sql.String()
}
