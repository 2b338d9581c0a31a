// Package storetest is the conformance suite that every store of the archive
// must pass: it asks a store and a naive oracle the same questions about the same
// generated populations and compares the answers, cell by cell.
package storetest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Opener opens a store. Empty returns a new, empty one; Reopen closes a store
// that Empty or Reopen returned and opens it again with what it holds.
type Opener struct {
	Empty  func(t TB) store.Store
	Reopen func(t TB, s store.Store) store.Store
}

// TB is what the suite needs of a test: that of testing and that of rapid.
type TB interface {
	Helper()
	Fatalf(format string, args ...any)
	Errorf(format string, args ...any)
}

// Run holds a store to the contract.
func Run(t *testing.T, open Opener) {
	t.Run("empty", func(t *testing.T) { testEmpty(t, open) })
	t.Run("resend", func(t *testing.T) { testResend(t, open) })
	t.Run("reopen", func(t *testing.T) { testReopen(t, open) })
	t.Run("cancel", func(t *testing.T) { testCancel(t, open) })
	t.Run("concurrent", func(t *testing.T) { testConcurrent(t, open) })
	t.Run("population", func(t *testing.T) { testPopulation(t, open) })
	t.Run("delete", func(t *testing.T) { testDelete(t, open) })
	t.Run("fold", func(t *testing.T) { testFold(t, open) })
	t.Run("runs", func(t *testing.T) { testRuns(t, open) })
}

// compareAnswers treats nil and empty alike, and allows for the order in which
// a store adds up fractions.
var compareAnswers = cmp.Options{
	cmpopts.EquateEmpty(),
	cmpopts.EquateApprox(0, 2*store.LeastExposure),
	cmp.Comparer(func(a, b *float64) bool {
		if a == nil || b == nil {
			return a == b
		}
		return math.Abs(*a-*b) <= 1e-9*max(1, math.Abs(*a), math.Abs(*b))
	}),
}

// pair feeds a store and the oracle alike.
type pair struct {
	s store.Store
	o *Oracle
}

func (p *pair) append(t TB, records []crash.Record) {
	t.Helper()
	for i := range records {
		if err := records[i].Validate(); err != nil {
			t.Fatalf("the suite drew an invalid record: %v", err)
		}
	}
	got, err := p.s.Append(context.Background(), records)
	if err != nil {
		t.Fatalf("Append: %v", err)
	}
	if want, _ := p.o.Append(context.Background(), records); got != want {
		t.Errorf("Append: %+v, want %+v", got, want)
	}
}

func (p *pair) expose(t TB, slots []crash.Exposure) {
	t.Helper()
	got, err := p.s.AppendExposure(context.Background(), slots)
	if err != nil {
		t.Fatalf("AppendExposure: %v", err)
	}
	if want, _ := p.o.AppendExposure(context.Background(), slots); got != want {
		t.Errorf("AppendExposure: %+v, want %+v", got, want)
	}
}

// ask compares the answers to one request.
func (p *pair) ask(t TB, req query.Request, dimension string) {
	t.Helper()
	req.Type = query.TypeTimeseries
	req.Normalize()
	if err := req.Validate(); err != nil {
		t.Fatalf("the suite drew an invalid request: %v", err)
	}
	ctx := context.Background()
	compare(t, req, "Timeseries", func(s store.Store) (any, error) { return s.Timeseries(ctx, req) }, p)
	compare(t, req, "Clusters", func(s store.Store) (any, error) { return s.Clusters(ctx, req) }, p)
	compare(t, req, "Records", func(s store.Store) (any, error) { return s.Records(ctx, req) }, p)
	exposure := exposureOf(req)
	compare(t, exposure, "Exposure", func(s store.Store) (any, error) { return s.Exposure(ctx, exposure) }, p)
	compare(t, req, "DimensionValues("+dimension+")", func(s store.Store) (any, error) { return s.DimensionValues(ctx, dimension, req) }, p)
}

// exposureOf asks about the exposure of what a request groups and filters by, as
// far as exposure knows it.
func exposureOf(req query.Request) query.Request {
	unknown := func(name string) bool { return store.CheckExposure(query.Request{GroupBy: []string{name}}) != nil }
	req.Type = query.TypeExposure
	req.GroupBy = slices.DeleteFunc(slices.Clone(req.GroupBy), unknown)
	req.Filters = slices.DeleteFunc(slices.Clone(req.Filters), func(f query.Filter) bool { return unknown(f.Dimension) })
	return req
}

func compare(t TB, req query.Request, name string, ask func(store.Store) (any, error), p *pair) {
	t.Helper()
	want, err := ask(p.o)
	if err != nil {
		t.Fatalf("oracle: %s: %v", name, err)
	}
	got, err := ask(p.s)
	if err != nil {
		t.Fatalf("%s of %+v: %v", name, req, err)
	}
	if d := cmp.Diff(want, got, compareAnswers); d != "" {
		t.Fatalf("%s of %+v (-oracle +store):\n%s", name, req, d)
	}
}

func testPopulation(t *testing.T, open Opener) {
	rapid.Check(t, func(t *rapid.T) {
		p := &pair{s: open.Empty(t), o: NewOracle()}
		pop := drawPopulation(t)
		for range rapid.IntRange(1, 4).Draw(t, "batches") {
			p.append(t, rapid.SliceOfN(rapid.Custom(pop.record), 1, 40).Draw(t, "records"))
			if rapid.Bool().Draw(t, "with exposure") {
				p.expose(t, rapid.SliceOfN(rapid.Custom(pop.exposure), 1, 12).Draw(t, "slots"))
			}
			if rapid.Bool().Draw(t, "with ledger") {
				p.annotate(t, rapid.SliceOfN(rapid.Custom(pop.event), 1, 4).Draw(t, "events"))
			}
			p.askPopulation(t, pop.request(t).Range)
			for range 3 {
				p.ask(t, pop.request(t), rapid.SampledFrom(crash.Dimensions()).Draw(t, "values of").Name)
			}
		}
		if rapid.IntRange(0, 9).Draw(t, "reopen") == 0 {
			p.s = open.Reopen(t, p.s)
			p.ask(t, pop.request(t), "host.name")
		}
		if err := p.s.Close(); err != nil {
			t.Fatalf("Close: %v", err)
		}
	})
}

// everything asks about all of time.
func everything() query.Request {
	return query.Request{
		Range:    query.Range{From: time.Date(1990, 1, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2089, 1, 1, 0, 0, 0, 0, time.UTC)},
		Interval: query.Duration(28 * 24 * time.Hour), Limit: query.MaxLimit, Suppressed: query.SuppressedInclude,
	}
}

// sequence returns n different valid records, an hour apart.
func sequence(n int) []crash.Record {
	records := make([]crash.Record, n)
	for i := range records {
		records[i] = crash.Record{
			ID: crash.ID{1, byte(i >> 16), byte(i >> 8), byte(i)}, Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(i) * time.Hour),
			SchemaVersion: 1, Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: fmt.Sprintf("abort in svc-%d", i%5)},
			Host: crash.Host{Name: fmt.Sprintf("host-%d", i%7)},
		}
	}
	return records
}
