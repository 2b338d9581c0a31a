package duckdb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"strings"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

var _ store.Runs = (*Store)(nil)

// runsColumns is the shape of the table of runs. Values are texts: there are few
// of them, and the engine compresses what repeats.
func runsColumns() []columnDef {
	columns := []columnDef{{"id", "UUID"}, {"start", "BIGINT"}, {"length", "BIGINT"}, {"count", "BIGINT"}}
	for _, name := range crash.RunDimensions() {
		columns = append(columns, columnDef{column(name), "VARCHAR DEFAULT ''"})
	}
	return columns
}

// AppendRuns adds slots of runs in one transaction and returns after it is on disk.
func (s *Store) AppendRuns(ctx context.Context, runs []crash.Runs) (store.Appended, error) {
	if len(runs) == 0 {
		return store.Appended{}, nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	var done store.Appended
	err := s.transaction(ctx, func(w *writer) error {
		known, err := w.knownRuns(ctx, runs)
		if err != nil {
			return fmt.Errorf("look up known runs: %w", err)
		}
		var fresh []crash.Runs
		for _, r := range runs {
			if id := r.ID(); !known[id] {
				known[id] = true
				fresh = append(fresh, r)
			}
		}
		done = store.Appended{Added: len(fresh), Duplicates: len(runs) - len(fresh)}
		return w.runs(fresh)
	})
	if err != nil {
		return store.Appended{}, fmt.Errorf("duckdb: append %d slots of runs: %w", len(runs), err)
	}
	s.version.Add(int64(done.Added))
	return done, nil
}

func (w *writer) knownRuns(ctx context.Context, runs []crash.Runs) (known map[crash.ID]bool, err error) {
	known = make(map[crash.ID]bool)
	from, to := runs[0].Start.UnixMicro(), runs[0].Start.UnixMicro()
	for _, r := range runs {
		from, to = min(from, r.Start.UnixMicro()), max(to, r.Start.UnixMicro())
	}
	rows, err := w.conn.QueryContext(ctx, "SELECT id FROM "+tableRuns+" WHERE start BETWEEN ? AND ?", from, to)
	if err != nil {
		return nil, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var id duckdb.UUID
		if err := rows.Scan(&id); err != nil {
			return nil, err
		}
		known[crash.ID(id)] = true
	}
	return known, rows.Err()
}

func (w *writer) runs(runs []crash.Runs) error {
	names := make(map[string]string)
	for _, name := range crash.RunDimensions() {
		names[column(name)] = name
	}
	return w.fill(tableRuns, len(runs), func(col string) cells {
		switch col {
		case "id":
			return func(i int) driver.Value { return duckdb.UUID(runs[i].ID()) }
		case "start":
			return func(i int) driver.Value { return runs[i].Start.UnixMicro() }
		case "length":
			return func(i int) driver.Value { return runs[i].Length.Nanoseconds() }
		case "count":
			return func(i int) driver.Value { return runs[i].Count }
		default:
			name := names[col]
			return func(i int) driver.Value { return runs[i].Of[name] }
		}
	})
}

// RunsByDay sums in SQL.
func (s *Store) RunsByDay(ctx context.Context, r query.Range) (days []store.DayRuns, err error) {
	var cols []string
	for _, name := range crash.RunDimensions() {
		cols = append(cols, column(name))
	}
	list := strings.Join(cols, ", ")
	const dayMicros = "86400000000"
	q := "SELECT start // " + dayMicros + " - CASE WHEN start % " + dayMicros + " < 0 THEN 1 ELSE 0 END AS day, sum(count)::DOUBLE, " + list +
		" FROM " + tableRuns + " WHERE start >= ? AND start < ? GROUP BY day, " + list
	err = s.stream(ctx, q, []any{store.CeilMicro(r.From), store.CeilMicro(r.To)}, func(row []driver.Value) {
		d := store.DayRuns{Day: int32(row[0].(int64)), Count: row[1].(float64), Values: make([]string, len(cols))}
		for i := range cols {
			d.Values[i], _ = row[2+i].(string)
		}
		days = append(days, d)
	})
	if err != nil {
		return nil, fmt.Errorf("duckdb: runs: %w", err)
	}
	store.SortRuns(days)
	return days, nil
}
