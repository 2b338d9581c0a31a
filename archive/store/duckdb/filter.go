package duckdb

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// selection is the WHERE clause of a request: text made of our own column names
// and of numbers only; every text of a user is a bound argument.
type selection struct {
	clauses []string
	args    []any
}

func (w *selection) add(clause string, args ...any) {
	w.clauses = append(w.clauses, clause)
	w.args = append(w.args, args...)
}

// where returns the clause, "" when everything is selected.
func (w *selection) where() string {
	if len(w.clauses) == 0 {
		return ""
	}
	return " WHERE " + strings.Join(w.clauses, " AND ")
}

// selectFacts returns the rows of facts that a request asks for.
func (s *Store) selectFacts(req query.Request) (*selection, error) {
	w := &selection{}
	w.add("ts >= ? AND ts < ?", store.CeilMicro(req.Range.From), store.CeilMicro(req.Range.To))
	if err := s.selectAttributes(w, req); err != nil {
		return nil, err
	}
	return w, nil
}

// selectAttributes adds all of a request's conditions but the time range.
func (s *Store) selectAttributes(w *selection, req query.Request) error {
	s.selectSuppressed(w, req.Suppressed)
	if req.Cluster != "" {
		class, signature, err := query.ParseCluster(req.Cluster)
		if err != nil {
			return err
		}
		s.selectValues(w, "crash.class", []string{string(class)}, false)
		if signature != "" {
			s.selectValues(w, "crash.signature", []string{signature}, false)
		}
	}
	for _, f := range req.Filters {
		if err := s.selectFilter(w, f); err != nil {
			return err
		}
	}
	return nil
}

func (s *Store) selectSuppressed(w *selection, how query.Suppressed) {
	switch how {
	case query.SuppressedInclude:
	case query.SuppressedOnly:
		w.add(column("crash.suppressed_by") + " <> 0")
	default:
		w.add(column("crash.suppressed_by") + " = 0")
	}
}

func (s *Store) selectFilter(w *selection, f query.Filter) error {
	switch f.Op {
	case query.OpIn, query.OpNotIn:
		s.selectValues(w, f.Dimension, f.Values, f.Op == query.OpNotIn)
		return nil
	case query.OpMatch, query.OpNotMatch:
		re, err := query.CompileMatch(f.Values[0])
		if err != nil {
			return fmt.Errorf("filter %s: %w", f.Dimension, err)
		}
		want := f.Op == query.OpMatch
		if openEnded[f.Dimension] {
			cond := "regexp_full_match(" + column(f.Dimension) + ", ?)"
			if !want {
				cond = "NOT " + cond
			}
			// The outer group keeps an alternation within the match.
			w.add(cond, "(?s:"+f.Values[0]+")")
			return nil
		}
		w.addCodes(column(f.Dimension), s.dict.match(column(f.Dimension), re.MatchString), !want)
		return nil
	default:
		return fmt.Errorf("filter %s: operator %q is not known", f.Dimension, f.Op)
	}
}

func (s *Store) selectValues(w *selection, dimension string, values []string, not bool) {
	col := column(dimension)
	if openEnded[dimension] {
		marks := strings.TrimSuffix(strings.Repeat("?,", len(values)), ",")
		op := " IN ("
		if not {
			op = " NOT IN ("
		}
		args := make([]any, len(values))
		for i, v := range values {
			args[i] = v
		}
		w.add(col+op+marks+")", args...)
		return
	}
	var found []int32
	for _, v := range values {
		if code, ok := s.dict.lookup(col, v); ok {
			found = append(found, code)
		}
	}
	w.addCodes(col, found, not)
}

// addCodes restricts a column to codes, or to all others.
func (w *selection) addCodes(col string, found []int32, not bool) {
	slices.Sort(found)
	found = slices.Compact(found)
	switch {
	case len(found) == 0 && not:
		return
	case len(found) == 0:
		w.add("false")
	case len(found) == 1 && not:
		w.add(col + " <> " + strconv.Itoa(int(found[0])))
	case len(found) == 1:
		w.add(col + " = " + strconv.Itoa(int(found[0])))
	case not:
		w.add(col + " NOT IN (" + joinCodes(found) + ")")
	default:
		w.add(col + " IN (" + joinCodes(found) + ")")
	}
}

func joinCodes[T int32 | int64](list []T) string {
	var b strings.Builder
	for i, c := range list {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString(strconv.FormatInt(int64(c), 10))
	}
	return b.String()
}

// hostExpr is store.HostKey in SQL: a number that is the same for the same
// host, NULL when the host is not known.
const hostExpr = "CASE WHEN host_name <> 0 THEN host_name WHEN host_id <> 0 THEN -host_id END"

// dimensionOf returns a dimension by its name, which was validated.
func dimensionOf(name string) dimension {
	f, _ := crash.DimensionByName(name)
	return dimension{Field: f, column: column(name), text: openEnded[name]}
}

// columnList returns the dimensions' columns, each after a comma.
func columnList(prefix string, dims []dimension) string {
	var b strings.Builder
	for _, d := range dims {
		b.WriteString(", " + prefix + d.column)
	}
	return b.String()
}
