package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Append adds records in one transaction and returns after it is on disk.
func (s *Store) Append(ctx context.Context, records []crash.Record) (store.Appended, error) {
	if len(records) == 0 {
		return store.Appended{}, nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	var done store.Appended
	var fresh []crash.Record
	err := s.transaction(ctx, func(w *writer) (err error) {
		if fresh, err = w.unknown(ctx, records); err != nil {
			return err
		}
		done = store.Appended{Added: len(fresh), Duplicates: len(records) - len(fresh)}
		return w.records(fresh, s.next, s.now().UnixMicro())
	})
	if err != nil {
		return store.Appended{}, fmt.Errorf("duckdb: append %d records: %w", len(records), err)
	}
	s.seen.note(s.dict, fresh)
	s.next += int64(done.Added)
	s.version.Add(int64(done.Added))
	return done, nil
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
// store.DedupeWindow of their time nor earlier in the batch, by time and id.
func (w *writer) unknown(ctx context.Context, records []crash.Record) (fresh []crash.Record, err error) {
	times, err := w.knownTimes(ctx, records)
	if err != nil {
		return nil, fmt.Errorf("look up known ids: %w", err)
	}
	window := store.DedupeWindow.Microseconds()
	for _, r := range records {
		ts := r.Time.UnixMicro()
		near := func(known int64) bool { return known-ts <= window && ts-known <= window }
		if slices.ContainsFunc(times[r.ID], near) {
			continue
		}
		times[r.ID] = append(times[r.ID], ts)
		fresh = append(fresh, r)
	}
	slices.SortStableFunc(fresh, func(a, b crash.Record) int { return a.Time.Compare(b.Time) })
	return fresh, nil
}

// knownTimes returns the times at which the batch's ids are in the store. Ids
// are looked for by a join with a list, which reads only the id column of the
// window, never an index.
func (w *writer) knownTimes(ctx context.Context, records []crash.Record) (times map[crash.ID][]int64, err error) {
	from, to := records[0].Time.UnixMicro(), records[0].Time.UnixMicro()
	ids := make([]string, len(records))
	for i, r := range records {
		from, to = min(from, r.Time.UnixMicro()), max(to, r.Time.UnixMicro())
		ids[i] = r.ID.String()
	}
	times = make(map[crash.ID][]int64)
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

// fill appends rows to a table. next returns a row's value by column; it
// returns nil after the last row.
func (w *writer) fill(name string, rows int, value func(row int, column string) driver.Value) error {
	if rows == 0 {
		return nil
	}
	columns := w.layout[name]
	return w.conn.Raw(func(c any) error {
		a, err := duckdb.NewAppenderFromConn(c.(driver.Conn), "", name)
		if err != nil {
			return fmt.Errorf("append to %s: %w", name, err)
		}
		args := make([]driver.Value, len(columns))
		for i := range rows {
			for j, col := range columns {
				args[j] = value(i, col)
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
	return w.fill(tableDict, len(rows), func(i int, col string) driver.Value {
		switch col {
		case "dimension":
			return rows[i].column
		case "code":
			return rows[i].code
		default:
			return rows[i].value
		}
	})
}

// records appends facts and detail of records that are new, numbered from next.
func (w *writer) records(records []crash.Record, next, received int64) error {
	byColumn := make(map[string]dimension)
	for _, d := range dimensions() {
		byColumn[d.column] = d
	}
	err := w.fill(tableFacts, len(records), func(i int, col string) driver.Value {
		r := &records[i]
		switch col {
		case "seq":
			return next + int64(i)
		case "id":
			return duckdb.UUID(r.ID)
		case "ts":
			return r.Time.UnixMicro()
		case column(fieldUptime):
			return optional(r.Host.UptimeSeconds)
		}
		d := byColumn[col]
		if d.text {
			return d.Text(r)
		}
		return w.dict.code(col, d.Text(r))
	})
	if err != nil {
		return err
	}
	fields := make(map[string]crash.Field)
	for _, f := range detailFields() {
		fields[column(f.Name)] = f
	}
	return w.fill(tableDetail, len(records), func(i int, col string) driver.Value {
		r := &records[i]
		switch col {
		case "seq":
			return next + int64(i)
		case "received":
			return received
		case "schema_version":
			return r.SchemaVersion
		case "classifier_version":
			return r.ClassifierVersion
		case "attributes":
			return asJSON(r.Attributes, len(r.Attributes))
		}
		return detailValue(fields[col], r)
	})
}

// detailValue returns a field's column value, nil when it is not known.
func detailValue(f crash.Field, r *crash.Record) driver.Value {
	switch {
	case f.Strings != nil:
		return asJSON(*f.Strings(r), len(*f.Strings(r)))
	case f.Bool != nil:
		return *f.Bool(r)
	case f.Int != nil:
		return optional(*f.Int(r))
	case f.Address != nil:
		return optional(*f.Address(r))
	case f.String != nil:
		if s := *f.String(r); s != "" {
			return s
		}
	}
	return nil
}

// optional returns a column value, nil when it is not known.
func optional[T any](v crash.Optional[T]) driver.Value {
	if !v.Known {
		return nil
	}
	return v.Value
}

// asJSON returns a list or map of texts as JSON, nil when it is empty.
func asJSON(v any, n int) driver.Value {
	if n == 0 {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil // lists and maps of texts always marshal
	}
	return string(b)
}
