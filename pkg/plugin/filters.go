package plugin

import (
	"encoding/json"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// clusterColumn names the column and the label that hold a cluster's key.
const clusterColumn = "cluster"

// renameFilters turns the names that a click gives a filter, those of a table's
// column or of a label, into names of dimensions: "kind" and "crash_kind" become
// "crash.kind". A filter by cluster becomes one by class and signature. Filters
// that are not well-formed are left to the parser, which says what is wrong.
func renameFilters(fields map[string]json.RawMessage) error {
	var filters, renamed []query.Filter
	if len(fields["filters"]) == 0 || json.Unmarshal(fields["filters"], &filters) != nil {
		return nil
	}
	for _, f := range filters {
		if f.Dimension == clusterColumn {
			parts, err := clusterFilters(f)
			if err != nil {
				return err
			}
			renamed = append(renamed, parts...)
			continue
		}
		f.Dimension = dimensionOf(f.Dimension)
		renamed = append(renamed, f)
	}
	if slices.EqualFunc(filters, renamed, func(a, b query.Filter) bool { return a.Dimension == b.Dimension }) {
		return nil
	}
	text, err := json.Marshal(renamed)
	if err != nil {
		return err //nolint:wrapcheck // texts are printable
	}
	fields["filters"] = text
	return nil
}

// dimensionOf returns the dimension that a column or a label shows, or the name
// itself.
func dimensionOf(name string) string {
	if _, ok := crash.DimensionByName(name); ok {
		return name
	}
	for _, d := range crash.Dimensions() {
		if labelName(d.Name) == name || d.Name == "crash."+name {
			return d.Name
		}
	}
	return name
}

// clusterFilters restricts to clusters, or leaves them out, by what they are.
func clusterFilters(f query.Filter) ([]query.Filter, error) {
	var classes, signatures []string
	for _, key := range f.Values {
		class, signature, _ := strings.Cut(key, "/")
		classes = append(classes, class)
		if signature != "" {
			signatures = append(signatures, signature)
		}
	}
	one := len(f.Values) == 1
	switch {
	case f.Op == query.OpIn && one && len(signatures) == 0:
		return []query.Filter{{Dimension: "crash.class", Op: f.Op, Values: classes}}, nil
	case f.Op == query.OpIn && one:
		return []query.Filter{{Dimension: "crash.class", Op: f.Op, Values: classes}, {Dimension: "crash.signature", Op: f.Op, Values: signatures}}, nil
	case (f.Op == query.OpIn || f.Op == query.OpNotIn) && len(signatures) == len(f.Values) && len(signatures) > 0:
		return []query.Filter{{Dimension: "crash.signature", Op: f.Op, Values: signatures}}, nil
	default:
		return nil, &query.FieldError{Field: "filters", Message: "a filter by cluster takes = or != and keys of clusters, class/signature; filter by crash.signature for more"}
	}
}
