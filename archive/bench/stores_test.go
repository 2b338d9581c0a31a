package bench

import (
	"context"
	"flag"
	"fmt"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/clickhouse/servertest"
	"github.com/epicurve/epicurve/archive/store/open"
	"github.com/epicurve/epicurve/pkg/query"
)

var storeRecords = flag.Int("store-records", 20_000, "records of BenchmarkStores")

// BenchmarkStores asks the questions of a dashboard, and appends, straight of
// each store, without HTTP and without the evaluation:
//
//	go test -run '^$' -bench Stores -benchtime 9x -store-records 1000000 ./archive/bench
func BenchmarkStores(b *testing.B) {
	storages := map[string]string{"duckdb": "duckdb:" + filepath.Join(b.TempDir(), "a.duckdb")}
	if servertest.Binary() != nil {
		server, err := servertest.Start(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(server.Kill)
		storages["clickhouse"] = "clickhouse://" + server.Address() + "/archive"
	}
	end := time.Now().UTC().Truncate(time.Hour)
	for _, scheme := range []string{"clickhouse", "duckdb"} {
		if storages[scheme] == "" {
			continue
		}
		s, err := open.Store(b.Context(), storages[scheme])
		if err != nil {
			b.Fatal(err)
		}
		p := newPopulation(end.Add(-year), year, *storeRecords)
		took, err := appended(b.Context(), s, p, *storeRecords)
		if err != nil {
			b.Fatal(err)
		}
		b.Logf("%s: filled with %.0f records/s, load %s", scheme, float64(*storeRecords)/took.Seconds(), load())
		for _, q := range storeQuestions(b, s, end) {
			b.Run(scheme+"/"+q.name, func(b *testing.B) { timed(b, q.ask) })
		}
		b.Run(scheme+"/append", func(b *testing.B) {
			for b.Loop() {
				b.StopTimer()
				records := p.records(fillBatch)
				b.StartTimer()
				if done, err := s.Append(b.Context(), records); err != nil || done.Added != fillBatch {
					b.Fatalf("%+v, %v", done, err)
				}
			}
			b.ReportMetric(float64(b.N*fillBatch)/b.Elapsed().Seconds(), "records/s")
		})
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
	}
}

// timed reports the median, which one slow run does not move.
func timed(b *testing.B, ask func(context.Context) error) {
	if err := ask(b.Context()); err != nil { // a warm-up
		b.Fatal(err)
	}
	var took []time.Duration
	for b.Loop() {
		start := time.Now()
		if err := ask(b.Context()); err != nil {
			b.Fatal(err)
		}
		took = append(took, time.Since(start))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Microseconds())/1000, "ms/median")
}

type storeQuestion struct {
	name string
	ask  func(context.Context) error
}

// storeQuestions are the dashboard's, and what the evaluation reads.
func storeQuestions(b *testing.B, s store.Store, end time.Time) []storeQuestion {
	request := func(span time.Duration, change func(*query.Request)) query.Request {
		r := query.Request{Type: query.TypeClusters, Range: query.Range{From: end.Add(-span), To: end}}
		change(&r)
		r.Normalize()
		return r
	}
	plain := func(*query.Request) {}
	largest, err := s.Clusters(b.Context(), request(30*day, func(r *query.Request) { r.Limit = 1 }))
	if err != nil || len(largest.Clusters) == 0 {
		b.Fatalf("no clusters, %v", err)
	}
	timeseries := func(r query.Request) func(context.Context) error {
		return func(ctx context.Context) error { _, err := s.Timeseries(ctx, r); return err }
	}
	clusters := func(r query.Request) func(context.Context) error {
		return func(ctx context.Context) error {
			got, err := s.Clusters(ctx, r)
			if err == nil && len(got.Clusters) == 0 {
				err = fmt.Errorf("no clusters")
			}
			return err
		}
	}
	newest := request(year, func(r *query.Request) {
		r.Limit = 100
		r.Filters = []query.Filter{
			{Dimension: "cloud.region", Op: query.OpIn, Values: []string{"region-03"}},
			{Dimension: "service.name", Op: query.OpIn, Values: []string{"svc-07"}},
			{Dimension: "crash.class", Op: query.OpIn, Values: []string{"other"}},
		}
	})
	return []storeQuestion{
		{"Q1 daily by class, year", timeseries(request(year, func(r *query.Request) { r.Interval, r.GroupBy = query.Duration(day), []string{"crash.class"} }))},
		{"Q2 hourly by host of a cluster, 30 d", timeseries(request(30*day, func(r *query.Request) {
			r.Interval, r.GroupBy, r.Cluster = query.Duration(time.Hour), []string{"host.name"}, largest.Clusters[0].Key
		}))},
		{"Q3 top 50 clusters, 90 d", clusters(request(90*day, func(r *query.Request) { r.Limit = 50 }))},
		{"Q4 population that a contrast reads, 90 d", func(ctx context.Context) error {
			_, err := s.Population(ctx, store.PopulationRequest{Range: request(90*day, plain).Range, Dimensions: []string{
				"host.name", "cloud.region", "service.version", "process.executable.build_id.gnu", "os.kernel.release", "host.cpu.model.name", "host.type", "cloud.availability_zone",
			}})
			return err
		}},
		{"Q5 newest 100, three filters, year", func(ctx context.Context) error { _, err := s.Records(ctx, newest); return err }},
		{"Q6 clusters of the last day", clusters(request(day, func(r *query.Request) { r.Limit = 1000 }))},
		{"version", func(ctx context.Context) error { _, err := s.Version(ctx); return err }},
	}
}
