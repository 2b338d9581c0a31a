package duckdb

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
)

// migrate brings the tables to the wanted shape. It runs alone, before any row
// is written, and ends with a checkpoint, because upstream reports of logs that
// can't be replayed mix ALTER with rows.
func (s *Store) migrate(ctx context.Context) error {
	layout, err := s.columns(ctx)
	if err != nil {
		return err
	}
	version, err := s.schemaVersion(ctx, layout)
	if err != nil {
		return err
	}
	if version > schemaVersion {
		return fmt.Errorf("%w: its schema is version %d, this build knows up to %d; install the newer build, or restore a backup from before",
			store.ErrNewerSchema, version, schemaVersion)
	}
	changed := false
	for _, t := range tables() {
		c, err := s.shape(ctx, t, layout[t.name])
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
		s.layout = layout
		return nil
	}
	if s.layout, err = s.columns(ctx); err != nil {
		return err
	}
	if _, err := s.db.ExecContext(ctx, "CHECKPOINT"); err != nil {
		return fmt.Errorf("checkpoint: %w", err)
	}
	return nil
}

// schemaVersion returns the version of the file's schema, 0 for an empty store.
func (s *Store) schemaVersion(ctx context.Context, layout map[string][]string) (int, error) {
	if len(layout[tableMeta]) == 0 {
		return 0, nil
	}
	var v sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT max(version) FROM "+tableMeta).Scan(&v); err != nil {
		return 0, fmt.Errorf("read schema version: %w", err)
	}
	return int(v.Int64), nil
}

// shape creates a table or adds the columns that it lacks to those that it has,
// and reports whether it did anything.
func (s *Store) shape(ctx context.Context, t table, have []string) (changed bool, err error) {
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
	for _, name := range have {
		if !known[name] {
			return false, fmt.Errorf("%w: column %s is not known to this build", store.ErrNewerSchema, name)
		}
	}
	for _, c := range t.columns {
		if slices.Contains(have, c.name) {
			continue
		}
		if _, err := s.db.ExecContext(ctx, "ALTER TABLE "+t.name+" ADD COLUMN "+c.name+" "+c.sqlType); err != nil {
			return false, fmt.Errorf("add column %s: %w", c.name, err)
		}
		changed = true
	}
	return changed, nil
}

// columns returns the columns of every table, in the order of appenders.
func (s *Store) columns(ctx context.Context) (layout map[string][]string, err error) {
	rows, err := s.db.QueryContext(ctx,
		"SELECT table_name, column_name FROM duckdb_columns() WHERE NOT internal AND database_name = current_database() ORDER BY table_name, column_index")
	if err != nil {
		return nil, fmt.Errorf("read the columns: %w", err)
	}
	defer closeRows(rows, &err)
	layout = make(map[string][]string)
	for rows.Next() {
		var table, name string
		if err := rows.Scan(&table, &name); err != nil {
			return nil, err
		}
		layout[table] = append(layout[table], name)
	}
	return layout, rows.Err()
}

// closeRows closes rows and keeps the first error.
func closeRows(rows *sql.Rows, err *error) { *err = errors.Join(*err, rows.Close()) }
