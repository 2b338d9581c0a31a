package evaluate

import (
	"context"
	"errors"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// Recorder is the actor of what the archive writes into the ledger by itself.
const Recorder = "epicurve"

// Relapses returns an event for every cluster that has relapsed. The id is made
// of the cluster and the fix that the relapse belongs to, so that appending it
// again adds nothing: an entry is reopened, and that is said, once.
func (e *Evaluator) Relapses(ctx context.Context) ([]query.LedgerEvent, error) {
	now := e.Now().UTC()
	v, err := e.view(ctx, now)
	if err != nil {
		return nil, err
	}
	var events []query.LedgerEvent
	for _, key := range v.book.Clusters() {
		entry, _ := v.book.Entry(key)
		if v.book.Canonical(key) != key || len(entry.Fixes) == 0 {
			continue
		}
		a, err := v.assess(key, v.at, false)
		if errors.Is(err, store.ErrNotFound) {
			continue
		}
		if err != nil {
			return nil, err
		}
		if a.State != epi.StateRelapsed || a.Relapse == nil {
			continue
		}
		h := crash.NewHasher("ledger reopen")
		h.Add("cluster", []byte(key))
		for _, f := range entry.Fixes {
			if !f.Waiting && !f.At.After(a.Relapse.First) {
				h.Add("fix", f.Event[:])
			}
		}
		events = append(events, query.LedgerEvent{
			ID: h.ID(), Time: a.Since.UTC(), Actor: Recorder, Cluster: key, Action: query.ActionReopen, Text: cut(a.Sentence, query.MaxLedgerText),
		})
	}
	return events, nil
}

// cut returns at most n bytes of a text, whole characters only.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for n > 0 && s[n]&0xC0 == 0x80 {
		n--
	}
	return s[:n]
}
