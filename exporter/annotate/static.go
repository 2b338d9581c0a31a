package annotate

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
)

// staticPrefixes are the fields that may be fixed by configuration: those of
// the place, never those of the crash.
var staticPrefixes = []string{"host.", "cloud.", "k8s.cluster.name", "k8s.node.name", "os."}

// SetStatic fixes fields and further attributes of every crash and exposure of
// this machine. Names of fields are those of a record; every other name becomes
// an attribute.
func (m *Machine) SetStatic(values map[string]string) error {
	r := crash.Record{Host: m.Host, Cloud: m.Cloud, Container: m.Container}
	var errs []error
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if err := setStatic(&r, name, values[name]); err != nil {
			errs = append(errs, fmt.Errorf("annotations.static: %w", err))
		}
	}
	if len(r.Attributes) > crash.MaxAttributes {
		errs = append(errs, fmt.Errorf("annotations.static: %d attributes, at most %d are allowed", len(r.Attributes), crash.MaxAttributes))
	}
	if err := errors.Join(errs...); err != nil {
		return err
	}
	m.Host, m.Cloud, m.Container, m.Attributes = r.Host, r.Cloud, r.Container, r.Attributes
	m.fixed = nil
	for _, name := range slices.Sorted(maps.Keys(values)) {
		if f, ok := crash.FieldByName(name); ok {
			m.fixed = append(m.fixed, fixedField{f, values[name]})
		}
	}
	return nil
}

// fixedField is a field that the configuration fixes.
type fixedField struct {
	field crash.Field
	value string
}

// fix writes the fixed fields over whatever else was found out.
func (m *Machine) fix(r *crash.Record) {
	for _, f := range m.fixed {
		*f.field.String(r) = f.value
	}
}

func setStatic(r *crash.Record, name, value string) error {
	if f, ok := crash.FieldByName(name); ok {
		fixed := slices.ContainsFunc(staticPrefixes, func(p string) bool { return strings.HasPrefix(name, p) })
		if f.String == nil || !fixed || name == "host.boot_id" || name == "host.arch" {
			return fmt.Errorf("%s is told by each crash and cannot be fixed", name)
		}
		if len(value) > f.Bound {
			return fmt.Errorf("%s has %d bytes, at most %d are allowed", name, len(value), f.Bound)
		}
		return f.SetText(r, value)
	}
	if name == "" || len(name) > crash.MaxAttributeName || len(value) > crash.MaxAttributeValue {
		return fmt.Errorf("attribute %.40q: want a name of 1 to %d bytes and a value of at most %d", name, crash.MaxAttributeName, crash.MaxAttributeValue)
	}
	if r.Attributes == nil {
		r.Attributes = make(map[string]string)
	}
	r.Attributes[name] = value
	return nil
}
