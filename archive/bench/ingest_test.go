package bench

import (
	"bytes"
	"io"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/klauspost/compress/gzip"

	"github.com/epicurve/epicurve/archive/store/duckdb"
	"github.com/epicurve/epicurve/pkg/otlp"
)

// perRecord reports the wall and the processor time of one record where an
// operation is a batch; the latter is of use on a machine that does other work.
func perRecord(b *testing.B, cpu time.Duration) {
	n := float64(b.N * batch)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/n, "ns/record")
	b.ReportMetric(float64(cpu.Nanoseconds())/n, "cpu-ns/record")
}

// processorTime is what this process has used.
func processorTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkDecode reads the body of one request.
func BenchmarkDecode(b *testing.B) {
	end := time.Now().UTC().Truncate(time.Hour)
	bodies, err := newPopulation(end.Add(-day), day, 10*batch).bodies(1)
	if err != nil {
		b.Fatal(err)
	}
	b.ReportAllocs()
	began := processorTime(b)
	for b.Loop() {
		z, err := gzip.NewReader(bytes.NewReader(bodies[0]))
		if err != nil {
			b.Fatal(err)
		}
		plain, err := io.ReadAll(z)
		if err != nil {
			b.Fatal(err)
		}
		if got, err := otlp.UnmarshalProto(plain); err != nil || len(got.Records) != batch {
			b.Fatalf("%d records, %v", len(got.Records), err)
		}
	}
	perRecord(b, processorTime(b)-began)
}

// BenchmarkAppend commits batches to a store.
func BenchmarkAppend(b *testing.B) {
	s, err := duckdb.Open(b.Context(), filepath.Join(b.TempDir(), "a.duckdb"), duckdb.Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // a temporary store
	end := time.Now().UTC().Truncate(time.Hour)
	p := newPopulation(end.Add(-year), year, 1_000_000)
	b.ReportAllocs()
	var cpu time.Duration
	for b.Loop() {
		b.StopTimer()
		records := p.records(batch)
		began := processorTime(b)
		b.StartTimer()
		if done, err := s.Append(b.Context(), records); err != nil || done.Added != batch {
			b.Fatalf("%+v, %v", done, err)
		}
		cpu += processorTime(b) - began
	}
	perRecord(b, cpu)
}
