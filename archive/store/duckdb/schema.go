package duckdb

import (
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// The tables. All are append-only: no keys, no indexes, no updates, because
// upstream reports of corruption all need one of them, and because they halve
// ingest.
//
//	facts     one row a crash: seq, id, time, and one code column a dimension
//	detail    the other fields of a crash, joined by seq
//	dict      the texts that codes stand for, per dimension
//	exposure  one row a host and slot, or series of slots
//	exposed   one row a build that ran in a slot, or series of slots
//	runs      one row a slot of runs of an AI workflow
//	ledger    one row an event, as JSON
//	meta      the schema's version
const (
	tableFacts    = "facts"
	tableDetail   = "detail"
	tableDict     = "dict"
	tableExposure = "exposure"
	tableExposed  = "exposed"
	tableRuns     = "runs"
	tableLedger   = "ledger"
	tableMeta     = "meta"
)

// schemaVersion is the version of the tables' shape that this build writes. A
// new dimension or field needs no new version: its column is added when a store
// without it is opened.
const schemaVersion = 1

// openEnded names the dimensions whose values are nearly unique to a crash.
// They are kept as text: a dictionary of them would grow with the archive.
var openEnded = map[string]bool{
	"host.boot_id": true, "k8s.pod.name": true, "container.id": true,
}

// dimension is a dimension with its column.
type dimension struct {
	crash.Field
	column string
	text   bool // kept as text, not as a code
}

func (d dimension) columnType() string {
	if d.text {
		return "VARCHAR DEFAULT ''"
	}
	return "INTEGER DEFAULT 0"
}

// column names the column of a field: its name with underscores.
func column(field string) string { return strings.ReplaceAll(field, ".", "_") }

func dimensions() []dimension {
	var ds []dimension
	for _, f := range crash.Dimensions() {
		ds = append(ds, dimension{Field: f, column: column(f.Name), text: openEnded[f.Name]})
	}
	return ds
}

// fieldUptime is kept with the facts, because statistics read it of every crash.
const fieldUptime = "host.uptime_seconds"

// detailFields lists the fields that are kept in detail.
func detailFields() []crash.Field {
	var fs []crash.Field
	for _, f := range crash.Fields() {
		if !f.Dimension && f.Name != fieldUptime {
			fs = append(fs, f)
		}
	}
	return fs
}

func detailType(f crash.Field) string {
	switch {
	case f.Bool != nil:
		return "BOOLEAN"
	case f.Int != nil:
		return "BIGINT"
	case f.Address != nil:
		return "UBIGINT"
	default:
		return "VARCHAR" // texts, and lists as JSON
	}
}

// columnDef is one column of a table: its name and SQL type.
type columnDef struct{ name, sqlType string }

// table is the wanted shape of one table.
type table struct {
	name    string
	columns []columnDef
}

func dimensionsOf(names []string) []dimension {
	ds := make([]dimension, len(names))
	for i, name := range names {
		ds[i] = dimensionOf(name)
	}
	return ds
}

// exposureFields are the dimensions that exposure shares with crashes.
func exposureFields() []dimension { return dimensionsOf(store.HostDimensions()) }

// buildFields are the dimensions that an exposed build shares with crashes.
func buildFields() []dimension { return dimensionsOf(store.BuildDimensions()) }

// tables returns the wanted shape of the whole store.
func tables() []table {
	facts := []columnDef{{"seq", "BIGINT"}, {"id", "UUID"}, {"ts", "BIGINT"}, {column(fieldUptime), "BIGINT"}}
	for _, d := range dimensions() {
		facts = append(facts, columnDef{d.column, d.columnType()})
	}
	detail := []columnDef{
		{"seq", "BIGINT"}, {"received", "BIGINT"}, {"schema_version", "BIGINT"}, {"classifier_version", "BIGINT"}, {"attributes", "VARCHAR"},
	}
	for _, f := range detailFields() {
		detail = append(detail, columnDef{column(f.Name), detailType(f)})
	}
	exposure := []columnDef{
		{"start", "BIGINT"},
		{"length", "BIGINT"},
		{"covered", "BIGINT"},
		{"limited", "BIGINT DEFAULT 0"},
		{"slots", "INTEGER DEFAULT 1"}, // joined in this row, see Fold
		{"builds", "INTEGER"},
		{"host_boot_id", "VARCHAR"},
		{"host_uptime_seconds", "BIGINT"},
	}
	for _, d := range exposureFields() {
		exposure = append(exposure, columnDef{d.column, d.columnType()})
	}
	exposed := []columnDef{{"start", "BIGINT"}, {"length", "BIGINT"}, {"running", "BIGINT"}, {"slots", "INTEGER DEFAULT 1"}, {"host_uptime_seconds", "BIGINT"}}
	for _, d := range append(exposureFields(), buildFields()...) {
		exposed = append(exposed, columnDef{d.column, d.columnType()})
	}
	return []table{
		{tableMeta, []columnDef{{"version", "INTEGER"}}},
		{tableDict, []columnDef{{"dimension", "VARCHAR"}, {"code", "INTEGER"}, {"value", "VARCHAR"}}},
		{tableLedger, []columnDef{{"id", "UUID"}, {"ts", "BIGINT"}, {"cluster", "VARCHAR"}, {"event", "VARCHAR"}}},
		{tableFacts, facts},
		{tableDetail, detail},
		{tableExposure, exposure},
		{tableExposed, exposed},
		{tableRuns, runsColumns()},
	}
}
