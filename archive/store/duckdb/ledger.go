package duckdb

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// AppendLedger adds events in one transaction and returns after it is on disk.
func (s *Store) AppendLedger(ctx context.Context, events []query.LedgerEvent) (store.Appended, error) {
	if len(events) == 0 {
		return store.Appended{}, nil
	}
	s.writing.Lock()
	defer s.writing.Unlock()
	var done store.Appended
	err := s.transaction(ctx, func(w *writer) error {
		known, err := w.knownEvents(ctx, events)
		if err != nil {
			return fmt.Errorf("look up known events: %w", err)
		}
		var fresh []query.LedgerEvent
		for _, e := range events {
			if !known[e.ID] {
				known[e.ID] = true
				fresh = append(fresh, e)
			}
		}
		done = store.Appended{Added: len(fresh), Duplicates: len(events) - len(fresh)}
		return w.events(fresh)
	})
	if err != nil {
		return store.Appended{}, fmt.Errorf("duckdb: append %d ledger events: %w", len(events), err)
	}
	s.version.Add(int64(done.Added))
	return done, nil
}

// knownEvents returns the ids of the batch that are in the ledger, by a join with
// a list, which reads only the id column.
func (w *writer) knownEvents(ctx context.Context, events []query.LedgerEvent) (known map[crash.ID]bool, err error) {
	known = make(map[crash.ID]bool)
	ids := make([]string, len(events))
	for i, e := range events {
		ids[i] = e.ID.String()
	}
	rows, err := w.conn.QueryContext(ctx, "SELECT id FROM "+tableLedger+" WHERE id IN (SELECT unnest(?::VARCHAR[])::UUID)", ids)
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

func (w *writer) events(events []query.LedgerEvent) error {
	texts := make([]string, len(events))
	for i, e := range events {
		b, err := json.Marshal(e)
		if err != nil {
			return fmt.Errorf("event %s: %w", e.ID, err)
		}
		texts[i] = string(b)
	}
	return w.fill(tableLedger, len(events), func(col string) cells {
		switch col {
		case "id":
			return func(i int) driver.Value { return duckdb.UUID(events[i].ID) }
		case "ts":
			return func(i int) driver.Value { return events[i].Time.UnixMicro() }
		case "cluster":
			return func(i int) driver.Value { return events[i].Cluster }
		default:
			return func(i int) driver.Value { return texts[i] }
		}
	})
}

// LedgerEvents returns every event.
func (s *Store) LedgerEvents(ctx context.Context) (events []query.LedgerEvent, err error) {
	rows, err := s.db.QueryContext(ctx, "SELECT event FROM "+tableLedger+" ORDER BY ts, id")
	if err != nil {
		return nil, fmt.Errorf("duckdb: ledger: %w", err)
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var text string
		if err := rows.Scan(&text); err != nil {
			return nil, fmt.Errorf("duckdb: ledger: %w", err)
		}
		var e query.LedgerEvent
		if err := json.Unmarshal([]byte(text), &e); err != nil {
			return nil, fmt.Errorf("duckdb: ledger event %.80q: %w", text, err)
		}
		events = append(events, e)
	}
	store.SortEvents(events)
	return events, rows.Err()
}
