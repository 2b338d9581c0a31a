package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"math"
	"slices"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Append adds records in one transaction, together with those that others append
// meanwhile, and returns after it is on disk.
func (s *Store) Append(ctx context.Context, records []crash.Record) (store.Appended, error) {
	if len(records) == 0 {
		return store.Appended{}, nil
	}
	done, err := s.records.append(ctx, &s.writing, records)
	if err != nil {
		return store.Appended{}, fmt.Errorf("duckdb: append %d records: %w", len(records), err)
	}
	return done, nil
}

// commitRecords appends the new records of some batches in one transaction.
func (s *Store) commitRecords(ctx context.Context, batches []*batch[crash.Record]) error {
	var fresh []*crash.Record
	err := s.transaction(ctx, func(w *writer) (err error) {
		if fresh, err = w.unknown(ctx, batches); err != nil {
			return err
		}
		return w.records(fresh, s.next, s.now().UnixMicro())
	})
	if err != nil {
		return err
	}
	s.seen.note(s.dict, fresh)
	s.next += int64(len(fresh))
	s.version.Add(int64(len(fresh)))
	return nil
}

// writer is one write transaction. The caller holds the store's writing lock.
type writer struct {
	conn   *sql.Conn
	dict   *pending
	layout map[string][]string
}

// transaction runs write and the dictionary's new rows in one transaction; the
// dictionary in memory follows only after the commit.
func (s *Store) transaction(ctx context.Context, write func(*writer) error) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "BEGIN TRANSACTION"); err != nil {
		return err
	}
	w := &writer{conn: conn, dict: s.dict.begin(), layout: s.layout}
	err = write(w)
	if err == nil {
		err = w.flushDictionary()
	}
	// From here on the context no longer matters: a commit that is broken off
	// would leave open whether it happened.
	settle := context.WithoutCancel(ctx)
	if err == nil {
		if _, err = conn.ExecContext(settle, "COMMIT"); err == nil {
			w.dict.commit()
			return nil
		}
	}
	if _, rollback := conn.ExecContext(settle, "ROLLBACK"); rollback != nil {
		err = errors.Join(err, fmt.Errorf("roll back: %w", rollback))
	}
	return err
}

// unknown returns the records whose id is neither in the store within
// store.DedupeWindow of their time nor earlier in the batches, by time, and
// counts for each batch what it adds.
func (w *writer) unknown(ctx context.Context, batches []*batch[crash.Record]) (fresh []*crash.Record, err error) {
	times, err := w.knownTimes(ctx, batches)
	if err != nil {
		return nil, fmt.Errorf("look up known ids: %w", err)
	}
	window := store.DedupeWindow.Microseconds()
	for _, b := range batches {
		before := len(fresh)
		for i := range b.rows {
			r := &b.rows[i]
			ts := r.Time.UnixMicro()
			near := func(known int64) bool { return known-ts <= window && ts-known <= window }
			if slices.ContainsFunc(times[r.ID], near) {
				continue
			}
			times[r.ID] = append(times[r.ID], ts)
			fresh = append(fresh, r)
		}
		added := len(fresh) - before
		b.done = store.Appended{Added: added, Duplicates: len(b.rows) - added}
	}
	slices.SortStableFunc(fresh, func(a, b *crash.Record) int { return a.Time.Compare(b.Time) })
	return fresh, nil
}

// knownTimes returns the times at which the batches' ids are in the store. Ids
// are looked for by a join with a list, which reads only the id column of the
// window, never an index.
func (w *writer) knownTimes(ctx context.Context, batches []*batch[crash.Record]) (times map[crash.ID][]int64, err error) {
	from, to := int64(math.MaxInt64), int64(math.MinInt64)
	var ids []string
	for _, b := range batches {
		for i := range b.rows {
			ts := b.rows[i].Time.UnixMicro()
			from, to = min(from, ts), max(to, ts)
			ids = append(ids, b.rows[i].ID.String())
		}
	}
	times = make(map[crash.ID][]int64, len(ids))
	window := store.DedupeWindow.Microseconds()
	rows, err := w.conn.QueryContext(ctx, "SELECT id, ts FROM "+tableFacts+
		" WHERE ts BETWEEN ? AND ? AND id IN (SELECT unnest(?::VARCHAR[])::UUID)", from-window, to+window, ids)
	if err != nil {
		return nil, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var id duckdb.UUID
		var ts int64
		if err := rows.Scan(&id, &ts); err != nil {
			return nil, err
		}
		times[crash.ID(id)] = append(times[crash.ID(id)], ts)
	}
	return times, rows.Err()
}

// cells returns the values of one column by row; nil is NULL.
type cells func(row int) driver.Value

// fill appends rows to a table. of is asked once for each column.
func (w *writer) fill(name string, rows int, of func(column string) cells) error {
	if rows == 0 {
		return nil
	}
	columns := make([]cells, len(w.layout[name]))
	for i, col := range w.layout[name] {
		columns[i] = of(col)
	}
	return w.conn.Raw(func(c any) error {
		a, err := duckdb.NewAppenderFromConn(c.(driver.Conn), "", name)
		if err != nil {
			return fmt.Errorf("append to %s: %w", name, err)
		}
		args := make([]driver.Value, len(columns))
		for i := range rows {
			for j, cell := range columns {
				args[j] = cell(i)
			}
			if err := a.AppendRow(args...); err != nil {
				return errors.Join(fmt.Errorf("append to %s: %w", name, err), a.Close())
			}
		}
		if err := a.Close(); err != nil {
			return fmt.Errorf("append to %s: %w", name, err)
		}
		return nil
	})
}

func (w *writer) flushDictionary() error {
	rows := w.dict.rows
	return w.fill(tableDict, len(rows), func(column string) cells {
		switch column {
		case "dimension":
			return func(i int) driver.Value { return rows[i].column }
		case "code":
			return func(i int) driver.Value { return rows[i].code }
		default:
			return func(i int) driver.Value { return rows[i].value }
		}
	})
}
