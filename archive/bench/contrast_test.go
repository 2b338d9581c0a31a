package bench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store/duckdb"
	"github.com/epicurve/epicurve/pkg/query"
)

// BenchmarkContrast asks for the contrast of the largest cluster, with the
// population loaded already.
func BenchmarkContrast(b *testing.B) {
	s, err := duckdb.Open(b.Context(), filepath.Join(b.TempDir(), "a.duckdb"), duckdb.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // a temporary store
	end := time.Now().UTC().Truncate(time.Hour)
	if _, err := appended(b.Context(), s, newPopulation(end.Add(-year), year, 200_000), 200_000); err != nil {
		b.Fatal(err)
	}
	e := evaluate.New(evaluate.Config{Store: s})
	top := query.Request{Type: query.TypeClusters, Range: query.Range{From: end.Add(-30 * day), To: end}, Limit: 1}
	top.Normalize()
	found, err := s.Clusters(b.Context(), top)
	if err != nil {
		b.Fatal(err)
	}
	req := query.Request{Type: query.TypeContrast, Range: query.Range{From: end.Add(-90 * day), To: end}, Cluster: found.Clusters[0].Key}
	req.Normalize()
	b.Logf("%d crashes in the cluster", found.Clusters[0].Crashes)
	if _, err := e.Contrast(b.Context(), req); err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if _, err := e.Contrast(b.Context(), req); err != nil {
			b.Fatal(err)
		}
	}
}
