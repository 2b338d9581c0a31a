package ledger

import (
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Columns are the names of the ledger's nine fields, in the order of a row.
func Columns() []string {
	return []string{"category", "timestamp and surface", "input type", "path", "environment", "label", "cluster", "cause", "proof"}
}

// ColumnID is a tenth column of exported rows, so that importing them again adds
// nothing.
const ColumnID = "id"

// environment are the short names of what surrounds a failure, in the order in
// which a row shows them.
var environment = []struct{ short, field string }{
	{"release", "service.version"},
	{"model", "gen_ai.response.model"},
	{"model asked for", "gen_ai.request.model"},
	{"provider", "gen_ai.provider.name"},
	{"agent", "gen_ai.agent.name"},
	{"tier", "workflow.routing_tier"},
	{"segment", "workflow.account_segment"},
	{"load", "workflow.load"},
	{"region", "cloud.region"},
	{"judge", "workflow.judge"},
	{"kernel", "os.kernel.release"},
	{"cpu", "host.cpu.model.name"},
	{"type", "host.type"},
	{"host", "host.name"},
}

// Row is one failure as the ledger's nine fields; what people know of its
// cluster stands in every row of it.
func Row(r *crash.Record, entry query.LedgerEntry) []string {
	category, path, input := string(r.Finding.Class)+"/"+string(r.Finding.Kind), r.Fault.Module, r.Fault.Signal
	if r.IsWorkflow() {
		category, path, input = string(r.Finding.Kind), r.Workflow.Path, r.Workflow.InputType
	}
	label := r.Workflow.Label
	if label == "" {
		label = entry.Label
	}
	var causes []string
	for _, c := range entry.Causes {
		causes = append(causes, c.Text)
	}
	proof := entry.Proof
	if entry.State != "" {
		proof = entry.State + ": " + entry.Proof
	}
	cluster := entry.Cluster
	if cluster == "" {
		cluster = r.ClusterKey()
	}
	return []string{
		category, strings.TrimSpace(crash.FormatTime(r.Time) + " " + r.Process.ServiceName), input, path, surroundings(r),
		label, cluster, strings.Join(causes, "; "), proof, r.ID.String(),
	}
}

func surroundings(r *crash.Record) string {
	var parts []string
	for _, e := range environment {
		f, _ := crash.FieldByName(e.field)
		if value := f.Text(r); value != "" {
			if strings.ContainsAny(value, `;"`) {
				value = strconv.Quote(value)
			}
			parts = append(parts, e.short+"="+value)
		}
	}
	return strings.Join(parts, "; ")
}

// Parsed is a row that was read: the failure, and the cause that people suspect.
type Parsed struct {
	Record crash.Record
	Cause  string
	// Proof is true when the row has one, which is not read: it is computed.
	Proof bool
}

// ParseRow reads one row by the names of its columns: the nine, or "timestamp"
// and "surface" apart, or the name of any field.
func ParseRow(header, cells []string) (Parsed, error) {
	p := Parsed{}
	p.Record.Source, p.Record.TimeSource = crash.SourceImport, crash.TimeFromReporter
	for i, name := range header {
		cell := ""
		if i < len(cells) {
			cell = strings.TrimSpace(cells[i])
		}
		if cell == "" {
			continue
		}
		if err := p.set(strings.ToLower(strings.TrimSpace(name)), cell); err != nil {
			return Parsed{}, fmt.Errorf("column %q: %w", name, err)
		}
	}
	if p.Record.Time.IsZero() {
		return Parsed{}, fmt.Errorf("the timestamp is missing")
	}
	p.Record.Complete("import")
	return p, p.Record.Validate()
}

func (p *Parsed) set(column, cell string) (err error) {
	r := &p.Record
	switch strings.ReplaceAll(column, "_", " ") {
	case "category":
		class, kind, crashed := strings.Cut(cell, "/")
		if crashed {
			r.Finding.Class, r.Finding.Kind = crash.Class(class), crash.Kind(kind)
			return nil
		}
		r.Source, r.Finding.Class, r.Finding.Kind = crash.SourceWorkflow, crash.ClassWorkflow, crash.Kind(cell)
	case "timestamp and surface":
		at, surface, _ := strings.Cut(cell, " ")
		r.Process.ServiceName = strings.TrimSpace(surface)
		r.Time, err = parseTime(at)
	case "timestamp":
		r.Time, err = parseTime(cell)
	case "surface":
		r.Process.ServiceName = cell
	case "input type":
		r.Workflow.InputType = cell
	case "path", "tool or action path":
		r.Workflow.Path = cell
	case "environment":
		return p.surroundings(cell)
	case "label", "reviewer label":
		r.Workflow.Label = cell
	case "cluster", "recurrence cluster":
		if cell != "new" {
			_, r.Finding.Signature, err = query.ParseCluster(cell)
		}
	case "cause", "suspected cause and mitigation":
		p.Cause = cell
	case "proof", "proof of disappearance":
		p.Proof = true
	case ColumnID:
		r.ID, err = crash.ParseID(cell)
	default:
		return setField(r, column, cell)
	}
	return err
}

// surroundings reads "model=m-2; region=eu".
func (p *Parsed) surroundings(cell string) error {
	for _, part := range splitPairs(cell) {
		name, value, ok := strings.Cut(part, "=")
		if !ok {
			return fmt.Errorf("%.60q is not NAME=VALUE; write several as NAME=VALUE; NAME=VALUE", part)
		}
		name, value = strings.TrimSpace(name), strings.TrimSpace(value)
		if plain, err := strconv.Unquote(value); err == nil {
			value = plain
		}
		for _, e := range environment {
			if e.short == name {
				name = e.field
			}
		}
		if err := setField(&p.Record, name, value); err != nil {
			return err
		}
	}
	return nil
}

// splitPairs splits at semicolons that are not within quotes.
func splitPairs(s string) (parts []string) {
	quoted, escaped, start := false, false, 0
	for i, c := range s {
		switch {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ';' && !quoted:
			parts, start = append(parts, s[start:i]), i+1
		}
	}
	parts = append(parts, s[start:])
	kept := parts[:0]
	for _, part := range parts {
		if part = strings.TrimSpace(part); part != "" {
			kept = append(kept, part)
		}
	}
	return kept
}

func setField(r *crash.Record, name, value string) error {
	f, ok := crash.FieldByName(crash.IngestName(name))
	if !ok || f.Strings != nil {
		if r.Attributes == nil {
			r.Attributes = map[string]string{}
		}
		r.Attributes[name] = value
		return nil
	}
	return f.SetText(r, value)
}

func parseTime(text string) (time.Time, error) {
	for _, layout := range []string{time.RFC3339Nano, "2006-01-02T15:04", time.DateOnly} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.UTC().Truncate(time.Microsecond), nil
		}
	}
	return time.Time{}, fmt.Errorf("%.40q is not a time such as 2026-05-01T12:00:00Z", text)
}
