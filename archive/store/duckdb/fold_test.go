package duckdb

import (
	"context"
	"fmt"
	"path/filepath"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
)

// fleetDay returns a day of slots of five minutes of some hosts, in order of time.
func fleetDay(hosts int, day time.Time) []crash.Exposure {
	const step = 5 * time.Minute
	var slots []crash.Exposure
	for at := day; at.Before(day.AddDate(0, 0, 1)); at = at.Add(step) {
		for h := range hosts {
			e := crash.Exposure{
				Host: crash.Host{Name: fmt.Sprintf("host-%d", h), ID: fmt.Sprintf("id-%d", h), UptimeSeconds: crash.Some(at.Unix() - int64(h))}, Start: at, Length: step, Covered: step,
				Builds: []crash.ExposedBuild{{ServiceName: "a", ServiceVersion: "1", Running: step}, {ServiceName: "b", ServiceVersion: "2", Running: step}},
			}
			slots = append(slots, e)
		}
	}
	return slots
}

func (s *Store) rows(t *testing.T, table string) (n int) {
	t.Helper()
	if err := s.db.QueryRow("SELECT count(*) FROM " + table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

// TestFoldLeavesARowAHostAndDay folds two days of which one is not over: hour by
// hour, as an archive does that runs.
func TestFoldLeavesARowAHostAndDay(t *testing.T) {
	s := reopened(t, filepath.Join(t.TempDir(), "a.duckdb"))
	defer s.Close()
	ctx := context.Background()
	slots := append(fleetDay(3, begin), fleetDay(3, begin.AddDate(0, 0, 1))...)
	for hour := begin; hour.Before(begin.Add(30 * time.Hour)); hour = hour.Add(time.Hour) {
		i := int(hour.Sub(begin)/(5*time.Minute)) * 3
		if done, err := s.AppendExposure(ctx, slots[i:i+36]); err != nil || done != (store.Appended{Added: 36}) {
			t.Fatalf("%s: %+v, %v", hour, done, err)
		}
		if _, err := s.Fold(ctx, hour); err != nil {
			t.Fatal(err)
		}
	}
	const hosts, builds, unfolded = 3, 2, 12 // those of the last hour
	if got, want := s.rows(t, tableExposure), 2*hosts+hosts*unfolded; got != want {
		t.Errorf("%d rows of exposure, want %d", got, want)
	}
	if got, want := s.rows(t, tableExposed), builds*(2*hosts+hosts*unfolded); got != want {
		t.Errorf("%d rows of builds, want %d", got, want)
	}
	if done, err := s.AppendExposure(ctx, slots[:30*36]); err != nil || done != (store.Appended{Duplicates: 30 * 36}) {
		t.Errorf("all of them again: %+v, %v; want duplicates", done, err)
	}
	if st, err := s.Stats(ctx); err != nil || st.Exposure != 30*36 {
		t.Errorf("%+v, %v; want %d slots", st, err, 30*36)
	}
	if saved, err := s.Fold(ctx, begin.Add(29*time.Hour)); err != nil || saved != 0 {
		t.Errorf("a second time: %d rows saved, %v; want none", saved, err)
	}
}

// BenchmarkFold folds an hour of a large fleet into what its day has had before.
func BenchmarkFold(b *testing.B) {
	const hosts = 5000
	ctx := context.Background()
	slots := fleetDay(hosts, begin)
	for b.Loop() {
		b.StopTimer()
		s, err := Open(ctx, filepath.Join(b.TempDir(), "a.duckdb"), Options{})
		if err != nil {
			b.Fatal(err)
		}
		hour := 12 * hosts
		for h := range 2 {
			if _, err := s.AppendExposure(ctx, slots[h*hour:(h+1)*hour]); err != nil {
				b.Fatal(err)
			}
			b.StartTimer()
			if _, err := s.Fold(ctx, begin.Add(time.Duration(h+1)*time.Hour)); err != nil {
				b.Fatal(err)
			}
			b.StopTimer()
		}
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
	}
}
