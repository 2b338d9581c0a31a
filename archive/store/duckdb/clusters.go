package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// clusterCodes identify a cluster inside of the store.
type clusterCodes struct{ class, signature int32 }

const (
	colClass     = "crash_class"
	colSignature = "crash_signature"
)

// Clusters finds the largest clusters first, then asks for the details of those
// only.
func (s *Store) Clusters(ctx context.Context, req query.Request) (query.Clusters, error) {
	w, err := s.selectFacts(req)
	if err != nil {
		return query.Clusters{}, err
	}
	out, err := s.clusters(ctx, req, w)
	if err != nil {
		return query.Clusters{}, fmt.Errorf("duckdb: clusters: %w", err)
	}
	return out, nil
}

func (s *Store) clusters(ctx context.Context, req query.Request, w *selection) (query.Clusters, error) {
	top, total, err := s.largest(ctx, w, req.Limit)
	if err != nil {
		return query.Clusters{}, err
	}
	out := query.Clusters{Clusters: []query.Cluster{}, Total: total}
	if len(top) == 0 {
		return out, nil
	}
	rows := make(clusterRows, len(top))
	out.Clusters = make([]query.Cluster, len(top))
	for i, t := range top {
		t.row.FirstSeen, t.row.LastSeen = s.seen.of(t.codes, req.Suppressed)
		out.Clusters[i] = t.row
		rows[t.codes] = &out.Clusters[i]
	}
	inside := &selection{clauses: slices.Clone(w.clauses), args: w.args}
	inside.add(clusterFilter(top))
	if err := s.clusterDetails(ctx, req, inside, rows); err != nil {
		return query.Clusters{}, err
	}
	if err := s.clusterHosts(ctx, inside, rows); err != nil {
		return query.Clusters{}, err
	}
	return out, nil
}

// clusterRows finds the row of a cluster in the answer.
type clusterRows map[clusterCodes]*query.Cluster

type rankedCluster struct {
	codes clusterCodes
	row   query.Cluster
}

// largest returns the clusters with the most crashes, at most limit, and the
// number of all. Those that tie with the last one are read too, because the
// order among them is that of their keys, which the store does not have.
func (s *Store) largest(ctx context.Context, w *selection, limit int) (top []rankedCluster, total int64, err error) {
	q := "WITH g AS MATERIALIZED (SELECT " + colClass + " c, " + colSignature + " s, count(*) n FROM " + tableFacts + w.where() + " GROUP BY c, s)" +
		" SELECT c, s, n, (SELECT count(*) FROM g) FROM g WHERE n >= (SELECT min(n) FROM (SELECT n FROM g ORDER BY n DESC LIMIT " + strconv.Itoa(limit) + "))"
	rows, err := s.db.QueryContext(ctx, q, w.args...)
	if err != nil {
		return nil, 0, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var t rankedCluster
		if err := rows.Scan(&t.codes.class, &t.codes.signature, &t.row.Crashes, &total); err != nil {
			return nil, 0, err
		}
		t.row.Class = crash.Class(s.dict.value(colClass, t.codes.class))
		t.row.Signature = s.dict.value(colSignature, t.codes.signature)
		t.row.Key = crash.ClusterKey(t.row.Class, t.row.Signature)
		top = append(top, t)
	}
	slices.SortFunc(top, func(a, b rankedCluster) int {
		if a.row.Crashes != b.row.Crashes {
			return int(b.row.Crashes - a.row.Crashes)
		}
		return strings.Compare(a.row.Key, b.row.Key)
	})
	return top[:min(len(top), limit)], total, rows.Err()
}

// clusterFilter selects a superset of the clusters' rows: their signatures.
func clusterFilter(top []rankedCluster) string {
	sigs := make([]int32, len(top))
	for i, t := range top {
		sigs[i] = t.codes.signature
	}
	slices.Sort(sigs)
	return colSignature + " IN (" + joinCodes(slices.Compact(sigs)) + ")"
}

// each runs a query whose first two columns are a cluster's codes, scans the
// others into dest, and calls set for every row of a cluster that was asked for.
func (s *Store) each(ctx context.Context, q string, args []any, rows clusterRows, dest []any, set func(*query.Cluster)) (err error) {
	rs, err := s.db.QueryContext(ctx, q, args...)
	if err != nil {
		return err
	}
	defer closeRows(rs, &err)
	var k clusterCodes
	dest = append([]any{&k.class, &k.signature}, dest...)
	for rs.Next() {
		if err := rs.Scan(dest...); err != nil {
			return err
		}
		if c := rows[k]; c != nil {
			set(c)
		}
	}
	return rs.Err()
}

// grouped is a query over the clusters that w selects.
func grouped(columns string, w *selection, groupBy string) string {
	return "SELECT " + colClass + " c, " + colSignature + " s, " + columns + " FROM " + tableFacts + w.where() + " GROUP BY c, s" + groupBy
}

func (s *Store) clusterHosts(ctx context.Context, w *selection, rows clusterRows) error {
	var hosts int64
	return s.each(ctx, grouped("count(DISTINCT "+hostExpr+")", w, ""), w.args, rows, []any{&hosts},
		func(c *query.Cluster) { c.Hosts = hosts })
}

// maxTexts is the number of most frequent values that a cluster's row shows.
const maxTexts = 3

// clusterDetails reads the trend and the most frequent kinds, executables and
// signals of each cluster in one pass: within a signature these are few.
func (s *Store) clusterDetails(ctx context.Context, req query.Request, w *selection, rows clusterRows) error {
	from, width := store.TrendParts(req.Range)
	dims := dimensionsOf([]string{"crash.kind", "process.executable.name", "crash.signal"})
	cols := columnList("", dims)
	found := make(map[*query.Cluster]*[3]map[int64]int64)
	var part, n int64
	cells := make([]cell, len(dims))
	dest := []any{&part, &n}
	for i, d := range dims {
		dest = append(dest, cells[i].target(d))
	}
	q := grouped(fmt.Sprintf("(ts - %d) // %d p, count(*)%s", from, width, cols), w, ", p"+cols)
	err := s.each(ctx, q, w.args, rows, dest, func(c *query.Cluster) {
		if c.Trend == nil {
			c.Trend = make([]int64, query.TrendBuckets)
			found[c] = &[3]map[int64]int64{{}, {}, {}}
		}
		c.Trend[part] += n
		for i := range dims {
			found[c][i][cells[i].code] += n
		}
	})
	for c, counts := range found {
		if kinds := s.mostFrequent(dims[0], counts[0]); len(kinds) > 0 {
			c.Kind = crash.Kind(kinds[0])
		}
		c.Executables, c.Signals = s.mostFrequent(dims[1], counts[1]), s.mostFrequent(dims[2], counts[2])
	}
	return err
}

// mostFrequent returns the most frequent known texts of a dimension.
func (s *Store) mostFrequent(d dimension, counts map[int64]int64) []string {
	var values []query.DimensionValue
	for code, n := range counts {
		if text := s.dict.value(d.column, int32(code)); text != "" {
			values = append(values, query.DimensionValue{Value: text, Crashes: n})
		}
	}
	store.SortValues(values)
	texts := make([]string, 0, maxTexts)
	for _, v := range values[:min(len(values), maxTexts)] {
		texts = append(texts, v.Value)
	}
	return texts
}
