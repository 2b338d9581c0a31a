package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
)

// migrate brings the tables to the wanted shape. It runs alone, before any row
// is written, and ends with a checkpoint, because upstream reports of logs that
// can't be replayed mix ALTER with rows.
func (s *Store) migrate(ctx context.Context) error {
	version, err := s.version(ctx)
	if err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("%w: its schema is version %d, this build knows up to %d; install the newer build, or restore a backup from before",
			store.ErrNewerSchema, version, schemaVersion)
	}
	changed := false
	for _, t := range tables() {
		c, err := s.shape(ctx, t)
		if err != nil {
			return fmt.Errorf("table %s: %w", t.name, err)
		}
		changed = changed || c
	}
	if version < schemaVersion {
		if _, err := s.db.ExecContext(ctx, fmt.Sprintf("INSERT INTO %s VALUES (%d)", tableMeta, schemaVersion)); err != nil {
			return fmt.Errorf("write schema version: %w", err)
		}
		changed = true
	}
	if !changed {
		return nil
	}
	if _, err := s.db.ExecContext(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// version returns the schema's version, 0 for an empty store.
func (s *Store) version(ctx context.Context) (int, error) {
	have, err := s.columns(ctx, tableMeta)
	if err != nil || len(have) == 0 {
		return 0, err
	}
	var v sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT max(version) FROM "+tableMeta).Scan(&v); err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return int(v.Int64), nil
}

// shape creates a table or adds the columns that it lacks, and reports whether
// it did anything.
func (s *Store) shape(ctx context.Context, t table) (changed bool, err error) {
	have, err := s.columns(ctx, t.name)
	if err != nil {
		return false, err
	}
	if len(have) == 0 {
		var defs []string
		for _, c := range t.columns {
			defs = append(defs, c.name+" "+c.sqlType)
		}
		_, err := s.db.ExecContext(ctx, "CREATE TABLE "+t.name+" ("+strings.Join(defs, ", ")+")")
		return true, err
	}
	known := make(map[string]bool)
	for _, c := range t.columns {
		known[c.name] = true
	}
	present := make(map[string]bool)
	for _, name := range have {
		if !known[name] {
			return false, fmt.Errorf("%w: column %s is not known to this build", store.ErrNewerSchema, name)
		}
		present[name] = true
	}
	for _, c := range t.columns {
		if present[c.name] {
			continue
		}
		if _, err := s.db.ExecContext(ctx, "ALTER TABLE "+t.name+" ADD COLUMN "+c.name+" "+c.sqlType); err != nil {
			return false, fmt.Errorf("add column %s: %w", c.name, err)
		}
		changed = true
	}
	return changed, nil
}

// columns returns a table's columns in their order, none when there is no table.
func (s *Store) columns(ctx context.Context, name string) (names []string, err error) {
	rows, err := s.db.QueryContext(ctx,
		"SELECT column_name FROM duckdb_columns() WHERE table_name = ? AND database_name = current_database() ORDER BY column_index", name)
	if err != nil {
		return nil, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var n string
		if err := rows.Scan(&n); err != nil {
			return nil, err
		}
		names = append(names, n)
	}
	return names, rows.Err()
}

// closeRows closes rows and keeps the first error.
func closeRows(rows *sql.Rows, err *error) { *err = errors.Join(*err, rows.Close()) }
