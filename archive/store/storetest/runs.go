package storetest

import (
	"context"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// testRuns compares the runs of AI workflows, in a store that keeps them.
func testRuns(t *testing.T, open Opener) {
	rapid.Check(t, func(t *rapid.T) {
		p := drawPopulation(t)
		oracle, s := NewOracle(), open.Empty(t)
		keeper, ok := s.(store.Runs)
		if !ok {
			t.Skip("this store keeps no runs")
		}
		for range rapid.IntRange(1, 3).Draw(t, "batches") {
			var batch []crash.Runs
			for range rapid.IntRange(0, 20).Draw(t, "slots") {
				batch = append(batch, p.runs(t))
			}
			got, err := keeper.AppendRuns(context.Background(), batch)
			if want, _ := oracle.AppendRuns(context.Background(), batch); err != nil || got != want {
				t.Fatalf("AppendRuns: %+v %v, want %+v", got, err, want)
			}
		}
		from := p.time(t)
		r := query.Range{From: from, To: from.Add(rapid.SampledFrom([]time.Duration{time.Hour, 48 * time.Hour, 100 * 24 * time.Hour}).Draw(t, "span"))}
		got, err := keeper.RunsByDay(context.Background(), r)
		want, _ := oracle.RunsByDay(context.Background(), r)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want, got, compareAnswers); diff != "" {
			t.Errorf("RunsByDay(%v) (-want +got):\n%s", r, diff)
		}
	})
}

func (p *population) runs(t *rapid.T) crash.Runs {
	r := crash.Runs{Start: p.time(t), Length: time.Hour, Count: rapid.Int64Range(0, 1000).Draw(t, "count")}
	for _, name := range []string{"service.name", "gen_ai.response.model", "workflow.path"} {
		if value := rapid.SampledFrom(texts[:4]).Draw(t, name); value != "" {
			if r.Of == nil {
				r.Of = map[string]string{}
			}
			r.Of[name] = value
		}
	}
	return r
}
