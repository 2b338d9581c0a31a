package duckdb

import (
	"context"
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

func reopened(t *testing.T, path string) *Store {
	t.Helper()
	s, err := Open(context.Background(), path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func alter(t *testing.T, path, sql string) {
	t.Helper()
	s := reopened(t, path)
	if _, err := s.db.Exec(sql); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestNewerSchemaIsRefused(t *testing.T) {
	for name, sql := range map[string]string{
		"version": "INSERT INTO meta VALUES (99)",
		"column":  "ALTER TABLE facts ADD COLUMN from_the_future INTEGER",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.duckdb")
			alter(t, path, sql)
			if _, err := Open(context.Background(), path, Options{}); !errors.Is(err, store.ErrNewerSchema) {
				t.Errorf("Open: %v, want %v", err, store.ErrNewerSchema)
			}
		})
	}
}

// TestColumnsAreAdded opens a store that an older build wrote, which knew less
// dimensions and fields.
func TestColumnsAreAdded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "a.duckdb")
	ctx := context.Background()
	r := crash.Record{
		ID: crash.ID{1}, Time: time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC), SchemaVersion: 1,
		Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: "abort"}, Host: crash.Host{Name: "a"},
	}
	s := reopened(t, path)
	if _, err := s.Append(ctx, []crash.Record{r}); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, sql := range []string{"ALTER TABLE facts DROP COLUMN host_cpu_model_name", "ALTER TABLE facts DROP COLUMN k8s_pod_name", "ALTER TABLE detail DROP COLUMN crash_pc"} {
		alter(t, path, sql)
	}
	s = reopened(t, path)
	defer s.Close()
	newer := r
	newer.ID, newer.Host.CPUModel, newer.Fault.PC, newer.Container.Pod = crash.ID{2}, "Xeon", crash.Some[uint64](0), "pod-1"
	newer.Time = r.Time.Add(time.Hour)
	if _, err := s.Append(ctx, []crash.Record{newer}); err != nil {
		t.Fatal(err)
	}
	req := query.Request{Type: query.TypeRecords, Range: query.Range{From: r.Time, To: r.Time.Add(2 * time.Hour)}}
	req.Normalize()
	got, err := s.Records(ctx, req)
	if err != nil || len(got.Records) != 2 {
		t.Fatalf("%d records, %v", len(got.Records), err)
	}
	if n := got.Records[0]; n.Host.CPUModel != "Xeon" || n.Fault.PC != newer.Fault.PC || n.Container.Pod != "pod-1" {
		t.Errorf("newer record %+v", n)
	}
	if o := got.Records[1]; o.Host.CPUModel != "" || o.Fault.PC.Known || o.Container.Pod != "" || o.Host.Name != "a" {
		t.Errorf("older record %+v", o)
	}
}
