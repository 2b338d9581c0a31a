// Package ledger folds the append-only events of the failure population ledger
// into what is known about each cluster. Folding is deterministic: the same set
// of events gives the same entries in whatever order they arrived.
package ledger

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Book is the folded ledger.
type Book struct {
	entries map[string]*query.LedgerEntry
	into    map[string]string // merged cluster -> the cluster it was merged into
}

// Fold makes a book of events. Events with the same id count once; the input is
// not changed. Only the people's part of the entries is filled in.
func Fold(events []query.LedgerEvent) *Book {
	b := &Book{entries: map[string]*query.LedgerEntry{}, into: map[string]string{}}
	ordered := order(events)
	for _, e := range standing(ordered) {
		if e.Action == query.ActionMerge && b.Canonical(e.Into) != e.Cluster {
			b.into[e.Cluster] = e.Into
		}
	}
	for _, e := range standing(ordered) {
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

func (b *Book) entry(cluster string) *query.LedgerEntry {
	e, ok := b.entries[cluster]
	if !ok {
		e = &query.LedgerEntry{Cluster: cluster}
		b.entries[cluster] = e
	}
	return e
}

func (b *Book) apply(e query.LedgerEvent) {
	remark := query.LedgerRemark{Event: e.ID, Time: e.Time, Actor: e.Actor, Text: e.Text}
	entry := b.entry(b.Canonical(e.Cluster))
	switch e.Action {
	case query.ActionLabel:
		entry.Label = e.Text
	case query.ActionCause:
		entry.Causes = append(entry.Causes, remark)
	case query.ActionNote:
		entry.Notes = append(entry.Notes, remark)
	case query.ActionFix:
		if e.Fix != nil {
			entry.Fixes = append(entry.Fixes, query.LedgerFix{Fix: *e.Fix, Event: e.ID, Time: e.Time, Actor: e.Actor, Text: e.Text})
		}
	case query.ActionMerge, query.ActionUndo:
		// Done before the others: see Fold and standing.
	}
}

// order sorts events by time, then id, and keeps the first of each id.
func order(events []query.LedgerEvent) []query.LedgerEvent {
	sorted := slices.Clone(events)
	slices.SortFunc(sorted, compare)
	seen := make(map[crash.ID]bool, len(sorted))
	return slices.DeleteFunc(sorted, func(e query.LedgerEvent) bool {
		repeated := seen[e.ID]
		seen[e.ID] = true
		return repeated
	})
}

func compare(a, b query.LedgerEvent) int {
	return cmp.Or(a.Time.Compare(b.Time), bytes.Compare(a.ID[:], b.ID[:]))
}

// standing leaves out undone events and the undoings themselves. An undoing
// counts only when it comes after what it undoes, so that undoing an undoing
// brings the first event back and no circle can form. Events must be ordered.
func standing(ordered []query.LedgerEvent) []query.LedgerEvent {
	at := make(map[crash.ID]int, len(ordered))
	for i, e := range ordered {
		at[e.ID] = i
	}
	undone := make([]bool, len(ordered))
	for i, e := range slices.Backward(ordered) {
		if e.Action != query.ActionUndo || undone[i] {
			continue
		}
		if target, ok := at[e.Revokes]; ok && target < i {
			undone[target] = true
		}
	}
	var kept []query.LedgerEvent
	for i, e := range ordered {
		if !undone[i] && e.Action != query.ActionUndo {
			kept = append(kept, e)
		}
	}
	return kept
}
