package duckdb

import (
	"database/sql/driver"
	"encoding/json"
	"slices"

	duckdb "github.com/duckdb/duckdb-go/v2"

	"github.com/epicurve/epicurve/pkg/crash"
)

// records appends facts and detail of records that are new, numbered from next.
func (w *writer) records(records []*crash.Record, next, received int64) error {
	if err := w.fill(tableFacts, len(records), func(col string) cells { return w.factCells(col, records, next) }); err != nil {
		return err
	}
	return w.fill(tableDetail, len(records), func(col string) cells { return detailCells(col, records, next, received) })
}

// factCells returns the values of one column of facts.
func (w *writer) factCells(col string, records []*crash.Record, next int64) cells {
	switch col {
	case "seq":
		return func(i int) driver.Value { return next + int64(i) }
	case "id":
		return func(i int) driver.Value { return duckdb.UUID(records[i].ID) }
	case "ts":
		return func(i int) driver.Value { return records[i].Time.UnixMicro() }
	case column(fieldUptime):
		return func(i int) driver.Value { return optional(records[i].Host.UptimeSeconds) }
	}
	d := dimensionByColumn(col)
	if d.text {
		return func(i int) driver.Value { return *d.String(records[i]) }
	}
	code := w.dict.coder(col)
	return func(i int) driver.Value { return code(*d.String(records[i])) }
}

// dimensionByColumn returns the dimension that is kept in a column of our own
// tables.
func dimensionByColumn(name string) dimension {
	ds := dimensions()
	return ds[slices.IndexFunc(ds, func(d dimension) bool { return d.column == name })]
}

// detailCells returns the values of one column of detail.
func detailCells(col string, records []*crash.Record, next, received int64) cells {
	switch col {
	case "seq":
		return func(i int) driver.Value { return next + int64(i) }
	case "received":
		return func(int) driver.Value { return received }
	case "schema_version":
		return func(i int) driver.Value { return records[i].SchemaVersion }
	case "classifier_version":
		return func(i int) driver.Value { return records[i].ClassifierVersion }
	case "attributes":
		return func(i int) driver.Value { return asJSON(records[i].Attributes, len(records[i].Attributes)) }
	}
	for _, f := range detailFields() {
		if column(f.Name) == col {
			return func(i int) driver.Value { return detailValue(f, records[i]) }
		}
	}
	return func(int) driver.Value { return nil }
}

// detailValue returns a field's column value, nil when it is not known.
func detailValue(f crash.Field, r *crash.Record) driver.Value {
	switch {
	case f.Strings != nil:
		return asJSON(*f.Strings(r), len(*f.Strings(r)))
	case f.Bool != nil:
		return *f.Bool(r)
	case f.Int != nil:
		return optional(*f.Int(r))
	case f.Address != nil:
		return optional(*f.Address(r))
	case f.String != nil:
		if s := *f.String(r); s != "" {
			return s
		}
	}
	return nil
}

// optional returns a column value, nil when it is not known.
func optional[T any](v crash.Optional[T]) driver.Value {
	if !v.Known {
		return nil
	}
	return v.Value
}

// asJSON returns a list or map of texts as JSON, nil when it is empty.
func asJSON(v any, n int) driver.Value {
	if n == 0 {
		return nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil // lists and maps of texts always marshal
	}
	return string(b)
}
