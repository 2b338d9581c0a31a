package evaluate

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// Ledger lists the nine fields of every cluster that crashed in the range and of
// every one that people wrote about, the largest first.
func (e *Evaluator) Ledger(ctx context.Context, req query.Request) (query.Ledger, error) {
	list, err := e.Store.Clusters(ctx, req)
	if err != nil {
		return query.Ledger{}, err
	}
	v, err := e.view(ctx, req.Range.To)
	if err != nil {
		return query.Ledger{}, err
	}
	now := v.moment(req)
	out := query.Ledger{Meta: v.meta(), Entries: []query.LedgerEntry{}}
	for _, key := range v.ledgerKeys(list, req) {
		entry, _ := v.book.Entry(key)
		a, err := v.assess(key, now, false)
		if err != nil && !errors.Is(err, store.ErrNotFound) {
			return query.Ledger{}, err
		}
		out.Entries = append(out.Entries, v.of(key).fill(entry, a))
		if len(out.Entries) == req.Limit {
			break
		}
	}
	return out, nil
}

// ledgerKeys lists the canonical keys to show, each once: those that people wrote
// about first, so that no limit cuts a fix off, then the largest.
func (v *view) ledgerKeys(list query.Clusters, req query.Request) []string {
	var keys []string
	if req.Cluster != "" {
		keys = append(keys, v.book.Canonical(req.Cluster))
	} else if len(req.Filters) == 0 {
		keys = append(keys, v.book.Clusters()...)
	}
	for _, c := range list.Clusters {
		keys = append(keys, v.book.Canonical(c.Key))
	}
	seen := map[string]bool{}
	return slices.DeleteFunc(keys, func(k string) bool {
		again := seen[k]
		seen[k] = true
		return again
	})
}

// fill adds what the records and the statistics say to what people said.
func (v *view) fill(entry query.LedgerEntry, a epi.Assessment) query.LedgerEntry {
	rows := v.members(entry.Cluster)
	class, signature, err := query.ParseCluster(entry.Cluster)
	if err == nil {
		entry.Category = string(class)
		if kind, _, ok := strings.Cut(signature, " "); ok && crash.Kind(kind).Valid() {
			entry.Category += "/" + kind
		}
		entry.Path = signature
	}
	entry.Surface, entry.InputType = v.most(rows, "service.name"), v.most(rows, "crash.signal")
	if v.workflow {
		entry.Category, entry.InputType = v.most(rows, "crash.kind"), v.most(rows, "workflow.input_type")
		if path := v.most(rows, "workflow.path"); path != "" {
			entry.Path = path
		}
		if entry.Label == "" {
			entry.Label = v.most(rows, "workflow.label")
		}
	}
	entry.Environment = v.environment(rows)
	entry.FirstSeen, entry.LastSeen = a.FirstSeen, a.LastSeen
	entry.State, entry.Proof = string(a.State), a.Sentence
	entry.Rows, entry.Episodes, entry.Grade = a.Rows, a.Episodes, string(a.Grade)
	if entry.Progress = v.progress(a); entry.Progress != "" {
		entry.Proof = entry.Progress + ", no diagnosis. " + a.Sentence
	}
	entry.NeedUntil, entry.Needs = v.needs(a)
	return entry
}

// progress is the thirty-row rule: what was seen of what a diagnosis needs.
func (v *view) progress(a epi.Assessment) string {
	if v.population == nil || a.Episodes == 0 {
		return ""
	}
	if enough := v.population.Parameters().TrustMin; a.Episodes < enough {
		return fmt.Sprintf("%d of %d: provisional", a.Episodes, enough)
	}
	return ""
}

// needs says how much more silence GONE needs, in days and in exposure, and when
// that can be.
func (v *view) needs(a epi.Assessment) (until time.Time, words string) {
	s := a.Silence
	if s == nil || s.NeedUntil.IsZero() || a.State == epi.StateGone || !s.NeedUntil.After(a.At) {
		return time.Time{}, ""
	}
	days := s.NeedUntil.Sub(a.At).Hours() / 24
	if days > outOfReach {
		return s.NeedUntil, fmt.Sprintf("silence alone will not prove it: it has been silent for %.0f days before", math.Floor(s.LongestGap))
	}
	words = fmt.Sprintf("needs %.0f more days of silence", math.Ceil(days))
	if perDay := v.recentExposure(a.At); perDay > 0 {
		words += fmt.Sprintf(", about %.0f %s at the present pace", days*perDay, v.unit)
	}
	return s.NeedUntil, words + ": GONE is possible on " + s.NeedUntil.UTC().Format(time.DateOnly)
}

// outOfReach is the number of days beyond which no date is promised.
const outOfReach = 10 * 365

// recentDays is how many days back the present pace of exposure is taken from.
const recentDays = 7

// recentExposure is the exposure of a day, over the last whole days before now.
func (v *view) recentExposure(now time.Time) float64 {
	if v.input.Exposure == nil {
		return 0
	}
	to := int32(math.Floor(epi.DayOf(now)))
	var sum float64
	for i, day := range v.input.Exposure.Day {
		if day >= to-recentDays && day < to {
			sum += v.input.Exposure.Weight[i]
		}
	}
	return sum / recentDays
}

// environment words the most frequent values of what surrounds the failures.
func (v *view) environment(rows []int32) string {
	var parts []string
	for _, d := range v.compared {
		switch {
		case d.Role == epi.RoleHost || d.Role == epi.RolePhysicalHost || d.Role == epi.RoleService:
			continue
		case d.Name == "workflow.path" || d.Name == "workflow.input_type":
			continue // fields of their own
		}
		if m := v.most(rows, d.Name); m != "" {
			parts = append(parts, d.Noun+" "+m)
		}
	}
	return strings.Join(parts, ", ")
}

// mostValues is how many values of a dimension the ledger shows.
const mostValues = 3

// most words the most frequent values of a dimension among rows.
func (v *view) most(rows []int32, dimension string) string {
	c, known := v.columns[dimension]
	if !known || len(c.codes) == 0 {
		return ""
	}
	counts := map[string]int{}
	for _, row := range rows {
		if value := c.values[c.codes[row]]; value != "" {
			counts[value]++
		}
	}
	values := slices.SortedFunc(maps.Keys(counts), func(a, b string) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(a, b))
	})
	if len(values) > mostValues {
		values = append(values[:mostValues], "…")
	}
	return strings.Join(values, ", ")
}
