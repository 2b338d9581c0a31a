package crash

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strconv"
	"time"
)

// MarshalJSON writes the record as one flat object keyed by attribute names,
// unknown values left out. Addresses are text in hex, because JSON numbers do
// not hold 64 bits.
func (r Record) MarshalJSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteByte('{')
	put := func(name string, v any) error {
		text, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("marshal %s: %w", name, err)
		}
		if b.Len() > 1 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.Quote(name))
		b.WriteByte(':')
		b.Write(text)
		return nil
	}
	if err := put(FieldID, r.ID); err != nil {
		return nil, err
	}
	if err := put(FieldTime, FormatTime(r.Time)); err != nil {
		return nil, err
	}
	for _, f := range Fields() {
		v, known := f.value(&r)
		if !known {
			continue
		}
		if err := put(f.Name, v); err != nil {
			return nil, err
		}
	}
	if err := put(FieldSchemaVersion, r.SchemaVersion); err != nil {
		return nil, err
	}
	if err := put(FieldClassifierVersion, r.ClassifierVersion); err != nil {
		return nil, err
	}
	if len(r.Attributes) > 0 {
		if err := put("attributes", r.Attributes); err != nil {
			return nil, err
		}
	}
	b.WriteByte('}')
	return b.Bytes(), nil
}

// value returns what JSON shows of a field, and whether it is known.
func (f Field) value(r *Record) (any, bool) {
	switch {
	case f.Strings != nil:
		v := *f.Strings(r)
		return v, len(v) > 0
	case f.Bool != nil:
		v := *f.Bool(r)
		return v, v
	case f.Int != nil:
		v := *f.Int(r)
		return v.Value, v.Known
	default:
		s := f.Text(r)
		return s, s != ""
	}
}

// UnmarshalJSON reads what MarshalJSON writes. Names that are no field become
// further attributes when their value is a text; anything else is an error.
func (r *Record) UnmarshalJSON(data []byte) error {
	var m map[string]json.RawMessage
	if err := json.Unmarshal(data, &m); err != nil {
		return fmt.Errorf("record: %w", err)
	}
	*r = Record{}
	for name, raw := range m {
		if err := r.setJSON(name, raw); err != nil {
			return fmt.Errorf("record: %s: %w", name, err)
		}
	}
	return nil
}

func (r *Record) setJSON(name string, raw json.RawMessage) error {
	switch name = IngestName(name); name {
	case FieldID:
		return json.Unmarshal(raw, &r.ID)
	case FieldTime:
		var t time.Time
		if err := json.Unmarshal(raw, &t); err != nil {
			return err
		}
		r.Time = t.UTC().Truncate(time.Microsecond)
		return nil
	case FieldSchemaVersion:
		return json.Unmarshal(raw, &r.SchemaVersion)
	case FieldClassifierVersion:
		return json.Unmarshal(raw, &r.ClassifierVersion)
	case "attributes":
		var attrs map[string]string
		if err := json.Unmarshal(raw, &attrs); err != nil {
			return err
		}
		for k, v := range attrs {
			r.setAttribute(k, v)
		}
		return nil
	}
	if f, ok := FieldByName(name); ok {
		return f.setJSON(r, raw)
	}
	var s string
	if err := json.Unmarshal(raw, &s); err != nil {
		return err
	}
	r.setAttribute(name, s)
	return nil
}

func (r *Record) setAttribute(name, value string) {
	if r.Attributes == nil {
		r.Attributes = make(map[string]string)
	}
	r.Attributes[name] = value
}

func (f Field) setJSON(r *Record, raw json.RawMessage) error {
	switch {
	case f.Strings != nil:
		return json.Unmarshal(raw, f.Strings(r))
	case f.Bool != nil:
		return json.Unmarshal(raw, f.Bool(r))
	case f.Int != nil:
		var v int64
		if err := json.Unmarshal(raw, &v); err != nil {
			return err
		}
		*f.Int(r) = Some(v)
		return nil
	default:
		var s string
		if n := json.Number(""); f.Workflow && json.Unmarshal(raw, &n) == nil {
			return f.SetText(r, n.String()) // scores are numbers where they come from
		}
		if err := json.Unmarshal(raw, &s); err != nil {
			return err
		}
		return f.SetText(r, s)
	}
}
