package population

import (
	"fmt"
	"slices"
	"strings"
)

// Selector picks rows: each condition must hold.
type Selector []Condition

// Condition asks for one of several values of a column, "class" or "signature".
type Condition struct {
	Column string
	Values []string
}

// ParseSelector reads "class=other", "class in (a, b)" and several of them
// joined by " and ".
func ParseSelector(text string) (Selector, error) {
	var s Selector
	for part := range strings.SplitSeq(text, " and ") {
		c, err := parseCondition(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("%q: %w", text, err)
		}
		s = append(s, c)
	}
	return s, nil
}

func parseCondition(text string) (Condition, error) {
	if column, list, ok := strings.Cut(text, " in ("); ok {
		inner, closed := strings.CutSuffix(list, ")")
		if !closed {
			return Condition{}, fmt.Errorf("%q lacks its closing parenthesis", text)
		}
		c := Condition{Column: strings.TrimSpace(column)}
		for v := range strings.SplitSeq(inner, ",") {
			c.Values = append(c.Values, strings.TrimSpace(v))
		}
		return c, c.validate()
	}
	column, value, ok := strings.Cut(text, "=")
	if !ok {
		return Condition{}, fmt.Errorf("%q is neither column=value nor column in (values)", text)
	}
	c := Condition{Column: strings.TrimSpace(column), Values: []string{strings.TrimSpace(value)}}
	return c, c.validate()
}

func (c Condition) validate() error {
	if c.Column == "class" || c.Column == "signature" || slices.Contains(Columns[:], c.Column) {
		return nil
	}
	return fmt.Errorf("column %q is not understood", c.Column)
}

// Matches reports whether a row is selected.
func (s Selector) Matches(r Row) bool {
	for _, c := range s {
		if !slices.Contains(c.Values, r.value(c.Column)) {
			return false
		}
	}
	return true
}

func (r Row) value(column string) string {
	switch column {
	case "class":
		return r.Class
	case "signature":
		return r.Signature
	}
	if i := slices.Index(Columns[:], column); i >= 0 {
		return r.Values[i]
	}
	return ""
}

// String returns the selector as it is written.
func (s Selector) String() string {
	parts := make([]string, len(s))
	for i, c := range s {
		if len(c.Values) == 1 {
			parts[i] = c.Column + "=" + c.Values[0]
		} else {
			parts[i] = c.Column + " in (" + strings.Join(c.Values, ", ") + ")"
		}
	}
	return strings.Join(parts, " and ")
}
