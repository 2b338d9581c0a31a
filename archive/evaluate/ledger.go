package evaluate

import (
	"cmp"
	"context"
	"errors"
	"maps"
	"slices"
	"strings"

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
		out.Entries = append(out.Entries, v.fill(entry, a))
		if len(out.Entries) == req.Limit {
			break
		}
	}
	return out, nil
}

// ledgerKeys lists the canonical keys to show, each once.
func (v *view) ledgerKeys(list query.Clusters, req query.Request) []string {
	var keys []string
	for _, c := range list.Clusters {
		keys = append(keys, v.book.Canonical(c.Key))
	}
	if req.Cluster != "" {
		keys = append(keys, v.book.Canonical(req.Cluster))
	} else if len(req.Filters) == 0 {
		keys = append(keys, v.book.Clusters()...)
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
	class, signature, err := query.ParseCluster(entry.Cluster)
	if err == nil {
		entry.Category = string(class)
		if kind, _, ok := strings.Cut(signature, " "); ok && crash.Kind(kind).Valid() {
			entry.Category += "/" + kind
		}
		entry.Path = signature
	}
	entry.FirstSeen, entry.LastSeen = a.FirstSeen, a.LastSeen
	rows := v.members(entry.Cluster)
	entry.Surface = v.most(rows, "service.name")
	entry.Environment = v.environment(rows)
	entry.State, entry.Proof = string(a.State), a.Sentence
	return entry
}

// environment words the most frequent values of what surrounds the crashes.
func (v *view) environment(rows []int32) string {
	var parts []string
	for _, d := range v.input.Dimensions {
		if d.Role == epi.RoleHost || d.Role == epi.RolePhysicalHost || d.Role == epi.RoleService {
			continue
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
	at := slices.IndexFunc(v.input.Dimensions, func(d epi.Dimension) bool { return d.Name == dimension })
	if at < 0 {
		return ""
	}
	counts := map[string]int{}
	for _, row := range rows {
		if value := v.input.Dimensions[at].Values[v.input.Crashes.Codes[at][row]]; value != "" {
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
