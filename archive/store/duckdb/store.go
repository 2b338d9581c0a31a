// Package duckdb is the embedded store of the crash archive: one file, written
// and read by DuckDB inside of the archive's process. No other process can open
// the file meanwhile, not even to read.
//
// Crashes are kept as small-integer codes in columns (see schema.go); the texts
// that the codes stand for live in Go maps and in a table that is written in the
// same transaction. Every commit is on disk before Append returns.
package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Options tune a store; the zero value is right for a machine of 2 cores.
type Options struct {
	// MemoryLimit is DuckDB's, such as "768MB" (the default). It is not a
	// hard cap on the process.
	MemoryLimit string
	// Threads is the number of threads of one query; 0 leaves it to DuckDB.
	Threads int
	// CheckpointThreshold is the size of the log at which a commit folds it
	// into the file; "64MB" is the default.
	CheckpointThreshold string
}

// Store keeps the population in one DuckDB file. It is safe for concurrent use.
type Store struct {
	db   *sql.DB
	path string
	opt  Options
	now  func() time.Time

	writing sync.Mutex // one writer at a time; guards next and the writes of dict
	next    int64      // seq of the next crash
	dict    *dictionary
	layout  map[string][]string // columns of each table, in the order of appenders

	records commits[crash.Record] // batches that wait for the writer
	slots   commits[crash.Exposure]

	tried map[triedKey]int64 // rows of days after they were folded; guarded by folds
	folds sync.Mutex

	seen    *seen
	exposed atomic.Bool  // whether any exposure is recorded
	version atomic.Int64 // rows of all sorts that were ever added
}

var _ store.Store = (*Store)(nil)

// Open opens the file at path, creates it when there is none, and brings its
// tables to this build's schema.
func Open(ctx context.Context, path string, opt Options) (*Store, error) {
	if path == "" {
		return nil, errors.New("duckdb: the path of the archive's file is empty; give one, such as duckdb:/var/lib/epicurve/archive.duckdb")
	}
	if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
		return nil, fmt.Errorf("duckdb: directory of the archive: %w", err)
	}
	connector, err := duckdb.NewConnector(path, func(e driver.ExecerContext) error { return configure(e, opt) })
	if err != nil {
		return nil, fmt.Errorf("duckdb: open %s: %w", path, err)
	}
	s := &Store{db: sql.OpenDB(connector), path: path, opt: opt, now: time.Now, tried: make(map[triedKey]int64)}
	s.records.commit, s.slots.commit = s.commitRecords, s.commitSlots
	s.db.SetMaxOpenConns(16)
	if err := s.load(ctx); err != nil {
		return nil, errors.Join(fmt.Errorf("duckdb: %s: %w", path, err), s.db.Close())
	}
	return s, nil
}

const defaultCheckpoint = "64MB"

// configure sets what was measured to matter. A larger perfect_ht_threshold is
// not among it: it made small groupings eight times as costly.
func configure(e driver.ExecerContext, opt Options) error {
	settings := []string{
		"SET memory_limit = '" + or(opt.MemoryLimit, "768MB") + "'",
		"SET checkpoint_threshold = '" + or(opt.CheckpointThreshold, defaultCheckpoint) + "'",
		"SET dynamic_or_filter_threshold = 500",
		"SET preserve_insertion_order = true",
		"SET autoinstall_known_extensions = false",
	}
	if opt.Threads > 0 {
		settings = append(settings, fmt.Sprintf("SET threads = %d", opt.Threads))
	}
	for _, q := range settings {
		if _, err := e.ExecContext(context.Background(), q, nil); err != nil {
			return fmt.Errorf("%s: %w", q, err)
		}
	}
	return nil
}

func or(s, fallback string) string {
	if s == "" {
		return fallback
	}
	return s
}

func (s *Store) load(ctx context.Context) error {
	if err := s.migrate(ctx); err != nil {
		return err
	}
	if err := s.loadCounts(ctx); err != nil {
		return err
	}
	dict, err := loadDictionary(ctx, s.db)
	if err != nil {
		return fmt.Errorf("read the dictionary: %w", err)
	}
	s.dict = dict
	if s.seen, err = loadSeen(ctx, s.db); err != nil {
		return fmt.Errorf("read when clusters were seen: %w", err)
	}
	return nil
}

// loadCounts reads where the numbering goes on, and whether there is exposure.
func (s *Store) loadCounts(ctx context.Context) error {
	var last sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT max(seq) FROM "+tableFacts).Scan(&last); err != nil {
		return fmt.Errorf("read the last sequence number: %w", err)
	}
	s.next = last.Int64 + 1
	var slots, events int64
	if err := s.db.QueryRowContext(ctx, "SELECT (SELECT coalesce(sum(slots), 0)::BIGINT FROM "+tableExposure+"), (SELECT count(*) FROM "+tableLedger+")").Scan(&slots, &events); err != nil {
		return fmt.Errorf("count exposure and ledger: %w", err)
	}
	s.exposed.Store(slots > 0)
	s.version.Store(last.Int64 + slots + events)
	return nil
}

// Close folds the log into the file and closes it.
func (s *Store) Close() error {
	s.writing.Lock()
	defer s.writing.Unlock()
	if err := s.db.Close(); err != nil {
		return fmt.Errorf("duckdb: close %s: %w", s.path, err)
	}
	return nil
}

// Stats counts rows and bytes on disk.
func (s *Store) Stats(ctx context.Context) (store.Stats, error) {
	st := store.Stats{Bytes: -1}
	err := s.db.QueryRowContext(ctx, "SELECT (SELECT count(*) FROM "+tableFacts+"), (SELECT coalesce(sum(slots), 0)::BIGINT FROM "+tableExposure+")").
		Scan(&st.Records, &st.Exposure)
	if err != nil {
		return store.Stats{}, fmt.Errorf("duckdb: stats: %w", err)
	}
	if fi, err := os.Stat(s.path); err == nil {
		st.Bytes = fi.Size()
		if wal, err := os.Stat(s.path + ".wal"); err == nil {
			st.Bytes += wal.Size()
		}
	}
	return st, nil
}
