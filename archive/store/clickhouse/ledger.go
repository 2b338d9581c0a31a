package clickhouse

import (
	"context"
	"encoding/json"
	"fmt"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// AppendLedger adds events and returns when ClickHouse has them.
func (s *Store) AppendLedger(ctx context.Context, events []query.LedgerEvent) (store.Appended, error) {
	done, err := s.ledger.add(ctx, events)
	if err != nil {
		return store.Appended{}, fmt.Errorf("clickhouse: append %d ledger events: %w", len(events), err)
	}
	return done, nil
}

func (s *Store) commitLedger(ctx context.Context, parts [][]query.LedgerEvent) ([]store.Appended, error) {
	ctx, cancel := context.WithTimeout(ctx, s.opt.InsertTimeout)
	defer cancel()
	known := make(map[crash.ID]bool)
	if err := s.whole(ctx, "SELECT id FROM "+tableLedger, func(d *rowDecoder) { known[d.id()] = true }); err != nil {
		return nil, fmt.Errorf("look up known events: %w", err)
	}
	done := make([]store.Appended, len(parts))
	var rows rowEncoder
	received := s.now().UnixMicro()
	for i, part := range parts {
		for j := range part {
			e := &part[j]
			if known[e.ID] {
				done[i].Duplicates++
				continue
			}
			known[e.ID] = true
			done[i].Added++
			text, err := json.Marshal(e)
			if err != nil {
				return nil, fmt.Errorf("event %s: %w", e.ID, err)
			}
			rows.id(e.ID)
			rows.uint64(firstWins(received))
			rows.int64(e.Time.UnixMicro())
			rows.int64(received)
			rows.text(e.Cluster)
			rows.text(string(text))
		}
	}
	return done, s.insert(ctx, tableOf(tableLedger), rows.b)
}

// LedgerEvents returns every event.
func (s *Store) LedgerEvents(ctx context.Context) ([]query.LedgerEvent, error) {
	var events []query.LedgerEvent
	var broken error
	err := s.reading().rows(ctx, "SELECT event FROM "+tableLedger+" FINAL", func(d *rowDecoder) {
		var e query.LedgerEvent
		if text := d.bytes(); broken == nil && d.err == nil {
			if err := json.Unmarshal(text, &e); err != nil {
				broken = fmt.Errorf("event %.80q: %w", text, err)
			}
		}
		events = append(events, e)
	})
	if err == nil {
		err = broken
	}
	if err != nil {
		return nil, fmt.Errorf("clickhouse: ledger: %w", err)
	}
	store.SortEvents(events)
	return events, nil
}
