package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
)

var _ store.Maintainer = (*Store)(nil)

// quote makes a text literal of a file's path, the only text that DuckDB does
// not let us bind.
func quote(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// absent fails when there is something at path.
func absent(path string) error {
	if _, err := os.Lstat(path); err == nil {
		return fmt.Errorf("%s: %w", path, fs.ErrExist)
	} else if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Backup copies the tables into a new file.
func (s *Store) Backup(ctx context.Context, path string) (err error) {
	if err := absent(path); err != nil {
		return fmt.Errorf("duckdb: backup: %w", err)
	}
	partial := path + ".partial"
	if err := os.Remove(partial); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("duckdb: backup: %w", err)
	}
	if err := s.copyTo(ctx, partial); err != nil {
		return errors.Join(fmt.Errorf("duckdb: backup: %w", err), ignoreAbsent(os.Remove(partial)))
	}
	if err := os.Rename(partial, path); err != nil {
		return fmt.Errorf("duckdb: backup: %w", err)
	}
	return nil
}

func ignoreAbsent(err error) error {
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// copyTo attaches a new file and copies a snapshot of the database into it. The
// checkpoint threshold is raised meanwhile: a checkpoint beside the copy held a
// commit for 18 s when it was measured.
func (s *Store) copyTo(ctx context.Context, path string) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	var name string
	if err := conn.QueryRowContext(ctx, "SELECT current_database()").Scan(&name); err != nil {
		return err
	}
	settle := context.WithoutCancel(ctx)
	if _, err := conn.ExecContext(ctx, "SET checkpoint_threshold = '2GB'"); err != nil {
		return err
	}
	defer func() {
		_, reset := conn.ExecContext(settle, "SET checkpoint_threshold = "+quote(or(s.opt.CheckpointThreshold, defaultCheckpoint)))
		err = errors.Join(err, reset)
	}()
	if _, err := conn.ExecContext(ctx, "ATTACH "+quote(path)+" AS epicurve_backup"); err != nil {
		return err
	}
	defer func() {
		_, detach := conn.ExecContext(settle, "DETACH epicurve_backup")
		err = errors.Join(err, detach)
	}()
	_, err = conn.ExecContext(ctx, `COPY FROM DATABASE "`+strings.ReplaceAll(name, `"`, `""`)+`" TO epicurve_backup`)
	return err
}
