package crash

import (
	"errors"
	"fmt"
	"time"
	"unicode/utf8"
)

// Bounds of a valid record.
const (
	MaxAttributes     = 32
	MaxAttributeName  = 128
	MaxAttributeValue = 512
	MaxListItem       = 512
)

// ErrInvalid is wrapped by every error of [Record.Validate].
var ErrInvalid = errors.New("invalid record")

// Years outside of these bounds are a broken clock, not a crash.
var (
	minTime = time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC)
	maxTime = time.Date(2200, 1, 1, 0, 0, 0, 0, time.UTC)
)

// Validate checks that the record can be stored: an id, a plausible time, a
// class and kind of the closed sets, and every field within its bound and valid
// UTF-8. The error names the field, what was given and what is possible.
func (r *Record) Validate() error {
	if r.ID.IsZero() {
		return fmt.Errorf("%w: %s is missing", ErrInvalid, FieldID)
	}
	if r.Time.Before(minTime) || !r.Time.Before(maxTime) {
		return fmt.Errorf("%w: %s %s is not between 1990 and 2200", ErrInvalid, FieldTime, r.Time.Format(time.RFC3339))
	}
	if err := r.validateFinding(); err != nil {
		return err
	}
	if err := validateFields(r); err != nil {
		return err
	}
	return r.validateAttributes()
}

func (r *Record) validateFinding() error {
	switch {
	case r.IsWorkflow():
		return r.validateWorkflow()
	case !r.Finding.Class.Valid():
		return fmt.Errorf("%w: crash.class %.40q is not one of %v", ErrInvalid, r.Finding.Class, Classes())
	case !r.Finding.Kind.Valid():
		return fmt.Errorf("%w: crash.kind %.40q is not a known kind", ErrInvalid, r.Finding.Kind)
	}
	return nil
}

func validateFields(r *Record) error {
	for _, f := range Fields() {
		if err := f.validate(r); err != nil {
			return err
		}
	}
	return nil
}

func (f Field) validate(r *Record) error {
	switch {
	case f.String != nil:
		if s := *f.String(r); len(s) > f.Bound {
			return fmt.Errorf("%w: %s has %d bytes, at most %d are allowed", ErrInvalid, f.Name, len(s), f.Bound)
		} else if !utf8.ValidString(s) {
			return fmt.Errorf("%w: %s is not valid UTF-8", ErrInvalid, f.Name)
		}
	case f.Strings != nil:
		items := *f.Strings(r)
		if len(items) > f.Bound {
			return fmt.Errorf("%w: %s has %d items, at most %d are allowed", ErrInvalid, f.Name, len(items), f.Bound)
		}
		for i, s := range items {
			if len(s) > MaxListItem || !utf8.ValidString(s) {
				return fmt.Errorf("%w: %s[%d] is longer than %d bytes or not valid UTF-8", ErrInvalid, f.Name, i, MaxListItem)
			}
		}
	}
	return nil
}

func (r *Record) validateAttributes() error {
	if len(r.Attributes) > MaxAttributes {
		return fmt.Errorf("%w: %d further attributes, at most %d are allowed", ErrInvalid, len(r.Attributes), MaxAttributes)
	}
	for name, value := range r.Attributes {
		if _, isField := FieldByName(name); isField || reserved(name) {
			return fmt.Errorf("%w: attribute %s has the name of a field", ErrInvalid, name)
		}
		switch {
		case name == "" || len(name) > MaxAttributeName || !utf8.ValidString(name):
			return fmt.Errorf("%w: attribute name %.40q must be valid UTF-8 of 1 to %d bytes", ErrInvalid, name, MaxAttributeName)
		case len(value) > MaxAttributeValue || !utf8.ValidString(value):
			return fmt.Errorf("%w: attribute %s must be valid UTF-8 of at most %d bytes", ErrInvalid, name, MaxAttributeValue)
		}
	}
	return nil
}

// reserved reports whether a name is an attribute of every record that is not
// in Fields.
func reserved(name string) bool {
	switch name {
	case FieldID, FieldTime, FieldSchemaVersion, FieldClassifierVersion, "attributes":
		return true
	default:
		return false
	}
}
