package duckdb

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

// Export writes one row a crash, in ascending order of time, with a column a
// field under the field's name; lists and further attributes are JSON.
func (s *Store) Export(ctx context.Context, path string, from, to time.Time) (records int64, err error) {
	if err := absent(path); err != nil {
		return 0, fmt.Errorf("duckdb: export: %w", err)
	}
	partial := path + ".partial"
	defer func() {
		if err != nil {
			err = errors.Join(fmt.Errorf("duckdb: export: %w", err), ignoreAbsent(os.Remove(partial)))
		}
	}()
	q := fmt.Sprintf("COPY (%s WHERE f.ts >= %d AND f.ts < %d ORDER BY f.ts, f.id) TO %s (FORMAT parquet, COMPRESSION zstd)",
		exportQuery(), store.CeilMicro(from), store.CeilMicro(to), quote(partial))
	done, err := s.db.ExecContext(ctx, q)
	if err != nil {
		return 0, err
	}
	if records, err = done.RowsAffected(); err != nil {
		return 0, err
	}
	return records, os.Rename(partial, path)
}

// exportQuery joins the facts with their detail and the texts of their codes.
func exportQuery() string {
	var cols, joins strings.Builder
	cols.WriteString(`f.id AS "crash.id", make_timestamp(f.ts) AS "crash.time"`)
	for i, d := range dimensions() {
		if d.text {
			fmt.Fprintf(&cols, `, f.%s AS "%s"`, d.column, d.Name)
			continue
		}
		fmt.Fprintf(&cols, `, coalesce(d%d.value, '') AS "%s"`, i, d.Name)
		fmt.Fprintf(&joins, " LEFT JOIN dict d%d ON d%d.dimension = '%s' AND d%d.code = f.%s", i, i, d.column, i, d.column)
	}
	fmt.Fprintf(&cols, `, f.%s AS "%s"`, column(fieldUptime), fieldUptime)
	for _, f := range detailFields() {
		fmt.Fprintf(&cols, `, t.%s AS "%s"`, column(f.Name), f.Name)
	}
	fmt.Fprintf(&cols, `, t.schema_version AS "%s", t.classifier_version AS "%s", t.attributes AS attributes`, crash.FieldSchemaVersion, crash.FieldClassifierVersion)
	return "SELECT " + cols.String() + " FROM facts f JOIN detail t USING (seq)" + joins.String()
}
