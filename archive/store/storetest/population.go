package storetest

import (
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// populationDimensions are the dimensions that evaluations compare, one that is
// kept as text, and one that exposure does not know.
func populationDimensions() []string {
	return []string{"host.name", "cloud.region", "process.executable.build_id.gnu", "os.kernel.release", "host.type", "service.name", "host.physical_id", "k8s.pod.name", "crash.kind"}
}

// askPopulation compares the columns of a range, decoded.
func (p *pair) askPopulation(t TB, r query.Range) {
	t.Helper()
	p.askFiltered(t, store.PopulationRequest{Range: r, Dimensions: populationDimensions()})
	p.askFiltered(t, store.PopulationRequest{
		Range: r, Dimensions: populationDimensions(),
		Filters: []query.Filter{{Dimension: "crash.class", Op: query.OpNotIn, Values: []string{string(crash.Other)}}},
	})
}

func (p *pair) askFiltered(t TB, req store.PopulationRequest) {
	t.Helper()
	r := req.Range
	want, err := p.o.Population(context.Background(), req)
	if err != nil {
		t.Fatalf("oracle: Population: %v", err)
	}
	got, err := p.s.Population(context.Background(), req)
	if err != nil {
		t.Fatalf("Population of %v: %v", r, err)
	}
	if d := cmp.Diff(crashLines(want), crashLines(got)); d != "" {
		t.Fatalf("crashes of the population of %v (-oracle +store):\n%s", r, d)
	}
	if len(got.Crashes.Received) != len(got.Crashes.Time) {
		t.Fatalf("%d crashes of the population have %d times of receipt", len(got.Crashes.Time), len(got.Crashes.Received))
	}
	for i, at := range got.Crashes.Received {
		if off := time.Duration(want.Crashes.Received[i]-at) * time.Microsecond; off.Abs() > time.Hour {
			t.Fatalf("crash %d of the population was received at %d µs, %s off", i, at, off)
		}
	}
	if d := cmp.Diff(want.Limits, got.Limits, compareAnswers); d != "" {
		t.Fatalf("limits of the population of %v (-oracle +store):\n%s", r, d)
	}
	if d := cmp.Diff(exposureLines(want), exposureLines(got)); d != "" {
		t.Fatalf("exposure of the population of %v (-oracle +store):\n%s", r, d)
	}
	for _, dictionary := range append([][]string{got.Class, got.Signature, got.Source, got.Signal, got.Boot, got.Executable}, got.Values...) {
		if sorted := slices.Sorted(slices.Values(dictionary)); len(slices.Compact(sorted)) != len(dictionary) {
			t.Errorf("a dictionary names a value twice: %q", dictionary)
		}
	}
}

func crashLines(p store.Population) []string {
	var lines []string
	c := p.Crashes
	for i := range c.Time {
		line := []any{
			fmt.Sprintf("%d %q %q up %d", c.Time[i], p.Class[c.Class[i]], p.Signature[c.Signature[i]], c.HostUptime[i]),
			fmt.Sprintf("pid %d boot %q of %q: %q %q", c.PID[i], p.Boot[c.Boot[i]], p.Executable[c.Executable[i]], p.Source[c.Source[i]], p.Signal[c.Signal[i]]),
		}
		for d := range p.Values {
			line = append(line, p.Values[d][c.Codes[d][i]])
		}
		lines = append(lines, fmt.Sprintf("%q", line))
	}
	return lines
}

func exposureLines(p store.Population) []string {
	var lines []string
	e := p.Exposure
	for i := range e.Day {
		if i > 0 && e.Day[i] < e.Day[i-1] {
			lines = append(lines, "days are not in order")
		}
		line := []any{fmt.Sprintf("%06d %.6f up %d", e.Day[i], math.Abs(e.Days[i]), e.HostUptime[i])}
		for d := range p.Values {
			line = append(line, p.Values[d][e.Codes[d][i]])
		}
		lines = append(lines, fmt.Sprintf("%q", line))
	}
	slices.Sort(lines)
	return lines
}

// event draws an event of the ledger from a few ids.
func (p *population) event(t *rapid.T) query.LedgerEvent {
	e := query.LedgerEvent{
		ID: crash.ID{1, byte(rapid.IntRange(0, 9).Draw(t, "event"))}, Time: p.time(t), Actor: "ann@example.org",
		Cluster: crash.ClusterKey(crash.Other, "abort in "+rapid.SampledFrom(texts).Draw(t, "cluster")), Action: query.ActionNote, Text: "text " + rapid.SampledFrom(texts).Draw(t, "text"),
	}
	if rapid.Bool().Draw(t, "fix") {
		e.Action, e.Fix = query.ActionFix, &query.Fix{At: p.time(t), Dimension: "host.name", Value: "db-7", Removal: true, Builds: []string{"v1"}}
	}
	return e
}

// annotate appends events to both and compares the ledgers.
func (p *pair) annotate(t TB, events []query.LedgerEvent) {
	t.Helper()
	for i := range events {
		if err := events[i].Validate(); err != nil {
			t.Fatalf("the suite drew an invalid event: %v", err)
		}
	}
	ctx := context.Background()
	before, err := p.s.Version(ctx)
	if err != nil {
		t.Fatalf("Version: %v", err)
	}
	got, err := p.s.AppendLedger(ctx, events)
	if err != nil {
		t.Fatalf("AppendLedger: %v", err)
	}
	if want, _ := p.o.AppendLedger(ctx, events); got != want {
		t.Errorf("AppendLedger: %+v, want %+v", got, want)
	}
	if after, err := p.s.Version(ctx); err != nil || (after != before) != (got.Added > 0) {
		t.Errorf("version %d, then %d (%v), after %+v", before, after, err, got)
	}
	want, _ := p.o.LedgerEvents(ctx)
	have, err := p.s.LedgerEvents(ctx)
	if err != nil {
		t.Fatalf("LedgerEvents: %v", err)
	}
	if d := cmp.Diff(want, have, compareAnswers); d != "" {
		t.Fatalf("ledger (-oracle +store):\n%s", d)
	}
}

// around is the range that most of the suite's sequences lie in.
func around() query.Range {
	return query.Range{From: time.Date(2025, 12, 1, 0, 0, 0, 0, time.UTC), To: time.Date(2026, 3, 1, 0, 0, 0, 1000, time.UTC)}
}
