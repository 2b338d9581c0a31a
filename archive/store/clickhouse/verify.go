package clickhouse

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Verify counts every table as readers see it, sums all rows, and looks for ids
// that are there twice at different times within the window: two archives may
// have taken the same crash, dated differently, in the same moment.
func (s *Store) Verify(ctx context.Context) (store.Check, error) {
	var c store.Check
	var runs int64
	for _, t := range []struct {
		name string
		to   *int64
	}{{tableCrashes, &c.Records}, {tableExposure, &c.Exposure}, {tableLedger, &c.Ledger}, {tableRuns, &runs}} {
		var sum uint64
		q := "SELECT toInt64(count()), toUInt64(groupBitXor(" + rowHash(tableOf(t.name)) + "))" + final(t.name)
		if err := s.whole(ctx, q, func(d *rowDecoder) { *t.to, sum = d.int64(), d.uint64() }); err != nil {
			return c, fmt.Errorf("clickhouse: verify %s: %w", t.name, err)
		}
		c.Sum += fmt.Sprintf("%016x", sum)
	}
	twice, err := s.doubles(ctx)
	if err != nil {
		return c, fmt.Errorf("clickhouse: verify: %w", err)
	}
	if twice > 0 {
		c.Faults = append(c.Faults, fmt.Sprintf("%d crashes are there twice", twice))
	}
	if _, err := s.LedgerEvents(ctx); err != nil {
		c.Faults = append(c.Faults, err.Error())
	}
	return c, nil
}

// rowHash hashes a row's columns but ver, which says nothing of its content.
func rowHash(t table) string {
	var cols []string
	for _, c := range t.columns {
		switch {
		case c.name == "ver":
		case strings.HasPrefix(c.sqlType, "Nullable"):
			cols = append(cols, "isNull("+c.name+")", "assumeNotNull("+c.name+")")
		default:
			cols = append(cols, c.name)
		}
	}
	return "cityHash64(" + strings.Join(cols, ", ") + ")"
}

// doubles counts the records whose id is there before, within the window.
func (s *Store) doubles(ctx context.Context) (n int64, err error) {
	rows := tableCrashes
	if s.opt.Cluster != "" {
		rows = local(tableCrashes) // rows of one id are on one shard
	}
	q := "SELECT id, ts" + final(tableCrashes) + " WHERE id IN (SELECT id FROM " + rows + " GROUP BY id HAVING min(ts) != max(ts)) ORDER BY id, ts"
	var last crash.ID
	var at int64
	err = s.whole(ctx, q, func(d *rowDecoder) {
		id, ts := d.id(), d.int64()
		if id == last && ts-at <= store.DedupeWindow.Microseconds() {
			n++
		}
		last, at = id, ts
	})
	return n, err
}

// Backup is left to ClickHouse's own tools.
func (s *Store) Backup(context.Context, string) error {
	return fmt.Errorf("clickhouse: backup: %w; use ClickHouse's own: BACKUP DATABASE %s, or ALTER TABLE … FREEZE and a copy of its shadow folder",
		store.ErrUnsupported, s.opt.Database)
}

// Export writes one row a crash, in ascending order of time, with a column a
// field under the field's name; further attributes are JSON.
func (s *Store) Export(ctx context.Context, path string, from, to time.Time) (records int64, err error) {
	if !s.server.since(20, 1) {
		return 0, fmt.Errorf("clickhouse: export: %w by a server of version %d.%d, which writes no Parquet; 20.1 does", store.ErrUnsupported, s.server.major, s.server.minor)
	}
	if _, err := os.Stat(path); err == nil {
		return 0, fmt.Errorf("clickhouse: export: %s: %w", path, os.ErrExist)
	}
	partial := path + ".partial"
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("clickhouse: export: %w", err), ignoreAbsent(os.Remove(partial)))
		}
	}()
	where := fmt.Sprintf(" WHERE ts >= %d AND ts < %d", store.CeilMicro(from), store.CeilMicro(to))
	if err := s.whole(ctx, "SELECT toInt64(count())"+final(tableCrashes)+where, func(d *rowDecoder) { records = d.int64() }); err != nil {
		return 0, err
	}
	st := statement{sql: "SELECT " + exportColumns() + final(tableCrashes) + where + " ORDER BY ts, id FORMAT Parquet", database: s.opt.Database, tries: 2}
	answer, err := s.c.run(ctx, st)
	if err != nil {
		return 0, err
	}
	if err := os.WriteFile(partial, answer, 0o600); err != nil {
		return 0, err
	}
	return records, os.Rename(partial, path)
}

func ignoreAbsent(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return nil
	}
	return err
}

func exportColumns() string {
	const h = "lower(hex(id))"
	cols := []string{
		"concat(substring(" + h + ", 1, 8), '-', substring(" + h + ", 9, 4), '-', substring(" + h + ", 13, 4), '-', substring(" + h + ", 17, 4), '-', substring(" + h + ", 21, 12)) AS `" + crash.FieldID + "`",
		"fromUnixTimestamp64Micro(ts) AS `" + crash.FieldTime + "`",
		"schema_version AS `" + crash.FieldSchemaVersion + "`", "classifier_version AS `" + crash.FieldClassifierVersion + "`", "attributes",
	}
	for _, f := range crash.Fields() {
		cols = append(cols, column(f.Name)+" AS `"+f.Name+"`")
	}
	return strings.Join(cols, ", ")
}
