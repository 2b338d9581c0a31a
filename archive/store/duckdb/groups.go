package duckdb

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

// groups runs a query that returns the dimensions' columns, a count, and the
// count of all, and sorts what it returns by count, descending, then by labels.
func (s *Store) groups(ctx context.Context, q string, args []any, dims []dimension) (groups []group, all int64, err error) {
	rows, err := s.db.QueryContext(ctx, q, args...)
	if err != nil {
		return nil, 0, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		g := group{cells: make([]cell, len(dims)), labels: make(map[string]string, len(dims))}
		dest := make([]any, 0, len(dims)+2)
		for i, d := range dims {
			dest = append(dest, g.cells[i].target(d))
		}
		if err := rows.Scan(append(dest, &g.total, &all)...); err != nil {
			return nil, 0, err
		}
		for i, d := range dims {
			g.labels[d.Name] = s.value(d, g.cells[i])
		}
		groups = append(groups, g)
	}
	slices.SortFunc(groups, func(a, b group) int {
		if a.total != b.total {
			return int(b.total - a.total)
		}
		for _, d := range dims {
			if c := strings.Compare(a.labels[d.Name], b.labels[d.Name]); c != 0 {
				return c
			}
		}
		return 0
	})
	return groups, all, rows.Err()
}

// DimensionValues lists the most frequent values, at most req.Limit.
func (s *Store) DimensionValues(ctx context.Context, name string, req query.Request) (query.DimensionValues, error) {
	w, err := s.selectFacts(req)
	if err != nil {
		return query.DimensionValues{}, err
	}
	d := dimensionOf(name)
	q := "WITH g AS MATERIALIZED (SELECT " + d.column + " v, count(*) n FROM " + tableFacts + w.where() + " GROUP BY v)" +
		" SELECT v, n, 0 FROM g WHERE n >= (SELECT min(n) FROM (SELECT n FROM g ORDER BY n DESC LIMIT " + strconv.Itoa(req.Limit) + "))"
	groups, _, err := s.groups(ctx, q, w.args, []dimension{d})
	if err != nil {
		return query.DimensionValues{}, fmt.Errorf("duckdb: values of %s: %w", name, err)
	}
	out := query.DimensionValues{Values: []query.DimensionValue{}}
	for _, g := range groups[:min(len(groups), req.Limit)] {
		out.Values = append(out.Values, query.DimensionValue{Value: g.labels[name], Crashes: g.total})
	}
	store.SortValues(out.Values)
	return out, nil
}
