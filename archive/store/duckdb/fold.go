package duckdb

import (
	"context"
	"database/sql/driver"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
)

var _ store.Folder = (*Store)(nil)

const dayMicros = int64(24 * time.Hour / time.Microsecond)

// foldable are the tables of slots, with the column that is added up.
var foldable = []struct{ table, weight string }{{tableExposure, "covered"}, {tableExposed, "running"}}

// Fold joins slots that follow one another on the same host with the same
// dimensions into one row each, day by day: a year of 5,000 hosts is 525 million
// slots of 5 minutes, but 1.8 million rows. Slots that begin at or after before
// are left for later. It returns the number of rows that it saved.
func (s *Store) Fold(ctx context.Context, before time.Time) (saved int64, err error) {
	s.folds.Lock()
	defer s.folds.Unlock()
	for _, t := range foldable {
		days, err := s.unfolded(ctx, t.table, before)
		if err != nil {
			return saved, fmt.Errorf("duckdb: fold %s: %w", t.table, err)
		}
		for _, d := range days {
			n, err := s.foldDay(ctx, t.table, t.weight, d, before)
			if err != nil {
				return saved, fmt.Errorf("duckdb: fold %s of %s: %w", t.table, fromMicro(d.number*dayMicros).Format(time.DateOnly), err)
			}
			saved += n
		}
	}
	return saved, nil
}

// slotDay is a UTC day of slots.
type slotDay struct{ number, rows int64 }

// unfolded returns the days that have more rows than hosts, less those that were
// tried before and had as many rows then.
func (s *Store) unfolded(ctx context.Context, table string, before time.Time) (days []slotDay, err error) {
	q := fmt.Sprintf("SELECT CAST(floor(start / %d.0) AS BIGINT) d, count(*) n FROM %s WHERE start < %d GROUP BY d HAVING n > count(DISTINCT (host_id, host_name)) ORDER BY d",
		dayMicros, table, store.CeilMicro(before))
	err = s.stream(ctx, q, nil, func(row []driver.Value) {
		d := slotDay{row[0].(int64), row[1].(int64)}
		if s.tried[triedKey{table, d.number}] != d.rows {
			days = append(days, d)
		}
	})
	return days, err
}

type triedKey struct {
	table string
	day   int64
}

// foldDay folds one day's rows in one transaction.
func (s *Store) foldDay(ctx context.Context, table, weight string, d slotDay, before time.Time) (saved int64, err error) {
	s.writing.Lock()
	defer s.writing.Unlock()
	from, to := d.number*dayMicros, min((d.number+1)*dayMicros, store.CeilMicro(before))
	f := newFolding(s.layout[table], weight, (d.number+1)*dayMicros)
	err = s.transaction(ctx, func(w *writer) error {
		where := fmt.Sprintf(" FROM %s WHERE start >= %d AND start < %d", table, from, to)
		q := "SELECT " + strings.Join(s.layout[table], ", ") + where + " ORDER BY " + f.order()
		if err := streamOn(ctx, w.conn, q, nil, f.add); err != nil {
			return err
		}
		if saved = f.read - int64(len(f.rows)); saved == 0 {
			return nil
		}
		if _, err := w.conn.ExecContext(ctx, "DELETE"+where); err != nil {
			return err
		}
		return w.fill(table, len(f.rows), f.cells)
	})
	if err != nil {
		return 0, err
	}
	s.tried[triedKey{table, d.number}] = int64(len(f.rows))
	return saved, nil
}

// folding joins rows that come in order of the columns that must be equal, then
// of their start.
type folding struct {
	columns []string
	equal   []int // indexes of the columns that must be equal

	start, length, weight, slots, uptime, limited int // indexes; limited is -1 in tables without it

	end  int64 // of the day, in microseconds
	read int64
	rows [][]driver.Value
	each float64 // weight of a slot of the last row's first slot, in nanoseconds
	off  float64 // what the sum of its weights differs from that of such slots
}

func newFolding(columns []string, weight string, end int64) *folding {
	at := func(name string) int { return slices.Index(columns, name) }
	f := &folding{
		columns: columns, end: end, start: at("start"), length: at("length"), weight: at(weight),
		slots: at("slots"), uptime: at(column(fieldUptime)), limited: at("limited"),
	}
	for i := range columns {
		if i != f.start && i != f.length && i != f.weight && i != f.slots && i != f.uptime && i != f.limited {
			f.equal = append(f.equal, i)
		}
	}
	return f
}

func (f *folding) order() string {
	names := make([]string, 0, len(f.equal)+1)
	for _, i := range f.equal {
		names = append(names, f.columns[i])
	}
	return strings.Join(append(names, "start"), ", ")
}

// add takes the next row.
func (f *folding) add(row []driver.Value) {
	f.read++
	if n := len(f.rows); n > 0 && f.joins(f.rows[n-1], row) {
		last := f.rows[n-1]
		f.off += f.drift(row)
		for _, i := range []int{f.length, f.weight} {
			last[i] = last[i].(int64) + row[i].(int64)
		}
		last[f.slots] = last[f.slots].(int32) + row[f.slots].(int32)
		return
	}
	f.rows = append(f.rows, slices.Clone(row))
	f.each, f.off = float64(row[f.weight].(int64))/float64(row[f.slots].(int32)), 0
}

// drift is how much a row's weight differs from that of as many slots like the
// last row's first, in nanoseconds.
func (f *folding) drift(row []driver.Value) float64 {
	return float64(row[f.weight].(int64)) - f.each*float64(row[f.slots].(int32))
}

// maxDrift bounds what folding moves from one part of a day to another, in
// nanoseconds: the rounding of an exporter's clock.
const maxDrift = 50

// joins reports whether a row continues the last one: every answer is the same
// as of both.
func (f *folding) joins(last, row []driver.Value) bool {
	for _, i := range f.equal {
		if last[i] != row[i] {
			return false
		}
	}
	step := func(r []driver.Value) int64 { return r[f.length].(int64) / int64(r[f.slots].(int32)) }
	start, length := last[f.start].(int64), last[f.length].(int64)
	next := row[f.start].(int64)
	switch {
	case step(last) != step(row) || step(row)*int64(row[f.slots].(int32)) != row[f.length].(int64) || step(row)%1000 != 0:
		return false
	case start+length/1000 != next || next+row[f.length].(int64)/1000 > f.end:
		return false
	case f.limited >= 0 && (last[f.limited] != int64(0) || row[f.limited] != int64(0)):
		return false
	}
	if off := f.off + f.drift(row); off > maxDrift || off < -maxDrift {
		return false
	}
	before, known := last[f.uptime].(int64)
	after, knownToo := row[f.uptime].(int64)
	return known == knownToo && (!known || (next-start)%1e6 == 0 && after-before == (next-start)/1e6 && step(row)%1e9 == 0)
}

// cells returns the values of one column of the folded rows.
func (f *folding) cells(col string) cells {
	i := slices.Index(f.columns, col)
	return func(row int) driver.Value { return f.rows[row][i] }
}
