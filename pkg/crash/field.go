package crash

import (
	"fmt"
	"strconv"
	"time"
)

// Field describes one attribute of a record: its OpenTelemetry name and where
// it lives. Exactly one accessor is set; it returns a pointer into the record,
// so that one descriptor serves reading and writing.
type Field struct {
	Name string
	Help string
	// Dimension is true for attributes that people filter and group by.
	Dimension bool
	// Workflow is true for attributes that only failures of AI workflows have.
	Workflow bool
	// Bound is the largest number of bytes (or list items) that a valid
	// record holds in this field.
	Bound int

	String  func(*Record) *string
	Strings func(*Record) *[]string
	Bool    func(*Record) *bool
	Int     func(*Record) *Optional[int64]
	Address func(*Record) *Optional[uint64]
}

// Text returns the field's value as text ("" when unknown): addresses in hex
// with 0x, lists are not representable and give "".
func (f Field) Text(r *Record) string {
	switch {
	case f.String != nil:
		return *f.String(r)
	case f.Bool != nil:
		return strconv.FormatBool(*f.Bool(r))
	case f.Int != nil:
		if v := *f.Int(r); v.Known {
			return strconv.FormatInt(v.Value, 10)
		}
	case f.Address != nil:
		if v := *f.Address(r); v.Known {
			return "0x" + strconv.FormatUint(v.Value, 16)
		}
	}
	return ""
}

// SetText sets the field from its text form; "" makes it unknown.
func (f Field) SetText(r *Record, s string) error {
	switch {
	case f.String != nil:
		*f.String(r) = s
	case f.Bool != nil:
		if s == "" {
			*f.Bool(r) = false
			return nil
		}
		v, err := strconv.ParseBool(s)
		if err != nil {
			return fmt.Errorf("field %s: %.40q is not true or false", f.Name, s)
		}
		*f.Bool(r) = v
	case f.Int != nil:
		if s == "" {
			*f.Int(r) = Optional[int64]{}
			return nil
		}
		v, err := strconv.ParseInt(s, 10, 64)
		if err != nil {
			return fmt.Errorf("field %s: %.40q is not a whole number of 64 bits", f.Name, s)
		}
		*f.Int(r) = Some(v)
	case f.Address != nil:
		if s == "" {
			*f.Address(r) = Optional[uint64]{}
			return nil
		}
		v, err := strconv.ParseUint(s, 0, 64)
		if err != nil {
			return fmt.Errorf("field %s: %.40q is not an address (0x and up to 16 hex digits)", f.Name, s)
		}
		*f.Address(r) = Some(v)
	default:
		return fmt.Errorf("field %s: is a list and can't be set from one text", f.Name)
	}
	return nil
}

// Names of the attributes that are not fields because they have a type of
// their own.
const (
	FieldID                = "crash.id"
	FieldTime              = "crash.time"
	FieldSchemaVersion     = "crash.schema.version"
	FieldClassifierVersion = "crash.classifier.version"
)

// TimeFormat is the text form of a record's time: RFC 3339 with microseconds, UTC.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

// FormatTime prints t in TimeFormat.
func FormatTime(t time.Time) string { return t.UTC().Format(TimeFormat) }
