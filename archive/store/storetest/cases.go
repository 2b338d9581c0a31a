package storetest

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

func testEmpty(t *testing.T, open Opener) {
	p := &pair{s: open.Empty(t), o: NewOracle()}
	p.ask(t, everything(), "host.name")
	grouped := everything()
	grouped.GroupBy = []string{"host.name", "crash.class"}
	p.ask(t, grouped, "crash.class")
	p.append(t, nil)
	p.expose(t, nil)
	p.annotate(t, nil)
	p.askPopulation(t, around())
	st, err := p.s.Stats(context.Background())
	if err != nil || st.Records != 0 || st.Exposure != 0 {
		t.Errorf("Stats of an empty store: %+v, %v", st, err)
	}
	closeStore(t, p.s)
}

// testResend sends batches again: whole, in part, twice within one batch, and
// with times that lie inside and outside of the window.
func testResend(t *testing.T, open Opener) {
	p := &pair{s: open.Empty(t), o: NewOracle()}
	records := sequence(300)
	p.append(t, records)
	p.append(t, records)
	p.append(t, append(sequence(310)[250:], sequence(310)[300:]...))
	for _, shift := range []time.Duration{store.DedupeWindow, -store.DedupeWindow, store.DedupeWindow + time.Microsecond, -store.DedupeWindow - time.Microsecond} {
		moved := sequence(3)
		for i := range moved {
			moved[i].Time = moved[i].Time.Add(shift)
		}
		p.append(t, moved)
	}
	slot := crash.Exposure{Host: crash.Host{Name: "h"}, Start: records[0].Time, Length: time.Hour, Covered: time.Hour}
	other := slot
	other.Host = crash.Host{ID: "m-1", Name: "h"}
	p.expose(t, []crash.Exposure{slot, slot})
	p.expose(t, []crash.Exposure{slot, other})
	p.ask(t, everything(), "crash.signature")
	closeStore(t, p.s)
}

func testReopen(t *testing.T, open Opener) {
	p := &pair{s: open.Empty(t), o: NewOracle()}
	p.append(t, sequence(100))
	p.expose(t, []crash.Exposure{{Host: crash.Host{Name: "host-1"}, Start: sequence(1)[0].Time, Length: time.Hour, Covered: time.Hour}})
	note := query.LedgerEvent{ID: crash.ID{3}, Time: sequence(1)[0].Time, Actor: "ann", Cluster: "other/abort in svc-1", Action: query.ActionNote, Text: "seen"}
	p.annotate(t, []query.LedgerEvent{note})
	before, err := p.s.Version(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	p.s = open.Reopen(t, p.s)
	if after, err := p.s.Version(context.Background()); err != nil || after != before {
		t.Errorf("version %d before and %d after reopening, %v", before, after, err)
	}
	p.ask(t, everything(), "host.name")
	p.askPopulation(t, around())
	p.annotate(t, []query.LedgerEvent{note})
	p.append(t, sequence(150))
	p.s = open.Reopen(t, p.s)
	p.ask(t, everything(), "crash.signature")
	st, err := p.s.Stats(context.Background())
	if err != nil || st.Records != 150 || st.Exposure != 1 {
		t.Errorf("Stats: %+v, %v; want 150 records, 1 slot", st, err)
	}
	closeStore(t, p.s)
}

// testCancel checks that a context that ended stops a call and leaves the store
// as it was.
func testCancel(t *testing.T, open Opener) {
	p := &pair{s: open.Empty(t), o: NewOracle()}
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := p.s.Append(ctx, sequence(10)); !errors.Is(err, context.Canceled) {
		t.Errorf("Append with an ended context: %v, want %v", err, context.Canceled)
	}
	req := everything()
	req.Normalize()
	if _, err := p.s.Clusters(ctx, req); !errors.Is(err, context.Canceled) {
		t.Errorf("Clusters with an ended context: %v, want %v", err, context.Canceled)
	}
	p.ask(t, everything(), "host.name")
	p.append(t, sequence(10))
	p.ask(t, everything(), "host.name")
	closeStore(t, p.s)
}

// testConcurrent sends the same records from several sides while questions are
// asked: each is there once in the end.
func testConcurrent(t *testing.T, open Opener) {
	s, o := open.Empty(t), NewOracle()
	records := sequence(400)
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; i < len(records); i += 50 {
				at := (i + w*100) % len(records)
				if _, err := s.Append(context.Background(), records[at:at+50]); err != nil {
					t.Errorf("Append: %v", err)
				}
			}
		})
		wg.Go(func() {
			req := everything()
			req.GroupBy = []string{"crash.signature"}
			req.Normalize()
			for range 5 {
				if _, err := s.Timeseries(context.Background(), req); err != nil {
					t.Errorf("Timeseries: %v", err)
				}
			}
		})
	}
	wg.Wait()
	if _, err := o.Append(context.Background(), records); err != nil {
		t.Fatal(err)
	}
	(&pair{s: s, o: o}).ask(t, everything(), "host.name")
	closeStore(t, s)
}

func closeStore(t *testing.T, s store.Store) {
	t.Helper()
	if err := s.Close(); err != nil {
		t.Errorf("Close: %v", err)
	}
}
