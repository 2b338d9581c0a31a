// Package ledger folds the append-only events of the failure population ledger
// into what is known about each cluster. Folding is deterministic: the same set
// of events gives the same entries in whatever order they arrived.
package ledger

import (
	"slices"

	"github.com/epicurve/epicurve/pkg/query"
)

// Book is the folded ledger.
type Book struct {
	entries     map[string]*query.LedgerEntry
	into        map[string]string // merged cluster -> the cluster it was merged into
	splits      []query.LedgerEvent
	deployments []query.LedgerEvent
	categories  []query.Category
}

// Fold makes a book of events. Events with the same id count once; the input is
// not changed. Only the people's part of the entries is filled in.
func Fold(events []query.LedgerEvent) *Book {
	b := &Book{entries: map[string]*query.LedgerEntry{}, into: map[string]string{}}
	stands := standing(order(events))
	for _, e := range stands {
		switch e.Action {
		case query.ActionMerge:
			if b.Canonical(e.Into) != e.Cluster {
				b.into[e.Cluster] = e.Into
			}
		case query.ActionSplit:
			b.splits = append(b.splits, e)
		case query.ActionDeploy:
			b.deployments = append(b.deployments, e)
		}
	}
	b.categories = categories(stands)
	for _, e := range stands {
		b.apply(e)
	}
	for from := range b.into {
		to := b.entry(b.Canonical(from))
		to.Merged = append(to.Merged, from)
	}
	for _, e := range b.entries {
		slices.Sort(e.Merged)
		slices.SortStableFunc(e.Fixes, func(x, y query.LedgerFix) int { return x.At.Compare(y.At) })
	}
	return b
}

// Canonical follows merges to the key that a cluster is now known by.
func (b *Book) Canonical(cluster string) string {
	for range b.into {
		next, merged := b.into[cluster]
		if !merged {
			break
		}
		cluster = next
	}
	return cluster
}

// Entry returns what people said of a cluster; ok is false when nobody said
// anything. The entry is shared: don't change it.
func (b *Book) Entry(cluster string) (entry query.LedgerEntry, ok bool) {
	e, ok := b.entries[b.Canonical(cluster)]
	if !ok {
		return query.LedgerEntry{Cluster: cluster}, false
	}
	return *e, true
}

// Clusters lists the keys that have an entry, sorted.
func (b *Book) Clusters() []string {
	keys := make([]string, 0, len(b.entries))
	for k := range b.entries {
		keys = append(keys, k)
	}
	slices.Sort(keys)
	return keys
}

// Deployments lists the deployments that stand, by the time of their event.
func (b *Book) Deployments() []query.LedgerEvent { return b.deployments }

// Categories lists the categories of workflow failures: those that every
// archive knows, then the others in the order in which they were added.
func (b *Book) Categories() []query.Category { return b.categories }

func (b *Book) entry(cluster string) *query.LedgerEntry {
	e, ok := b.entries[cluster]
	if !ok {
		e = &query.LedgerEntry{Cluster: cluster}
		b.entries[cluster] = e
	}
	return e
}

func (b *Book) apply(e query.LedgerEvent) {
	switch e.Action {
	case query.ActionDeploy, query.ActionCategory, query.ActionUndo:
		return // not about one cluster, or done before: see Fold and standing
	case query.ActionSplit:
		b.applySplit(e)
		return
	}
	remark := query.LedgerRemark{Event: e.ID, Time: e.Time, Actor: e.Actor, Text: e.Text}
	entry := b.entry(b.Canonical(e.Cluster))
	switch e.Action {
	case query.ActionLabel:
		entry.Label = e.Text
	case query.ActionCause:
		entry.Causes = append(entry.Causes, remark)
	case query.ActionNote:
		entry.Notes = append(entry.Notes, remark)
	case query.ActionReopen:
		entry.Reopened = append(entry.Reopened, remark)
	case query.ActionFix:
		if e.Fix != nil {
			entry.Fixes = append(entry.Fixes, b.fix(e))
		}
	}
}
