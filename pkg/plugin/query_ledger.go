package plugin

import (
	"context"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// askLedger lists the nine fields of the failure population ledger, one row a
// cluster, or one row a fix (format "fixes").
func askLedger(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Ledger(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	var f *data.Frame
	switch q.Format {
	case FormatAuto, FormatTable:
		f = ledgerTable(answer.Entries)
	case FormatFixes:
		f = fixesTable(answer.Entries)
	default:
		return nil, formatError(q, FormatTable, FormatFixes)
	}
	frames := data.Frames{f}
	notify(frames, answer.Meta)
	return frames, nil
}

func ledgerTable(rows []query.LedgerEntry) *data.Frame {
	type row = query.LedgerEntry
	f := typed(data.FrameTypeTable,
		column("category", "Category", rows, func(r row) string { return r.Category }),
		column("first_seen", "First seen", rows, func(r row) *time.Time { return known(r.FirstSeen) }),
		column("last_seen", "Last seen", rows, func(r row) *time.Time { return known(r.LastSeen) }),
		column("surface", "Surface", rows, func(r row) string { return r.Surface }),
		column("input_type", "Input type", rows, func(r row) string { return r.InputType }),
		column("path", "Path", rows, func(r row) string { return r.Path }),
		column("environment", "Environment", rows, func(r row) string { return r.Environment }),
		column("label", "Reviewer label", rows, func(r row) string { return r.Label }),
		column("cluster", "Cluster", rows, func(r row) string { return r.Cluster }),
		column("cause", "Cause and mitigation", rows, causeAndMitigation),
		column("proof", "Proof of disappearance", rows, func(r row) string { return r.Proof }),
		column("state", "State", rows, func(r row) string { return r.State }),
		column("progress", "Progress", rows, func(r row) string { return r.Progress }),
		column("needs", "Still needed", rows, func(r row) string { return r.Needs }),
		column("need_until", "Gone can be said", rows, func(r row) *time.Time { return known(r.NeedUntil) }),
		column("reopened", "Reopened", rows, reopened),
		column("episodes", "Episodes", rows, func(r row) int64 { return int64(r.Episodes) }),
	)
	f.Name = "ledger"
	f.Meta.PreferredVisualization = data.VisTypeTable
	return f
}

// reopened words when the cluster came back, one time a line.
func reopened(r query.LedgerEntry) string {
	var lines []string
	for _, e := range r.Reopened {
		line := e.Time.UTC().Format("2006-01-02 15:04 UTC")
		if e.Text != "" {
			line += ": " + e.Text
		}
		lines = append(lines, line)
	}
	return joinLines(lines)
}

// causeAndMitigation words the ledger's eighth field, one remark a line.
func causeAndMitigation(r query.LedgerEntry) string {
	var lines []string
	for _, c := range r.Causes {
		lines = append(lines, c.Text+" ("+c.Actor+")")
	}
	for _, fix := range r.Fixes {
		lines = append(lines, fixWords(fix))
	}
	return joinLines(lines)
}

func fixWords(f query.LedgerFix) string {
	what := "Fix"
	if f.Removal {
		what = f.Value + " removed"
	}
	line := what + " on " + f.At.UTC().Format("2006-01-02 15:04 UTC")
	if f.At.IsZero() {
		line = what + ", not deployed yet,"
	}
	if len(f.Builds) > 0 {
		line += " in " + strings.Join(f.Builds, ", ")
	}
	if f.Text != "" {
		line += ": " + f.Text
	}
	return line + " (" + f.Actor + ")"
}

// fixesTable is one row a marked fix, with its cluster's proof.
func fixesTable(entries []query.LedgerEntry) *data.Frame {
	type row struct {
		entry query.LedgerEntry
		fix   query.LedgerFix
	}
	var rows []row
	for _, e := range entries {
		for _, fix := range e.Fixes {
			rows = append(rows, row{e, fix})
		}
	}
	f := typed(data.FrameTypeTable,
		column("at", "Rolled out", rows, func(r row) *time.Time { return known(r.fix.At) }),
		column("cluster", "Cluster", rows, func(r row) string { return r.entry.Cluster }),
		column("fix", "Fix", rows, func(r row) string { return fixWords(r.fix) }),
		column("state", "State", rows, func(r row) string { return r.entry.State }),
		column("proof", "Proof of disappearance", rows, func(r row) string { return r.entry.Proof }),
		column("actor", "Marked by", rows, func(r row) string { return r.fix.Actor }),
		column("event", "Event", rows, func(r row) string { return r.fix.Event.String() }),
	)
	f.Name = "fixes"
	f.Meta.PreferredVisualization = data.VisTypeTable
	return f
}
