package duckdb

import (
	"context"
	"database/sql"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// firstWindow is how far back the newest records are looked for at first; each
// further try looks four times as far.
const firstWindow = 24 * time.Hour

// Records finds the newest records' numbers first and reads the wide columns of
// those only.
func (s *Store) Records(ctx context.Context, req query.Request) (query.Records, error) {
	seqs, err := s.newest(ctx, req)
	if err != nil {
		return query.Records{}, fmt.Errorf("duckdb: newest records: %w", err)
	}
	records, err := s.read(ctx, seqs)
	if err != nil {
		return query.Records{}, fmt.Errorf("duckdb: read records: %w", err)
	}
	slices.SortFunc(records, func(a, b crash.Record) int {
		if c := b.Time.Compare(a.Time); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
	return query.Records{Records: records}, nil
}

// newest returns the numbers of the newest records that req selects.
func (s *Store) newest(ctx context.Context, req query.Request) ([]int64, error) {
	bounds, err := s.span(ctx)
	if err != nil || bounds.To.IsZero() {
		return nil, err
	}
	// Outside of what the archive holds there is nothing to look for.
	if req.Range.To.After(bounds.To) {
		req.Range.To = bounds.To
	}
	if req.Range.From.Before(bounds.From) {
		req.Range.From = bounds.From
	}
	whole := req.Range.From
	for window := firstWindow; ; window *= 4 {
		if req.Range.From = req.Range.To.Add(-window); req.Range.From.Before(whole) || window > query.MaxRange/4 {
			req.Range.From = whole
		}
		seqs, err := s.newestWithin(ctx, req)
		if err != nil {
			return nil, err
		}
		if len(seqs) >= req.Limit || !req.Range.From.After(whole) {
			return seqs, nil
		}
	}
}

// span returns the times of the oldest and newest crash; zero when there is none.
func (s *Store) span(ctx context.Context) (query.Range, error) {
	var first, last sql.NullInt64
	if err := s.db.QueryRowContext(ctx, "SELECT min(ts), max(ts) FROM "+tableFacts).Scan(&first, &last); err != nil || !first.Valid {
		return query.Range{}, err
	}
	return query.Range{From: fromMicro(first.Int64), To: fromMicro(last.Int64 + 1)}, nil
}

func (s *Store) newestWithin(ctx context.Context, req query.Request) (seqs []int64, err error) {
	w, err := s.selectFacts(req)
	if err != nil {
		return nil, err
	}
	rows, err := s.db.QueryContext(ctx, "SELECT seq FROM "+tableFacts+w.where()+" ORDER BY ts DESC, id LIMIT "+strconv.Itoa(req.Limit), w.args...)
	if err != nil {
		return nil, err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		var seq int64
		if err := rows.Scan(&seq); err != nil {
			return nil, err
		}
		seqs = append(seqs, seq)
	}
	return seqs, rows.Err()
}

// read returns the records with the given numbers, in no order.
func (s *Store) read(ctx context.Context, seqs []int64) ([]crash.Record, error) {
	records := make([]crash.Record, 0, len(seqs))
	if len(seqs) == 0 {
		return records, nil
	}
	byNumber := make(map[int64]*crash.Record, len(seqs))
	for _, seq := range seqs {
		records = append(records, crash.Record{})
		byNumber[seq] = &records[len(records)-1]
	}
	list := joinCodes(seqs)
	if err := s.readFacts(ctx, list, byNumber); err != nil {
		return nil, err
	}
	return records, s.readDetail(ctx, list, byNumber)
}

// byRow selects rows by their number; the inner look-up reads one narrow column
// and lets DuckDB fetch the wide ones of the rows found only.
func byRow(table, columns, list string) string {
	return "SELECT " + columns + " FROM " + table + " WHERE rowid IN (SELECT rowid FROM " + table + " WHERE seq IN (" + list + "))"
}

func (s *Store) readFacts(ctx context.Context, list string, records map[int64]*crash.Record) (err error) {
	dims := dimensions()
	cols := []string{"seq", "id", "ts", column(fieldUptime)}
	cells := make([]cell, len(dims))
	var seq, ts int64
	var id duckdb.UUID
	var uptime sql.NullInt64
	dest := []any{&seq, &id, &ts, &uptime}
	for i, d := range dims {
		cols = append(cols, d.column)
		dest = append(dest, cells[i].target(d))
	}
	rows, err := s.db.QueryContext(ctx, byRow(tableFacts, strings.Join(cols, ","), list))
	if err != nil {
		return err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		r := records[seq]
		r.ID, r.Time = crash.ID(id), fromMicro(ts)
		r.Host.UptimeSeconds = crash.Optional[int64]{Value: uptime.Int64, Known: uptime.Valid}
		for i, d := range dims {
			*d.String(r) = s.value(d, cells[i])
		}
	}
	return rows.Err()
}

func (s *Store) readDetail(ctx context.Context, list string, records map[int64]*crash.Record) (err error) {
	fields := detailFields()
	cols := []string{"seq", "schema_version", "classifier_version", "attributes"}
	var seq, schema, classifier int64
	var attributes sql.NullString
	dest := []any{&seq, &schema, &classifier, &attributes}
	cells := make([]detailCell, len(fields))
	for i, f := range fields {
		cols = append(cols, column(f.Name))
		dest = append(dest, cells[i].target(f))
	}
	rows, err := s.db.QueryContext(ctx, byRow(tableDetail, strings.Join(cols, ","), list))
	if err != nil {
		return err
	}
	defer closeRows(rows, &err)
	for rows.Next() {
		if err := rows.Scan(dest...); err != nil {
			return err
		}
		r := records[seq]
		r.SchemaVersion, r.ClassifierVersion = schema, classifier
		if attributes.Valid {
			if err := json.Unmarshal([]byte(attributes.String), &r.Attributes); err != nil {
				return fmt.Errorf("record %d: attributes: %w", seq, err)
			}
		}
		for i, f := range fields {
			if err := cells[i].set(f, r); err != nil {
				return fmt.Errorf("record %d: %s: %w", seq, f.Name, err)
			}
		}
	}
	return rows.Err()
}

// detailCell receives the column of one field.
type detailCell struct {
	text    sql.NullString
	flag    sql.NullBool
	number  sql.NullInt64
	address sql.Null[uint64]
}

func (c *detailCell) target(f crash.Field) any {
	switch {
	case f.Bool != nil:
		return &c.flag
	case f.Int != nil:
		return &c.number
	case f.Address != nil:
		return &c.address
	default:
		return &c.text
	}
}

func (c *detailCell) set(f crash.Field, r *crash.Record) error {
	switch {
	case f.Strings != nil:
		*f.Strings(r) = nil
		if c.text.Valid {
			return json.Unmarshal([]byte(c.text.String), f.Strings(r))
		}
	case f.Bool != nil:
		*f.Bool(r) = c.flag.Bool
	case f.Int != nil:
		*f.Int(r) = crash.Optional[int64]{Value: c.number.Int64, Known: c.number.Valid}
	case f.Address != nil:
		*f.Address(r) = crash.Optional[uint64]{Value: c.address.V, Known: c.address.Valid}
	default:
		*f.String(r) = c.text.String
	}
	return nil
}
