package duckdb

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

var begin = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// filled returns a store with a crash and a slot an hour, and one event.
func filled(t *testing.T, hours int) (*Store, string) {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "it's here")
	s := reopened(t, filepath.Join(dir, "a.duckdb"))
	t.Cleanup(func() { s.Close() })
	var records []crash.Record
	var slots []crash.Exposure
	for i := range hours {
		at := begin.Add(time.Duration(i) * time.Hour)
		records = append(records, crash.Record{
			ID: crash.ID{1, byte(i >> 8), byte(i)}, Time: at, SchemaVersion: 1, Host: crash.Host{Name: fmt.Sprintf("h%d", i%3)},
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: fmt.Sprintf("s%d", i%5), Reasons: []string{"a", "b"}}, Fault: crash.Fault{PC: crash.Some[uint64](1 << 63)},
		})
		slots = append(slots, crash.Exposure{Host: crash.Host{Name: "h0"}, Start: at, Length: time.Hour, Covered: time.Hour, Builds: []crash.ExposedBuild{{ServiceName: "x", Running: time.Hour}}})
	}
	ctx := context.Background()
	if _, err := s.Append(ctx, records); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AppendExposure(ctx, slots); err != nil {
		t.Fatal(err)
	}
	note := query.LedgerEvent{ID: crash.ID{9}, Time: begin, Actor: "ann", Cluster: "other/s1", Action: query.ActionNote, Text: "seen"}
	if _, err := s.AppendLedger(ctx, []query.LedgerEvent{note}); err != nil {
		t.Fatal(err)
	}
	return s, dir
}

func verified(t *testing.T, s *Store) store.Check {
	t.Helper()
	c, err := s.Verify(context.Background())
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestBackupIsTheSame(t *testing.T) {
	s, dir := filled(t, 50)
	path := filepath.Join(dir, "b.duckdb")
	if err := s.Backup(context.Background(), path); err != nil {
		t.Fatal(err)
	}
	if err := s.Backup(context.Background(), path); !errors.Is(err, fs.ErrExist) {
		t.Errorf("a second backup to the same file: %v, want %v", err, fs.ErrExist)
	}
	copied := reopened(t, path)
	defer copied.Close()
	was, is := verified(t, s), verified(t, copied)
	if len(was.Faults) != 0 || was.Records != 50 || was.Exposure != 50 || was.Ledger != 1 {
		t.Errorf("the store: %+v", was)
	}
	if was.Sum != is.Sum || is.Records != 50 || len(is.Faults) != 0 {
		t.Errorf("store %+v, backup %+v; want the same", was, is)
	}
	more := crash.Record{ID: crash.ID{7}, Time: begin, SchemaVersion: 1, Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: "new"}}
	if done, err := copied.Append(context.Background(), []crash.Record{more}); err != nil || done.Added != 1 {
		t.Errorf("the backup does not take a record: %+v, %v", done, err)
	}
	if verified(t, copied).Sum == was.Sum {
		t.Error("another record does not change the sum")
	}
}

func TestVerifyFindsFaults(t *testing.T) {
	for name, tc := range map[string]struct{ sql, want string }{
		"lost detail":  {"DELETE FROM detail WHERE seq = 3", "1 crashes have no detail"},
		"lost facts":   {"DELETE FROM facts WHERE seq = 3", "1 details have no crash"},
		"twice":        {"INSERT INTO facts SELECT * REPLACE (seq + 1000 AS seq) FROM facts WHERE seq = 3", "1 crashes are there twice"},
		"lost text":    {"DELETE FROM dict WHERE dimension = 'host_name' AND code = 1", "host.name without a text"},
		"broken event": {"INSERT INTO ledger VALUES (uuid(), 0, 'c', 'not JSON')", "ledger event"},
	} {
		t.Run(name, func(t *testing.T) {
			s, _ := filled(t, 10)
			if _, err := s.db.Exec(tc.sql); err != nil {
				t.Fatal(err)
			}
			if c := verified(t, s); !strings.Contains(strings.Join(c.Faults, "; "), tc.want) {
				t.Errorf("faults %q, want %q", c.Faults, tc.want)
			}
		})
	}
}

func TestExpire(t *testing.T) {
	s, _ := filled(t, 50)
	ctx := context.Background()
	r := store.Retention{Records: begin.Add(10 * time.Hour), Exposure: begin.Add(20 * time.Hour)}
	want := store.Deleted{Records: 10, Exposure: 20}
	for _, dry := range []bool{true, false} {
		if got, err := s.Expire(ctx, r, dry); err != nil || got != want {
			t.Fatalf("dry %v: %+v, %v; want %+v", dry, got, err, want)
		}
	}
	if got, err := s.Expire(ctx, r, false); err != nil || got != (store.Deleted{}) {
		t.Errorf("a second time: %+v, %v; want nothing", got, err)
	}
	c := verified(t, s)
	if c.Records != 40 || c.Exposure != 30 || c.Ledger != 1 || len(c.Faults) != 0 {
		t.Errorf("afterwards %+v", c)
	}
	req := query.Request{Type: query.TypeClusters, Range: query.Range{From: begin, To: begin.Add(50 * time.Hour)}}
	req.Normalize()
	got, err := s.Clusters(ctx, req)
	if err != nil || len(got.Clusters) != 5 || !got.Clusters[0].FirstSeen.Equal(begin.Add(10*time.Hour)) {
		t.Errorf("clusters %+v, %v; want first seen after the deleted hours", got.Clusters, err)
	}
}

func TestExport(t *testing.T) {
	s, dir := filled(t, 50)
	path := filepath.Join(dir, "x.parquet")
	n, err := s.Export(context.Background(), path, begin.Add(5*time.Hour), begin.Add(15*time.Hour))
	if err != nil || n != 10 {
		t.Fatalf("%d records, %v; want 10", n, err)
	}
	var rows int
	var host, reasons string
	var pc uint64
	err = s.db.QueryRow(`SELECT count(*), min("host.name"), any_value("crash.reasons"), any_value("crash.pc") FROM read_parquet(`+quote(path)+`)`).Scan(&rows, &host, &reasons, &pc)
	if err != nil || rows != 10 || host != "h0" || reasons != `["a","b"]` || pc != 1<<63 {
		t.Errorf("%d rows, host %q, reasons %q, pc %#x, %v", rows, host, reasons, pc, err)
	}
	if _, err := s.Export(context.Background(), path, begin, begin.Add(time.Hour)); !errors.Is(err, fs.ErrExist) {
		t.Errorf("onto an existing file: %v, want %v", err, fs.ErrExist)
	}
	if _, err := os.Stat(path + ".partial"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a partial file was left: %v", err)
	}
}

// TestRegistersAreDroppedEarlier keeps a crash and forgets its registers.
func TestRegistersAreDroppedEarlier(t *testing.T) {
	s := reopened(t, filepath.Join(t.TempDir(), "a.duckdb"))
	defer s.Close()
	ctx := context.Background()
	var records []crash.Record
	for i := range 4 {
		records = append(records, crash.Record{
			ID: crash.ID{1, byte(i)}, Time: begin.Add(time.Duration(i) * time.Hour), SchemaVersion: 1, Fault: crash.Fault{PC: crash.Some[uint64](5), Registers: []string{"rax=0x1"}},
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: "s"},
		})
	}
	if _, err := s.Append(ctx, records); err != nil {
		t.Fatal(err)
	}
	r := store.Retention{Registers: begin.Add(2 * time.Hour)}
	for _, step := range []struct {
		dry  bool
		want int64
	}{{true, 2}, {false, 2}, {false, 0}} {
		if got, err := s.Expire(ctx, r, step.dry); err != nil || got != (store.Deleted{Registers: step.want}) {
			t.Errorf("dry %v: %+v, %v; want %d", step.dry, got, err, step.want)
		}
	}
	req := query.Request{Type: query.TypeRecords, Range: query.Range{From: begin, To: begin.Add(5 * time.Hour)}}
	req.Normalize()
	got, err := s.Records(ctx, req)
	if err != nil || len(got.Records) != 4 {
		t.Fatalf("%d records, %v", len(got.Records), err)
	}
	for i, r := range got.Records { // newest first
		if has := len(r.Fault.Registers) == 1; has != (i < 2) || r.Fault.PC != crash.Some[uint64](5) {
			t.Errorf("record %d: registers %v, pc %v", i, r.Fault.Registers, r.Fault.PC)
		}
	}
	if c := verified(t, s); len(c.Faults) != 0 || c.Records != 4 {
		t.Errorf("afterwards %+v", c)
	}
}
