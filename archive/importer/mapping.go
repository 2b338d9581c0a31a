package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Mapping says what the columns of a table, or the keys of JSON objects, mean.
// What it does not name is a field when it has a field's name, else a further
// attribute.
type Mapping struct {
	// Fields has the name of a field for that of a column; keys of nested
	// objects are joined with dots. "" drops the column.
	Fields map[string]string
	// Constants are values of fields that every record gets, unless a
	// column gives one.
	Constants map[string]string
	// TimeFormat is Go's layout of crash.time; "" takes RFC 3339, and numbers
	// as seconds to nanoseconds since 1970 by their size.
	TimeFormat string
	// Lists separates the items of a list within a cell; "" is ";".
	Lists string
}

func (m Mapping) empty() bool {
	return len(m.Fields) == 0 && len(m.Constants) == 0 && m.TimeFormat == "" && m.Lists == ""
}

// check refuses names of fields that look like ours and are none.
func (m Mapping) check() error {
	names := make([]string, 0, len(m.Fields)+len(m.Constants))
	for _, name := range m.Fields {
		names = append(names, name)
	}
	for name := range m.Constants {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		if _, ok := crash.FieldByName(name); !ok && strings.HasPrefix(name, "crash.") &&
			!slices.Contains([]string{crash.FieldID, crash.FieldTime, crash.FieldSchemaVersion, crash.FieldClassifierVersion}, name) {
			return fmt.Errorf("mapping: %.60q is not a field; /api/v1/dimensions and /openapi.json list them", name)
		}
	}
	return nil
}

// fromJSON makes a record of a JSON object.
func (m Mapping) fromJSON(line []byte) (crash.Record, error) {
	var object map[string]any
	dec := json.NewDecoder(bytes.NewReader(line))
	dec.UseNumber()
	if err := dec.Decode(&object); err != nil {
		return crash.Record{}, fmt.Errorf("not a JSON object: %w", err)
	}
	row := make(map[string]any)
	flatten("", object, row)
	return m.record(row)
}

// flatten joins the keys of nested objects with dots.
func flatten(prefix string, object, to map[string]any) {
	for key, value := range object {
		if inner, ok := value.(map[string]any); ok {
			flatten(prefix+key+".", inner, to)
			continue
		}
		to[prefix+key] = value
	}
}

// record makes a record of a row by column.
func (m Mapping) record(row map[string]any) (r crash.Record, err error) {
	for name, value := range m.Constants {
		if err := m.set(&r, name, value); err != nil {
			return crash.Record{}, err
		}
	}
	for column, value := range row {
		name, mapped := m.Fields[column]
		if !mapped {
			// Records that our own export wrote have their attributes apart.
			name = strings.TrimPrefix(column, "attributes.")
		}
		if name == "" || value == nil || value == "" {
			continue
		}
		if err := m.set(&r, name, value); err != nil {
			return crash.Record{}, fmt.Errorf("%s: %w", column, err)
		}
	}
	if r.Source == "" {
		r.Source = crash.SourceImport
	}
	return finish(r)
}

func (m Mapping) set(r *crash.Record, name string, value any) (err error) {
	switch name {
	case crash.FieldID:
		r.ID, err = crash.ParseID(text(value))
		return err
	case crash.FieldTime:
		r.Time, err = m.time(text(value))
		return err
	case crash.FieldSchemaVersion:
		r.SchemaVersion, err = strconv.ParseInt(text(value), 10, 64)
		return err
	case crash.FieldClassifierVersion:
		r.ClassifierVersion, err = strconv.ParseInt(text(value), 10, 64)
		return err
	}
	f, ok := crash.FieldByName(name)
	switch {
	case !ok:
		if r.Attributes == nil {
			r.Attributes = make(map[string]string)
		}
		r.Attributes[name] = text(value)
		return nil
	case f.Strings != nil:
		*f.Strings(r) = m.list(value)
		return nil
	default:
		return f.SetText(r, text(value))
	}
}

func (m Mapping) list(value any) []string {
	items, ok := value.([]any)
	if !ok {
		separator := m.Lists
		if separator == "" {
			separator = ";"
		}
		return strings.Split(text(value), separator)
	}
	texts := make([]string, len(items))
	for i, it := range items {
		texts[i] = text(it)
	}
	return texts
}

// text prints a JSON value.
func text(value any) string {
	switch v := value.(type) {
	case string:
		return v
	case json.Number:
		return v.String()
	default:
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Sprint(v)
		}
		return string(b)
	}
}

func (m Mapping) time(s string) (time.Time, error) {
	if m.TimeFormat != "" {
		t, err := time.Parse(m.TimeFormat, s)
		return t.UTC().Truncate(time.Microsecond), err
	}
	if n, err := strconv.ParseFloat(s, 64); err == nil {
		return sinceEpoch(s, n), nil
	}
	t, err := time.Parse(time.RFC3339Nano, s)
	if err != nil {
		return time.Time{}, fmt.Errorf("%s %.40q is neither an RFC 3339 time nor a number since 1970; --time-format names another layout", crash.FieldTime, s)
	}
	return t.UTC().Truncate(time.Microsecond), nil
}

// sinceEpoch reads seconds, milliseconds, microseconds or nanoseconds: the unit
// in which the number is a time between 1990 and 2200.
func sinceEpoch(s string, n float64) time.Time {
	const last = 7_258_118_400 // 2200, in seconds
	switch whole, err := strconv.ParseInt(s, 10, 64); {
	case err != nil:
		return time.UnixMicro(int64(n * 1e6)).UTC()
	case n < last:
		return time.Unix(whole, 0).UTC()
	case n < last*1e3:
		return time.UnixMilli(whole).UTC()
	case n < last*1e6:
		return time.UnixMicro(whole).UTC()
	default:
		return time.Unix(0, whole).UTC().Truncate(time.Microsecond)
	}
}
