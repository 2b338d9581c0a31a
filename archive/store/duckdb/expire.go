package duckdb

import (
	"context"
	"fmt"
	"time"

	"github.com/epicurve/epicurve/archive/store"
)

// Expire deletes in one transaction. The dictionary keeps its texts: codes are
// never reused.
func (s *Store) Expire(ctx context.Context, r store.Retention, dry bool) (store.Deleted, error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	var d store.Deleted
	var runs int64 // slots of runs, which count as exposure
	parts := []struct {
		before time.Time
		count  string
		delete []string
		n      *int64
	}{
		{r.Records, "SELECT count(*) FROM facts WHERE ts < ?", []string{"DELETE FROM detail WHERE seq IN (SELECT seq FROM facts WHERE ts < ?)", "DELETE FROM facts WHERE ts < ?"}, &d.Records},
		{r.Exposure, "SELECT coalesce(sum(least(slots, " + goneSlots + ")), 0)::BIGINT FROM exposure WHERE start < $1", []string{
			keepSlots(tableExposed, "running"), "DELETE FROM exposed WHERE start < $1", keepSlots(tableExposure, "covered"), "DELETE FROM exposure WHERE start < $1",
		}, &d.Exposure},
		{r.Exposure, "SELECT count(*) FROM runs WHERE start < ?", []string{"DELETE FROM runs WHERE start < ?"}, &runs},
		{r.Ledger, "SELECT count(*) FROM ledger WHERE ts < ?", []string{"DELETE FROM ledger WHERE ts < ?"}, &d.Ledger},
	}
	err := s.transaction(ctx, func(w *writer) error {
		for _, p := range parts {
			if p.before.IsZero() {
				continue
			}
			before := store.CeilMicro(p.before)
			if err := w.conn.QueryRowContext(ctx, p.count, before).Scan(p.n); err != nil {
				return err
			}
			if dry || *p.n == 0 {
				continue
			}
			for _, q := range p.delete {
				if _, err := w.conn.ExecContext(ctx, q, before); err != nil {
					return fmt.Errorf("%s: %w", q, err)
				}
			}
		}
		return nil
	})
	if err != nil {
		return store.Deleted{}, fmt.Errorf("duckdb: expire: %w", err)
	}
	d.Exposure += runs
	if !r.Registers.IsZero() {
		if d.Registers, err = s.dropRegisters(ctx, r.Registers, dry); err != nil {
			return store.Deleted{}, fmt.Errorf("duckdb: expire registers: %w", err)
		}
	}
	if dry || d == (store.Deleted{}) {
		return d, nil
	}
	return d, s.afterExpire(ctx, d)
}

// dropRegisters sets the registers of old crashes to NULL. It is the only update
// of a row in the store: no index is on the column that could go wrong with it.
func (s *Store) dropRegisters(ctx context.Context, before time.Time, dry bool) (n int64, err error) {
	const old = " FROM detail WHERE crash_registers IS NOT NULL AND seq IN (SELECT seq FROM facts WHERE ts < ?)"
	err = s.transaction(ctx, func(w *writer) error {
		if err := w.conn.QueryRowContext(ctx, "SELECT count(*)"+old, store.CeilMicro(before)).Scan(&n); err != nil || dry || n == 0 {
			return err
		}
		_, err := w.conn.ExecContext(ctx, "UPDATE detail SET crash_registers = NULL WHERE crash_registers IS NOT NULL AND seq IN (SELECT seq FROM facts WHERE ts < ?)", store.CeilMicro(before))
		return err
	})
	return n, err
}

// goneSlots counts the slots of a row that begin before $1.
const goneSlots = "(($1 - 1 - start) // (length // (1000 * slots)) + 1)"

// keepSlots writes what is left of rows of which only some slots begin before $1.
func keepSlots(table, weight string) string {
	return "INSERT INTO " + table + " SELECT * EXCLUDE (gone) REPLACE (" +
		"start + gone * (length // (1000 * slots)) AS start, length - gone * (length // slots) AS length, slots - gone AS slots, " +
		"round(" + weight + "::DOUBLE * (slots - gone) / slots)::BIGINT AS " + weight + ", " +
		"host_uptime_seconds + gone * (length // slots) // 1000000000 AS host_uptime_seconds) " +
		"FROM (SELECT *, " + goneSlots + " AS gone FROM " + table + " WHERE start < $1 AND slots > 1) WHERE gone < slots"
}

// afterExpire reads again what memory holds of the rows.
func (s *Store) afterExpire(ctx context.Context, d store.Deleted) error {
	fresh, err := loadSeen(ctx, s.db)
	if err != nil {
		return fmt.Errorf("duckdb: expire: read when clusters were seen: %w", err)
	}
	s.seen.mu.Lock()
	s.seen.by = fresh.by
	s.seen.mu.Unlock()
	var exposed bool
	if err := s.db.QueryRowContext(ctx, "SELECT EXISTS (SELECT 1 FROM "+tableExposure+")").Scan(&exposed); err != nil {
		return fmt.Errorf("duckdb: expire: %w", err)
	}
	s.exposed.Store(exposed)
	s.version.Add(d.Records + d.Exposure + d.Ledger + d.Registers)
	return nil
}
