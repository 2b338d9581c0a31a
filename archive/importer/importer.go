// Package importer reads crashes that other systems kept: CSV and JSON lines with
// a mapping of their fields, systemd's journal, ClickHouse's system.crash_log and
// Ceph's crash reports.
//
// A crash gets the same id whenever and however often it is imported; one that
// systemd-coredump logged gets that which an exporter gives it.
package importer

import (
	"bufio"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// ErrItem is wrapped by errors about one item: the next call of Next goes on
// after it.
var ErrItem = errors.New("not a crash that can be kept")

// ErrOther is wrapped for an item that is no crash at all, such as another entry
// of a journal.
var ErrOther = errors.New("no crash")

// Source reads crashes one after another.
type Source interface {
	// Next returns the next crash, io.EOF after the last. An error that wraps
	// ErrItem or ErrOther is about one item only.
	Next() (crash.Record, error)
}

// Formats returns the closed set of formats.
func Formats() []string { return []string{"csv", "jsonl", "journal", "clickhouse", "ceph"} }

// Open returns a source that reads a format. The mapping is for csv and jsonl.
func Open(format string, r io.Reader, m Mapping) (Source, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	if tabular := format == "csv" || format == "jsonl"; !tabular && !m.empty() {
		return nil, fmt.Errorf("format %s has fields of its own; a mapping is for csv and jsonl", format)
	}
	in := bufio.NewReaderSize(r, 256<<10)
	switch format {
	case "csv":
		return newCSV(in, m)
	case "jsonl":
		return &lines{r: in, record: m.fromJSON}, nil
	case "journal":
		return newJournal(in), nil
	case "clickhouse":
		return &lines{r: in, record: crashLogRecord}, nil
	case "ceph":
		return newCeph(in), nil
	default:
		return nil, fmt.Errorf("format %.40q is not one of %s", format, strings.Join(Formats(), ", "))
	}
}

// item says which item is wrong, and why.
func item(name string, number int, err error) error {
	return fmt.Errorf("%s %d: %w: %w", name, number, ErrItem, err)
}

// finish completes and checks a record.
func finish(r crash.Record) (crash.Record, error) {
	r.Complete("import")
	return r, r.Validate()
}

// cut bounds a text that is valid UTF-8, at a character's end.
func cut(s string, bound int) string {
	s = strings.ToValidUTF8(s, "\ufffd")
	if len(s) <= bound {
		return s
	}
	for bound > 0 && s[bound]&0xc0 == 0x80 {
		bound--
	}
	return s[:bound]
}

// bound cuts what another system kept at our bounds: its texts are no input of
// people, and half a stack trace is better than none.
func bound(r *crash.Record) {
	for _, f := range crash.Fields() {
		switch {
		case f.String != nil:
			*f.String(r) = cut(*f.String(r), f.Bound)
		case f.Strings != nil:
			list := slices.Clone((*f.Strings(r))[:min(len(*f.Strings(r)), f.Bound)])
			for i := range list {
				list[i] = cut(list[i], crash.MaxListItem)
			}
			*f.Strings(r) = list
		}
	}
	for name, value := range r.Attributes {
		r.Attributes[name] = cut(value, crash.MaxAttributeValue)
	}
}
