package bench

import (
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"time"

	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store/duckdb"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// The population that the evaluation is measured on: one year of a fleet, the
// sizes of its clusters falling off as 1/rank.
const (
	evaluatedClusters = 2000
	evaluatedRows     = 200_000
	evaluatedHosts    = 1000
	evaluatedDays     = 365

	listBar    = 5 * time.Second
	clusterBar = 200 * time.Millisecond
)

// Evaluation measures how long verdicts take, from a real store: loading the
// population, all clusters at once, and the first, a middling and the largest
// cluster with every detail. It prints a table.
func Evaluation(ctx context.Context, out io.Writer) (err error) {
	dir, err := os.MkdirTemp("", "epicurve-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	s, err := duckdb.Open(ctx, filepath.Join(dir, "bench.duckdb"), duckdb.Options{})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	end := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	if err := populate(ctx, s, end); err != nil {
		return err
	}
	fmt.Fprintf(out, "%s; load: %s; %d clusters, %d crashes, %d hosts, %d days\n\n",
		machine(), load(), evaluatedClusters, evaluatedRows, evaluatedHosts, evaluatedDays)
	figures, err := evaluation(ctx, s, end)
	if err != nil {
		return err
	}
	return printTable(out, figures)
}

func evaluation(ctx context.Context, s evaluate.Store, end time.Time) ([]figure, error) {
	var list, large, middling []time.Duration
	for range rounds {
		// A new evaluator each round, so that nothing was kept.
		e := evaluate.New(evaluate.Config{Store: s, Now: func() time.Time { return end }})
		ask := query.Request{Type: query.TypeClusters, Range: query.Range{From: end.AddDate(-1, 0, 0), To: end}, Limit: evaluatedClusters}
		ask.Normalize()
		took, clusters, err := clock(func() (query.Clusters, error) { return e.Clusters(ctx, ask) })
		if err != nil {
			return nil, err
		}
		list = append(list, took)
		for key, times := range map[string]*[]time.Duration{clusters.Clusters[0].Key: &large, clusters.Clusters[100].Key: &middling} {
			one := ask
			one.Type, one.Cluster = query.TypeVerdict, key
			took, _, err := clock(func() (query.Verdict, error) { return e.Verdict(ctx, one) })
			if err != nil {
				return nil, err
			}
			*times = append(*times, took)
		}
	}
	return []figure{
		within("load the population and evaluate every cluster", median(list), listBar),
		within("verdict with every detail, largest cluster", median(large), clusterBar),
		within("verdict with every detail, 100th cluster", median(middling), clusterBar),
	}, nil
}

func within(what string, took, bar time.Duration) figure {
	return figure{what: what, measured: took.Round(100 * time.Microsecond).String(), bar: "≤ " + bar.String(), met: took <= bar}
}

func clock[T any](do func() (T, error)) (time.Duration, T, error) {
	start := time.Now()
	v, err := do()
	return time.Since(start), v, err
}

// populate fills a store with the population.
func populate(ctx context.Context, s *duckdb.Store, end time.Time) error {
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a population, not a secret
	var harmonic float64
	for rank := 1; rank <= evaluatedClusters; rank++ {
		harmonic += 1 / float64(rank)
	}
	var records []crash.Record
	for rank := 1; rank <= evaluatedClusters; rank++ {
		n := max(1, int(math.Round(evaluatedRows/harmonic/float64(rank))))
		for i := range n {
			at := end.Add(-time.Duration(rng.Int64N(int64(evaluatedDays * 24 * time.Hour)))).Truncate(time.Microsecond)
			records = append(records, evaluated(rank, i, rng.IntN(evaluatedHosts), at))
		}
	}
	for len(records) > 0 {
		n := min(len(records), 5000)
		if _, err := s.Append(ctx, records[:n]); err != nil {
			return err
		}
		records = records[n:]
	}
	for day := range evaluatedDays {
		slots := make([]crash.Exposure, evaluatedHosts)
		midnight := end.AddDate(0, 0, -day-1)
		for h := range slots {
			r := evaluated(1, 0, h, midnight)
			slots[h] = crash.Exposure{
				Host: r.Host, Cloud: r.Cloud, Start: midnight, Length: 24 * time.Hour, Covered: 24 * time.Hour,
				Builds: []crash.ExposedBuild{{ServiceName: r.Process.ServiceName, ServiceVersion: r.Process.ServiceVersion, Running: 24 * time.Hour}},
			}
		}
		if _, err := s.AppendExposure(ctx, slots); err != nil {
			return err
		}
	}
	return nil
}

// evaluated is crash i of the cluster with the given rank on a host.
func evaluated(rank, i, host int, at time.Time) crash.Record {
	r := crash.Record{
		Time: at, Source: crash.SourceCore, SchemaVersion: crash.SchemaVersion,
		Finding: crash.Finding{Class: crash.Other, Kind: crash.KindNullDeref, Signature: fmt.Sprintf("null_deref at leaf+0x%x", 64*rank)},
		Host: crash.Host{
			Name: fmt.Sprintf("host-%04d", host), KernelRelease: []string{"5.15.0-1068", "6.8.0-1015"}[host%2],
			CPUModel: []string{"EPYC-7763", "EPYC-9V74", "Xeon-8370C"}[host%3], Type: []string{"E32as_v5", "L32as_v4", "E32s_v5"}[host%3],
		},
		Cloud:   crash.Cloud{Region: fmt.Sprintf("region-%d", host%5)},
		Process: crash.Process{ServiceName: "leaf", ServiceVersion: "r" + at.Format("2006.01")},
	}
	r.Complete("bench", fmt.Sprint(rank, i))
	return r
}
