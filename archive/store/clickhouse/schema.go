package clickhouse

import (
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// The tables. Rows are only added; what is there twice under the same key (a
// batch that was sent again after its answer got lost, or by two archives at the
// same time) is one row to every reader, because all of them read FINAL, and
// becomes one on disk when ClickHouse merges parts.
//
//	crashes   one row a crash, by time and id
//	exposure  one row a host and slot, with the builds that ran in it
//	runs      one row a slot of an AI workflow's runs
//	ledger    one row an event, as JSON
//	meta      the versions of the schema
const (
	tableCrashes  = "crashes"
	tableExposure = "exposure"
	tableRuns     = "runs"
	tableLedger   = "ledger"
	tableMeta     = "meta"
)

// schemaVersion is the version of the tables' shape that this build writes. A
// new dimension or field needs no new version: its column is added when a store
// without it is opened.
const schemaVersion = 1

// openEnded names the dimensions whose values are nearly unique to a crash; a
// dictionary of them would only cost.
var openEnded = map[string]bool{
	"host.boot_id": true, "k8s.pod.name": true, "container.id": true,
}

// column names the column of a field: its name with underscores.
func column(field string) string { return strings.ReplaceAll(field, ".", "_") }

// columnDef is one column of a table: its name and type.
type columnDef struct{ name, sqlType string }

const (
	typeInt   = "Int64"
	typeCoded = "LowCardinality(String)"
	typeText  = "String"
)

// table is the wanted shape of one table.
type table struct {
	name    string
	columns []columnDef
	order   string // the key: what is one row to readers
	part    string // expression that parts are kept apart by, if any
	shard   string // expression that rows are spread over shards by; none is a table that every node has whole
}

// year is the width of a partition of crashes and exposure, in microseconds of
// 365 days. A retention drops what is older; a batch touches few of them.
const year = "31536000000000"

// tables returns the wanted shape of the whole store.
func tables() []table {
	return []table{
		{name: tableMeta, columns: []columnDef{{"version", typeInt}, {"ver", "UInt64"}}, order: "version"},
		{name: tableLedger, columns: []columnDef{{"id", "FixedString(16)"}, {"ver", "UInt64"}, {"ts", typeInt}, {"received", typeInt}, {"cluster", typeText}, {"event", typeText}}, order: "id"},
		{name: tableCrashes, columns: crashColumns(), order: "ts, id", part: "intDiv(ts, " + year + ")", shard: "cityHash64(id)"},
		{name: tableExposure, columns: exposureColumns(), order: "start, host", part: "intDiv(start, " + year + ")", shard: "cityHash64(host)"},
		{name: tableRuns, columns: runsColumns(), order: "start, id", part: "intDiv(start, " + year + ")", shard: "cityHash64(id)"},
	}
}

// crashColumns lists the columns of crashes in the order of inserts. Of rows
// with the same key the one with the highest ver stays: ver falls with the time
// at which a row was received, so that the first one to come is kept.
func crashColumns() []columnDef {
	cols := []columnDef{
		{"ts", typeInt},
		{"id", "FixedString(16)"},
		{"ver", "UInt64"},
		{"received", typeInt},
		{"schema_version", typeInt},
		{"classifier_version", typeInt},
		{"attributes", typeText},
	}
	for _, f := range crash.Fields() {
		cols = append(cols, columnDef{column(f.Name), fieldType(f)})
	}
	return cols
}

func fieldType(f crash.Field) string {
	switch {
	case f.Strings != nil:
		return "Array(String)"
	case f.Bool != nil:
		return "UInt8"
	case f.Int != nil:
		return "Nullable(Int64)"
	case f.Address != nil:
		return "Nullable(UInt64)"
	case openEnded[f.Name]:
		return typeText
	default:
		return typeCoded
	}
}

// exposureColumns lists the columns of exposure in the order of inserts. host is
// store.SlotHost, build_… are parallel lists.
func exposureColumns() []columnDef {
	cols := []columnDef{
		{"start", typeInt},
		{"host", typeText},
		{"ver", "UInt64"},
		{"received", typeInt},
		{"length", typeInt},
		{"covered", typeInt},
		{"limited", typeInt},
		{"host_boot_id", typeText},
		{"host_uptime_seconds", "Nullable(Int64)"},
	}
	for _, d := range store.HostDimensions() {
		cols = append(cols, columnDef{column(d), typeCoded})
	}
	for _, d := range store.BuildDimensions() {
		cols = append(cols, columnDef{"build_" + column(d), "Array(String)"})
	}
	return append(cols, columnDef{"build_running", "Array(Int64)"})
}

// runsColumns lists the columns of runs in the order of inserts.
func runsColumns() []columnDef {
	cols := []columnDef{{"start", typeInt}, {"id", "FixedString(16)"}, {"ver", "UInt64"}, {"received", typeInt}, {"length", typeInt}, {"count", typeInt}}
	for _, d := range crash.RunDimensions() {
		cols = append(cols, columnDef{column(d), typeCoded})
	}
	return cols
}

// columnNames returns the columns for an INSERT.
func (t table) columnNames() string {
	names := make([]string, len(t.columns))
	for i, c := range t.columns {
		names[i] = c.name
	}
	return strings.Join(names, ", ")
}
