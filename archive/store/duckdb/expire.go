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
		{r.Exposure, "SELECT count(*) FROM exposure WHERE start < ?", []string{"DELETE FROM exposed WHERE start < ?", "DELETE FROM exposure WHERE start < ?"}, &d.Exposure},
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
	if dry || d == (store.Deleted{}) {
		return d, nil
	}
	return d, s.afterExpire(ctx, d)
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
	s.version.Add(d.Records + d.Exposure + d.Ledger)
	return nil
}
