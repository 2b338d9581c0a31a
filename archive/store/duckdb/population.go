package duckdb

import (
	"context"
	"database/sql"
	"database/sql/driver"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Version counts the rows that were ever added.
func (s *Store) Version(context.Context) (int64, error) { return s.version.Load(), nil }

// Population reads the columns of a range.
func (s *Store) Population(ctx context.Context, req store.PopulationRequest) (store.Population, error) {
	dims := dimensionsOf(req.Dimensions)
	p := store.Population{Values: make([][]string, len(dims))}
	codes := make([]*denseCodes, len(dims))
	for i, d := range dims {
		codes[i] = s.dense(d, &p.Values[i])
	}
	if err := s.crashColumns(ctx, req, append(s.ownColumns(&p), codedColumns(dims, codes, &p.Crashes)...), &p.Crashes); err != nil {
		return store.Population{}, fmt.Errorf("duckdb: population: %w", err)
	}
	if err := s.exposureColumns(ctx, req, dims, &p.Exposure, codes); err != nil {
		return store.Population{}, fmt.Errorf("duckdb: population's exposure: %w", err)
	}
	var err error
	if p.Limits, err = s.limits(ctx, req.Range); err != nil {
		return store.Population{}, fmt.Errorf("duckdb: population's limits: %w", err)
	}
	return p, nil
}

// denseCodes renumbers the values of one dimension in the order in which they
// are met, so that a dictionary holds only what is used.
type denseCodes struct {
	s     *Store
	d     dimension
	out   *[]string
	codes map[int32]int32
	texts map[string]int32
}

func (s *Store) dense(d dimension, out *[]string) *denseCodes {
	return &denseCodes{s: s, d: d, out: out, codes: make(map[int32]int32), texts: make(map[string]int32)}
}

// of returns the dense code of a stored cell, a code or a text.
func (c *denseCodes) of(v driver.Value) int32 {
	if text, ok := v.(string); ok {
		return c.text(text)
	}
	stored, _ := v.(int32)
	if n, ok := c.codes[stored]; ok {
		return n
	}
	n := c.text(c.s.dict.value(c.d.column, stored))
	c.codes[stored] = n
	return n
}

func (c *denseCodes) text(text string) int32 {
	n, ok := c.texts[text]
	if !ok {
		n = int32(len(*c.out))
		*c.out = append(*c.out, text)
		c.texts[text] = n
	}
	return n
}

// codedColumn is a column of crashes that is read as dense codes.
type codedColumn struct {
	name  string
	codes *denseCodes
	out   *[]int32
}

// ownColumns are the columns that only crashes have.
func (s *Store) ownColumns(p *store.Population) []codedColumn {
	var cols []codedColumn
	for _, c := range []struct {
		name   string
		values *[]string
		out    *[]int32
	}{
		{"crash.class", &p.Class, &p.Crashes.Class},
		{"crash.signature", &p.Signature, &p.Crashes.Signature},
		{"crash.source", &p.Source, &p.Crashes.Source},
		{"crash.signal", &p.Signal, &p.Crashes.Signal},
		{"host.boot_id", &p.Boot, &p.Crashes.Boot},
		{"process.executable.name", &p.Executable, &p.Crashes.Executable},
	} {
		d := dimensionOf(c.name)
		cols = append(cols, codedColumn{name: d.column, codes: s.dense(d, c.values), out: c.out})
	}
	return cols
}

func codedColumns(dims []dimension, codes []*denseCodes, out *store.PopulationCrashes) []codedColumn {
	out.Codes = make([][]int32, len(dims))
	cols := make([]codedColumn, len(dims))
	for i, d := range dims {
		cols[i] = codedColumn{name: d.column, codes: codes[i], out: &out.Codes[i]}
	}
	return cols
}

// crashColumns fills the columns of crashes. When a record was received and its
// process are kept with the detail, of which only these columns are read.
func (s *Store) crashColumns(ctx context.Context, req store.PopulationRequest, cols []codedColumn, out *store.PopulationCrashes) error {
	w, err := s.selectFacts(query.Request{Range: req.Range, Filters: req.Filters})
	if err != nil {
		return err
	}
	names := []string{"ts", column(fieldUptime), "received", "process_pid"}
	fixed := len(names)
	for _, c := range cols {
		names = append(names, c.name)
	}
	q := "SELECT " + strings.Join(names, ", ") + " FROM " + tableFacts +
		" LEFT JOIN (SELECT seq, received, process_pid FROM " + tableDetail + ") d USING (seq)" + w.where() + " ORDER BY ts, id"
	return s.stream(ctx, q, w.args, func(row []driver.Value) {
		out.Time = append(out.Time, row[0].(int64))
		out.HostUptime = append(out.HostUptime, known(row[1]))
		out.Received = append(out.Received, known(row[2]))
		out.PID = append(out.PID, known(row[3]))
		for i, c := range cols {
			*c.out = append(*c.out, c.codes.of(row[fixed+i]))
		}
	})
}

// limits reads the slots in which a host was at its limit, of which there are few.
func (s *Store) limits(ctx context.Context, r query.Range) ([]store.PopulationLimit, error) {
	days := make(map[store.PopulationLimit]float64)
	q := "SELECT start, limited, host_name, host_id FROM " + tableExposure + " WHERE limited > 0 AND start >= ? AND start < ?"
	err := s.stream(ctx, q, []any{store.CeilMicro(r.From), store.CeilMicro(r.To)}, func(row []driver.Value) {
		name, _ := row[2].(int32)
		id, _ := row[3].(int32)
		host := store.HostKey(crash.Host{Name: s.dict.value("host_name", name), ID: s.dict.value("host_id", id)})
		days[store.PopulationLimit{Day: store.DayOf(fromMicro(row[0].(int64))), Host: host}] += time.Duration(row[1].(int64)).Hours() / 24
	})
	return store.SortLimits(days), err
}

// known returns a number, -1 where it is not known.
func known(v driver.Value) int64 {
	if n, ok := v.(int64); ok {
		return n
	}
	return -1
}

// exposureColumns fills the columns of exposure, summed over days in SQL.
func (s *Store) exposureColumns(ctx context.Context, req store.PopulationRequest, dims []dimension, out *store.PopulationExposure, codes []*denseCodes) error {
	out.Codes = make([][]int32, len(dims))
	from, to := store.CeilMicro(req.Range.From), store.CeilMicro(req.Range.To)
	q := exposureByDay(dims, tableExposure, "covered", store.HostDimensions(), " AND builds = 0") + " UNION ALL " +
		exposureByDay(dims, tableExposed, "running", append(store.HostDimensions(), store.BuildDimensions()...), "") + " ORDER BY 1"
	q = strings.NewReplacer("{from}", strconv.FormatInt(from, 10), "{to}", strconv.FormatInt(to, 10)).Replace(q)
	return s.stream(ctx, q, nil, func(row []driver.Value) {
		if row[1].(float64) < store.LeastExposure {
			return
		}
		out.Day = append(out.Day, int32(row[0].(int64)))
		out.Days = append(out.Days, row[1].(float64))
		out.HostUptime = append(out.HostUptime, known(row[2]))
		for i := range dims {
			out.Codes[i] = append(out.Codes[i], codes[i].of(row[3+i]))
		}
	})
}

// exposureByDay cuts slots at midnight, of which a slot has at most one, and at
// the ends of the range, {from} and {to} in microseconds. The uptime of folded
// slots is that of the last one that begins within the range.
func exposureByDay(dims []dimension, tableName, weight string, has []string, also string) string {
	var cols strings.Builder
	for _, d := range dims {
		switch {
		case !slices.Contains(has, d.Name) && d.text:
			cols.WriteString(", '' AS " + d.column)
		case !slices.Contains(has, d.Name):
			cols.WriteString(", 0::INTEGER AS " + d.column)
		default:
			cols.WriteString(", " + d.column)
		}
	}
	names := columnList("p.", dims)
	const dayMicros = "86400000000"
	const part = "least(slots - 1, ({to} - 1 - start) // greatest(1, length // (1000 * slots)))" // number of the last slot
	const later = part + " * greatest(1, length // (1000 * slots))"
	return "SELECT day, sum(weight / 86400e9 * overlap * 1e3 / length)::DOUBLE, arg_max(up + (last - start) // 1000000, last)" + names + " FROM (" +
		"SELECT (start // " + dayMicros + " - CASE WHEN start % " + dayMicros + " < 0 THEN 1 ELSE 0 END) + k AS day, start, start + " + later + " AS last, length, " +
		weight + "::DOUBLE AS weight, host_uptime_seconds AS up, host_id AS h1, host_name AS h2, " +
		"least(start + length / 1e3, (day + 1) * " + dayMicros + ", {to}) - greatest(start, day * " + dayMicros + ", {from}) AS overlap" + cols.String() +
		" FROM " + tableName + ", (VALUES (0), (1)) parts(k) WHERE start > {from} - " + dayMicros + " AND start < {to}" + also + ") p WHERE overlap > 0 GROUP BY day, h1, h2" + names
}

// stream runs a query and hands over its rows without database/sql's copies;
// row is valid during the call only.
func (s *Store) stream(ctx context.Context, q string, args []any, each func(row []driver.Value)) (err error) {
	conn, err := s.db.Conn(ctx)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	return streamOn(ctx, conn, q, args, each)
}

// streamOn is stream on a connection, such as that of a transaction.
func streamOn(ctx context.Context, conn *sql.Conn, q string, args []any, each func(row []driver.Value)) (err error) {
	named := make([]driver.NamedValue, len(args))
	for i, a := range args {
		named[i] = driver.NamedValue{Ordinal: i + 1, Value: a}
	}
	return conn.Raw(func(c any) (err error) {
		rows, err := c.(driver.QueryerContext).QueryContext(ctx, q, named)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, rows.Close()) }()
		row := make([]driver.Value, len(rows.Columns()))
		for n := 0; ; n++ {
			if n%4096 == 0 && ctx.Err() != nil {
				return ctx.Err()
			}
			if err := rows.Next(row); errors.Is(err, io.EOF) {
				return nil
			} else if err != nil {
				return err
			}
			each(row)
		}
	})
}
