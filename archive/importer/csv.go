package importer

import (
	"encoding/csv"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// table reads CSV with a header.
type table struct {
	in     *csv.Reader
	header []string
	m      Mapping
	failed bool
}

func newCSV(r io.Reader, m Mapping) (*table, error) {
	in := csv.NewReader(r)
	in.ReuseRecord = true
	head, err := in.Read()
	if err != nil {
		return nil, fmt.Errorf("CSV header: %w", err)
	}
	t := &table{in: in, header: slices.Clone(head), m: m}
	t.header[0] = strings.TrimPrefix(t.header[0], "\ufeff")
	for column := range m.Fields {
		if !slices.Contains(t.header, column) {
			return nil, fmt.Errorf("mapping: there is no column %.60q; the header has %s", column, strings.Join(t.header, ", "))
		}
	}
	return t, nil
}

// Next implements Source.
func (t *table) Next() (crash.Record, error) {
	if t.failed {
		return crash.Record{}, io.EOF
	}
	cells, err := t.in.Read()
	if errors.Is(err, io.EOF) {
		return crash.Record{}, io.EOF
	}
	if pe, ok := errors.AsType[*csv.ParseError](err); ok {
		// After a broken quote nobody knows where the next line begins.
		t.failed = errors.Is(err, csv.ErrQuote) || errors.Is(err, csv.ErrBareQuote)
		return crash.Record{}, item("line", pe.Line, err)
	}
	if err != nil {
		return crash.Record{}, err
	}
	line, _ := t.in.FieldPos(0)
	row := make(map[string]any, len(cells))
	for i, name := range t.header {
		row[name] = cells[i]
	}
	r, err := t.m.record(row)
	if err != nil {
		return crash.Record{}, item("line", line, err)
	}
	return r, nil
}
