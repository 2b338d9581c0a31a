package storetest

import (
	"context"
	"slices"
	"testing"

	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// testDelete deletes what requests select, dry first, and compares every answer
// afterwards with an oracle's. What was deleted can be sent again.
func testDelete(t *testing.T, open Opener) {
	fewer(t, "25")
	rapid.Check(t, func(t *rapid.T) {
		p := &pair{s: open.Empty(t), o: NewOracle()}
		defer func() {
			if err := p.s.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
		}()
		d, ok := p.s.(store.Deleter)
		if !ok {
			return
		}
		pop := drawPopulation(t)
		records := rapid.SliceOfN(rapid.Custom(pop.record), 1, 60).Draw(t, "records")
		p.append(t, records)
		for range rapid.IntRange(1, 3).Draw(t, "deletions") {
			req := pop.request(t)
			req.Type = query.TypeRecords
			req.Normalize()
			if err := req.Validate(); err != nil {
				t.Fatalf("the suite drew an invalid request: %v", err)
			}
			want := p.o.count(req)
			for _, dry := range []bool{true, false} {
				if got, err := d.Delete(context.Background(), req, dry); err != nil || got != (store.Deleted{Records: want}) {
					t.Fatalf("Delete (dry %v) of %+v: %+v, %v; want %d records", dry, req, got, err, want)
				}
			}
			p.o.delete(req)
			p.ask(t, pop.request(t), "host.name")
			p.askPopulation(t, req.Range)
		}
		p.append(t, records)
		p.ask(t, everything(), "crash.signature")
	})
}

// count counts what a request selects.
func (o *Oracle) count(req query.Request) int64 { return int64(len(o.selected(req))) }

// delete drops what a request selects.
func (o *Oracle) delete(req query.Request) {
	gone := make(map[*crash.Record]bool)
	for _, r := range o.selected(req) {
		gone[r] = true
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	kept := make([]crash.Record, 0, len(o.records))
	for i := range o.records {
		if r := &o.records[i]; !gone[r] {
			kept = append(kept, *r)
		}
	}
	o.records = slices.Clip(kept)
}
