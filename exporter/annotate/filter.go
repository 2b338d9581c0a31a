package annotate

import (
	"errors"
	"fmt"
	"regexp"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Filter recognises false positives: crashes that are nobody's fault, such as
// those of a test host, of a deploy, or after an OOM kill. All its conditions
// must hold. A match marks the record and moves it to a count of its own; it is
// never dropped.
type Filter struct {
	Name string
	// Fields are conditions on the record: each named field, as text, must
	// match its expression as a whole.
	Fields map[string]string
	// Log is a condition on lines around the crash; nil for none.
	Log *LogCondition
}

// LogCondition holds when a line of a log matches within a distance of the
// crash, before or after; of lines after it only those count that were there
// when the crash was recorded.
type LogCondition struct {
	Log    string // "kernel", the name of a log file, or "" for all
	Line   string // expression, matched anywhere in the line
	Within time.Duration
}

// Evidence answers log conditions.
type Evidence interface {
	Seen(log string, line *regexp.Regexp, at time.Time, within time.Duration) bool
}

// Filters are compiled filters; the first that matches decides. A nil *Filters
// matches nothing.
type Filters struct {
	filters  []compiled
	evidence Evidence
}

type compiled struct {
	name   string
	fields []fieldCondition
	log    *LogCondition
	line   *regexp.Regexp
}

type fieldCondition struct {
	field crash.Field
	re    *regexp.Regexp
}

// NewFilters compiles filters. The error names the filter and what is wrong.
func NewFilters(filters []Filter, evidence Evidence) (*Filters, error) {
	fs := &Filters{evidence: evidence}
	for i, f := range filters {
		c, err := compile(f)
		if err != nil {
			return nil, fmt.Errorf("filters[%d] %q: %w", i, f.Name, err)
		}
		fs.filters = append(fs.filters, c)
	}
	return fs, nil
}

func compile(f Filter) (compiled, error) {
	c := compiled{name: f.Name, log: f.Log}
	if f.Name == "" || len(f.Name) > 128 {
		return c, fmt.Errorf("name: has %d bytes, want 1 to 128", len(f.Name))
	}
	if len(f.Fields) == 0 && f.Log == nil {
		return c, errors.New("has no condition and would suppress every crash")
	}
	for name, expr := range f.Fields {
		field, ok := crash.FieldByName(name)
		if !ok || field.Strings != nil {
			return c, fmt.Errorf("fields: %q is not a field of a record that has a text form", name)
		}
		re, err := regexp.Compile(`^(?:` + expr + `)$`)
		if err != nil {
			return c, fmt.Errorf("fields: %s: %w", name, err)
		}
		c.fields = append(c.fields, fieldCondition{field, re})
	}
	if f.Log == nil {
		return c, nil
	}
	var err error
	if f.Log.Line == "" {
		return c, errors.New("log.line: is empty")
	}
	if c.line, err = regexp.Compile(f.Log.Line); err != nil {
		return c, fmt.Errorf("log.line: %w", err)
	}
	if f.Log.Within <= 0 || f.Log.Within > time.Hour {
		return c, fmt.Errorf("log.within: %s is not between 0 and 1h", f.Log.Within)
	}
	return c, nil
}

// Annotate sets SuppressedBy of a record that a filter matches. Everything else
// of the record must be set.
func (fs *Filters) Annotate(r *crash.Record) {
	if fs == nil {
		return
	}
	for i := range fs.filters {
		if fs.filters[i].matches(r, fs.evidence) {
			r.Finding.SuppressedBy = fs.filters[i].name
			return
		}
	}
}

func (c *compiled) matches(r *crash.Record, evidence Evidence) bool {
	for _, f := range c.fields {
		if !f.re.MatchString(f.field.Text(r)) {
			return false
		}
	}
	if c.log == nil {
		return true
	}
	return evidence != nil && evidence.Seen(c.log.Log, c.line, r.Time, c.log.Within)
}
