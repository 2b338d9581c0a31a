package clickhouse

import (
	"fmt"
	"slices"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

// selection is the WHERE clause of a request: our own column names, numbers, and
// literals made by quote.
type selection []string

func (w selection) where() string { return " WHERE " + strings.Join(w, " AND ") }

// with returns the selection with one more condition; w stays as it is.
func (w selection) with(condition string) selection {
	return append(slices.Clip(w), condition)
}

// selectCrashes returns the rows that a request asks for.
func selectCrashes(req query.Request) (selection, error) {
	w := within("ts", req.Range)
	if condition := suppressed(req.Suppressed); condition != "" {
		w = append(w, condition)
	}
	if req.Cluster != "" {
		class, signature, err := query.ParseCluster(req.Cluster)
		if err != nil {
			return nil, err
		}
		w = append(w, "crash_class = "+quote(string(class)))
		if signature != "" {
			w = append(w, "crash_signature = "+quote(signature))
		}
	}
	for _, f := range req.Filters {
		condition, err := filter(f)
		if err != nil {
			return nil, err
		}
		w = append(w, condition)
	}
	return w, nil
}

// within restricts a column of microseconds to a range.
func within(column string, r query.Range) selection {
	return selection{fmt.Sprintf("%s >= %d AND %s < %d", column, store.CeilMicro(r.From), column, store.CeilMicro(r.To))}
}

func suppressed(how query.Suppressed) string {
	switch how {
	case query.SuppressedInclude:
		return ""
	case query.SuppressedOnly:
		return "crash_suppressed_by != ''"
	default:
		return "crash_suppressed_by = ''"
	}
}

// filter is the condition of one filter, whose dimension was validated.
func filter(f query.Filter) (string, error) {
	col := column(f.Dimension)
	switch f.Op {
	case query.OpIn:
		return col + " IN " + quoteAll(f.Values), nil
	case query.OpNotIn:
		return col + " NOT IN " + quoteAll(f.Values), nil
	case query.OpMatch, query.OpNotMatch:
		if _, err := query.CompileMatch(f.Values[0]); err != nil {
			return "", fmt.Errorf("filter %s: %w", f.Dimension, err)
		}
		// The outer group keeps an alternation within the anchors. Go and
		// ClickHouse both take RE2 expressions.
		condition := "match(" + col + ", " + quote("^(?s:"+f.Values[0]+")$") + ")"
		if f.Op == query.OpNotMatch {
			condition = "NOT " + condition
		}
		return condition, nil
	default:
		return "", fmt.Errorf("filter %s: operator %q is not known", f.Dimension, f.Op)
	}
}

// distinctHosts counts hosts by store.HostKey; those not known are not counted.
const distinctHosts = "toInt64(uniqExactIf(if(host_name != '', toString(host_name), concat('id:', toString(host_id))), host_name != '' OR host_id != ''))"

// columns returns the columns of dimensions, joined by commas.
func columns(dims []string) string {
	cols := make([]string, len(dims))
	for i, d := range dims {
		cols[i] = column(d)
	}
	return strings.Join(cols, ", ")
}

// final is a table as a reader must see it: one row a key.
func final(table string) string { return " FROM " + table + " FINAL" }
