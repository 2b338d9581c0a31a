package duckdb

import (
	"context"
	"fmt"

	"github.com/epicurve/epicurve/archive/store"
)

// Verify counts and compares: every crash has its facts and its detail once, no
// id is there twice within the window, every code has a text, every event reads.
func (s *Store) Verify(ctx context.Context) (store.Check, error) {
	var c store.Check
	count := func(q string, to *int64) error { return s.db.QueryRowContext(ctx, q).Scan(to) }
	for _, t := range []struct {
		name, rows string
		to         *int64
	}{{tableFacts, "count(*)", &c.Records}, {tableExposure, "coalesce(sum(slots), 0)::BIGINT", &c.Exposure}, {tableLedger, "count(*)", &c.Ledger}} {
		if err := count("SELECT "+t.rows+" FROM "+t.name, t.to); err != nil {
			return c, fmt.Errorf("duckdb: verify: count %s: %w", t.name, err)
		}
	}
	window := fmt.Sprint(store.DedupeWindow.Microseconds())
	checks := []struct{ fault, query string }{
		{"crashes have no detail", "SELECT count(*) FROM facts ANTI JOIN detail USING (seq)"},
		{"details have no crash", "SELECT count(*) FROM detail ANTI JOIN facts USING (seq)"},
		{"numbers of crashes are given twice", "SELECT count(*) - count(DISTINCT seq) FROM facts"},
		{"numbers of details are given twice", "SELECT count(*) - count(DISTINCT seq) FROM detail"},
		{"crashes are there twice", "SELECT count(*) FROM (SELECT ts - lag(ts) OVER (PARTITION BY id ORDER BY ts) gap FROM facts WHERE id IN (SELECT id FROM facts GROUP BY id HAVING count(*) > 1)) WHERE gap <= " + window},
		{"ledger events are there twice", "SELECT count(*) - count(DISTINCT id) FROM ledger"},
	}
	for _, d := range dimensions() {
		if !d.text {
			checks = append(checks, struct{ fault, query string }{
				"crashes have a code of " + d.Name + " without a text",
				"SELECT count(*) FROM facts WHERE " + d.column + " <> 0 AND " + d.column + " NOT IN (SELECT code FROM dict WHERE dimension = '" + d.column + "')",
			})
		}
	}
	for _, check := range checks {
		var n int64
		if err := count(check.query, &n); err != nil {
			return c, fmt.Errorf("duckdb: verify: %s: %w", check.fault, err)
		}
		if n != 0 {
			c.Faults = append(c.Faults, fmt.Sprintf("%d %s", n, check.fault))
		}
	}
	if _, err := s.LedgerEvents(ctx); err != nil {
		c.Faults = append(c.Faults, err.Error())
	}
	return c, s.sum(ctx, &c)
}

// sum hashes every row of every table; rows are combined by exclusive or, so
// that their order does not matter.
func (s *Store) sum(ctx context.Context, c *store.Check) error {
	for _, t := range tables() {
		if t.name == tableMeta {
			continue
		}
		var h uint64
		if err := s.db.QueryRowContext(ctx, "SELECT coalesce(bit_xor(hash(t)), 0) FROM "+t.name+" t").Scan(&h); err != nil {
			return fmt.Errorf("duckdb: verify: sum of %s: %w", t.name, err)
		}
		c.Sum += fmt.Sprintf("%016x", h)
	}
	return nil
}
