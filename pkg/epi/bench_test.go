package epi_test

import (
	"sync"
	"syscall"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

// year is a year of a fleet of 400 hosts with 10^6 rows in 2,000 clusters.
var year = sync.OnceValue(func() epi.Input {
	return shape{rows: 1_000_000, clusters: 2000, hosts: 400, days: 365, seed: 7}.archive()
})

// reportCPU reports the processor time of the benchmark so far, which, unlike
// the wall's, does not depend on what else the machine does.
func reportCPU(b *testing.B) func() {
	start := cpuSeconds(b)
	return func() { b.ReportMetric(1000*(cpuSeconds(b)-start)/float64(b.N), "cpu-ms/op") }
}

func cpuSeconds(b *testing.B) float64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return float64(u.Utime.Sec+u.Stime.Sec) + float64(u.Utime.Usec+u.Stime.Usec)/1e6
}

func BenchmarkNewPopulation(b *testing.B) {
	in := year()
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		mustPopulation(b, in)
	}
}

// BenchmarkAllClusters evaluates 2,000 clusters of one year, one after another.
func BenchmarkAllClusters(b *testing.B) {
	in := year()
	p := mustPopulation(b, in)
	clusters := p.Clusters()
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		for _, c := range clusters {
			mustEvaluate(b, p, epi.Question{Rows: c.Rows, Now: in.To, Clusters: len(clusters)})
		}
	}
	b.ReportMetric(float64(len(clusters)), "clusters")
}

// BenchmarkOneCluster evaluates the largest cluster, some 120,000 rows, with
// everything that a verdict shows.
func BenchmarkOneCluster(b *testing.B) {
	in := year()
	p := mustPopulation(b, in)
	rows := p.Clusters()[0].Rows
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		mustEvaluate(b, p, epi.Question{Rows: rows, Now: in.To, Detail: true})
	}
	b.ReportMetric(float64(len(rows)), "rows")
}

// BenchmarkWholeArchive evaluates all rows as one symptom.
func BenchmarkWholeArchive(b *testing.B) {
	in := year()
	p := mustPopulation(b, in)
	rows := p.Select(func(int32) bool { return true })
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		mustEvaluate(b, p, epi.Question{Rows: rows, Now: in.To})
	}
}

func BenchmarkSplit(b *testing.B) {
	in := year()
	p := mustPopulation(b, in)
	rows := p.Clusters()[0].Rows
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		if _, err := p.SplitRows(rows, &epi.SplitBy{Factor: &epi.Factor{Dimension: 0, Value: 3}}, in.To); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkPauses(b *testing.B) {
	t := year().Crashes.Time[:1_000_000]
	params := epi.Defaults()
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		params.Pauses(t).Required(0.5, 0.0025, 300)
	}
}

func BenchmarkTimeScan(b *testing.B) {
	t := year().Crashes.Time[:1_000_000]
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		epi.TimeScan(t, begin, begin+365, 365)
	}
}

func BenchmarkPlanCusum(b *testing.B) {
	params := epi.Defaults()
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		params.PlanCusum(5, 1500)
	}
}

func BenchmarkOnsetTwoRate(b *testing.B) {
	in := shape{rows: 10_000, clusters: 1, hosts: 10, days: 365, seed: 3}.archive()
	p := mustPopulation(b, in)
	var times []float64
	for _, row := range p.Clusters()[0].Rows {
		times = append(times, in.Crashes.Time[row])
	}
	b.ReportAllocs()
	defer reportCPU(b)()
	for b.Loop() {
		epi.OnsetTwoRate(times, begin, begin+365, 0.5)
	}
}
