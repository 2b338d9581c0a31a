package otlp

import (
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/plog"

	"github.com/epicurve/epicurve/pkg/crash"
)

// readRecord reads one crash and validates it. dropped counts attributes of the
// resource that found no room.
func readRecord(lr plog.LogRecord, resource pcommon.Map) (r crash.Record, dropped int, err error) {
	extra, err := readResource(&r, resource)
	if err != nil {
		return crash.Record{}, 0, err
	}
	for name, v := range lr.Attributes().All() {
		if err := setAttribute(&r, name, v); err != nil {
			return crash.Record{}, 0, err
		}
	}
	if err := setTime(&r, lr); err != nil {
		return crash.Record{}, 0, err
	}
	r.Complete("otlp", lr.Body().AsString())
	if err := r.Validate(); err != nil {
		return crash.Record{}, 0, err
	}
	return r, keepExtra(&r, extra), nil
}

// readResource sets the fields that stand on the resource and returns its other
// attributes.
func readResource(r *crash.Record, resource pcommon.Map) (map[string]string, error) {
	extra := make(map[string]string)
	for name, v := range resource.All() {
		if f, ok := crash.FieldByName(crash.IngestName(name)); ok {
			if err := setField(r, f, v); err != nil {
				return nil, fmt.Errorf("resource: %w", err)
			}
			continue
		}
		if !strings.HasPrefix(name, "telemetry.") { // of the sender, not of the crash
			extra[name] = v.AsString()
		}
	}
	return extra, nil
}

// keepExtra adds what fits of a resource's further attributes, in the order of
// their names, and returns how many did not.
func keepExtra(r *crash.Record, extra map[string]string) (dropped int) {
	for _, name := range slices.Sorted(maps.Keys(extra)) {
		if _, own := r.Attributes[name]; own {
			continue
		}
		was := maps.Clone(r.Attributes)
		putAttribute(r, name, extra[name])
		if r.Validate() != nil {
			r.Attributes = was
			dropped++
		}
	}
	return dropped
}

func putAttribute(r *crash.Record, name, value string) {
	if r.Attributes == nil {
		r.Attributes = make(map[string]string)
	}
	r.Attributes[name] = value
}

func setAttribute(r *crash.Record, name string, v pcommon.Value) (err error) {
	switch name {
	case attrEventName, crash.FieldTime:
		return nil
	case crash.FieldID:
		r.ID, err = crash.ParseID(v.AsString())
		if err != nil {
			return fmt.Errorf("%w: %w", crash.ErrInvalid, err)
		}
		return nil
	case crash.FieldSchemaVersion:
		r.SchemaVersion, err = wholeNumber(name, v)
		return err
	case crash.FieldClassifierVersion:
		r.ClassifierVersion, err = wholeNumber(name, v)
		return err
	}
	if f, ok := crash.FieldByName(crash.IngestName(name)); ok {
		return setField(r, f, v)
	}
	putAttribute(r, name, v.AsString())
	return nil
}

func setField(r *crash.Record, f crash.Field, v pcommon.Value) error {
	switch {
	case f.Strings != nil:
		if v.Type() != pcommon.ValueTypeSlice {
			return fmt.Errorf("%w: %s is not a list", crash.ErrInvalid, f.Name)
		}
		items := make([]string, 0, v.Slice().Len())
		for _, item := range v.Slice().All() {
			items = append(items, item.AsString())
		}
		*f.Strings(r) = items
		return nil
	case f.Int != nil && v.Type() != pcommon.ValueTypeStr:
		n, err := wholeNumber(f.Name, v)
		if err != nil {
			return err
		}
		*f.Int(r) = crash.Some(n)
		return nil
	case f.Bool != nil && v.Type() == pcommon.ValueTypeBool:
		*f.Bool(r) = v.Bool()
		return nil
	}
	if err := f.SetText(r, v.AsString()); err != nil {
		return fmt.Errorf("%w: %w", crash.ErrInvalid, err)
	}
	return nil
}

func wholeNumber(name string, v pcommon.Value) (int64, error) {
	switch v.Type() {
	case pcommon.ValueTypeInt:
		return v.Int(), nil
	case pcommon.ValueTypeDouble:
		if d := v.Double(); d == math.Trunc(d) && math.Abs(d) < 1<<53 {
			return int64(d), nil
		}
	}
	return 0, fmt.Errorf("%w: %s %.40q is not a whole number of 64 bits", crash.ErrInvalid, name, v.AsString())
}

func setTime(r *crash.Record, lr plog.LogRecord) error {
	if t := lr.Timestamp(); t != 0 {
		r.Time = t.AsTime().Truncate(time.Microsecond)
		return nil
	}
	v, ok := lr.Attributes().Get(crash.FieldTime)
	if !ok {
		return fmt.Errorf("%w: neither the log record's time nor %s is set", crash.ErrInvalid, crash.FieldTime)
	}
	t, err := time.Parse(time.RFC3339Nano, v.AsString())
	if err != nil {
		return fmt.Errorf("%w: %s %.40q is not an RFC 3339 time", crash.ErrInvalid, crash.FieldTime, v.AsString())
	}
	r.Time = t.UTC().Truncate(time.Microsecond)
	return nil
}
