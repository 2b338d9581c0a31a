package scan

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Mapping tells of hosts what no core does: region, type, physical host.
type Mapping struct {
	columns []crash.Field
	rows    map[string][]string // by host name
}

const maxMappingRows = 1 << 20

// ReadMapping reads CSV whose first row names the columns: the first is host,
// the others are region, zone, type, physical_host or dimensions by name.
func ReadMapping(r io.Reader) (*Mapping, error) {
	in := csv.NewReader(r)
	in.TrimLeadingSpace, in.Comment = true, '#'
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("mapping: first row: %w", err)
	}
	if first := strings.TrimPrefix(head[0], "\ufeff"); first != "host" && first != "host.name" {
		return nil, fmt.Errorf("mapping: the first column is %q, want host", first)
	}
	m := &Mapping{rows: make(map[string][]string)}
	for _, name := range head[1:] {
		f, ok := fieldNamed(name)
		if !ok {
			return nil, fmt.Errorf("mapping: column %q is neither region, zone, type, physical_host nor a dimension such as service.name", name)
		}
		m.columns = append(m.columns, f)
	}
	for {
		row, err := in.Read()
		if errors.Is(err, io.EOF) {
			return m, nil
		}
		if err != nil {
			return nil, fmt.Errorf("mapping: %w", err)
		}
		if _, twice := m.rows[row[0]]; twice {
			line, _ := in.FieldPos(0)
			return nil, fmt.Errorf("mapping: line %d: host %q is there twice", line, row[0])
		}
		if len(m.rows) >= maxMappingRows {
			return nil, fmt.Errorf("mapping: more than %d rows", maxMappingRows)
		}
		m.rows[row[0]] = row[1:]
	}
}

// Annotate fills what is not known yet of the record's host, found by its whole
// name or by the name before the first dot.
func (m *Mapping) Annotate(r *crash.Record) {
	if m == nil || r.Host.Name == "" {
		return
	}
	row, ok := m.rows[r.Host.Name]
	if !ok {
		bare, _, _ := strings.Cut(r.Host.Name, ".")
		row = m.rows[bare]
	}
	for i, v := range row {
		if at := m.columns[i].String(r); *at == "" {
			*at = v
		}
	}
}
