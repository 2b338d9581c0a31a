package ledger

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

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
