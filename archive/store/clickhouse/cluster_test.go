package clickhouse

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store/clickhouse/servertest"
	"github.com/epicurve/epicurve/archive/store/storetest"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// clustered returns options of a database on a cluster.
func clustered(c *servertest.Cluster) Options {
	opt := fresh("")
	opt.Hosts, opt.Cluster = c.Addresses(), servertest.ClusterName
	opt.InsertTimeout = 20 * time.Second
	return opt
}

var clusterBegin = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// numbered returns records that differ from those of every other number.
func numbered(batch, n int) []crash.Record {
	records := make([]crash.Record, n)
	for i := range records {
		k := batch*n + i
		records[i] = crash.Record{
			ID: crash.ID{9, byte(k >> 16), byte(k >> 8), byte(k), 15: byte(k * 31)}, Time: clusterBegin.Add(time.Duration(k) * time.Second), SchemaVersion: 1,
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: fmt.Sprintf("abort %d", k%7)}, Host: crash.Host{Name: fmt.Sprintf("host-%d", k%11)},
		}
	}
	return records
}

// whatIs asks for the number of crashes, and how the answer is marked.
func whatIs(t *testing.T, s *Store) (int64, query.Meta) {
	t.Helper()
	req := query.Request{Type: query.TypeTimeseries, Range: query.Range{From: clusterBegin, To: clusterBegin.Add(100 * day)}, Interval: query.Duration(day)}
	req.Normalize()
	got, err := s.Timeseries(context.Background(), req)
	if err != nil {
		t.Fatal(err)
	}
	return int64(got.Series[0].Total), got.Meta
}

// eventually polls until a condition holds.
func eventually(t *testing.T, what string, holds func() (bool, string)) {
	t.Helper()
	deadline := time.Now().Add(5 * time.Minute)
	for {
		ok, state := holds()
		if ok {
			return
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: not so after five minutes: %s", what, state)
		}
		time.Sleep(100 * time.Millisecond)
	}
}

// TestCluster kills replicas of a cluster of two shards while records come in
// and questions are asked.
func TestCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("runs five servers; run without -short")
	}
	c := servertest.StartCluster(t, t.TempDir(), 2, 2)
	s, err := Open(context.Background(), clustered(c))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close() //nolint:errcheck // its servers are killed
	const size = 50
	var acknowledged, next atomic.Int64
	appendOne := func() error {
		n := int(next.Add(1))
		done, err := s.Append(context.Background(), numbered(n, size))
		for try := 0; err != nil && try < 3; try++ { // as an exporter does
			done, err = s.Append(context.Background(), numbered(n, size))
		}
		if err == nil {
			acknowledged.Add(int64(done.Added + done.Duplicates))
		}
		return err
	}
	for range 10 {
		if err := appendOne(); err != nil {
			t.Fatal(err)
		}
	}
	if n, meta := whatIs(t, s); n != 10*size || meta.Partial || len(meta.Notices) > 0 {
		t.Fatalf("%d crashes, %+v; want %d, whole", n, meta, 10*size)
	}

	// The replica that the archive talks to dies while records come in.
	var feeding sync.WaitGroup
	stop := make(chan struct{})
	feeding.Go(func() {
		for {
			select {
			case <-stop:
				return
			default:
			}
			if err := appendOne(); err != nil {
				t.Errorf("append with one replica away: %v", err)
				return
			}
		}
	})
	before := acknowledged.Load()
	eventually(t, "records come in", func() (bool, string) { return acknowledged.Load() > before+5*size, "" })
	dead := c.Shards[0][0]
	dead.Kill()
	// Records that only the dead replica had are missing; then answers say so.
	honest := func() (bool, string) {
		least := acknowledged.Load()
		n, meta := whatIs(t, s)
		return n >= least || meta.Partial, fmt.Sprintf("%d of %d, %+v", n, least, meta)
	}
	eventually(t, "an answer is whole or marked", honest)
	for range 5 {
		if ok, state := honest(); !ok {
			t.Errorf("an answer is neither whole nor marked: %s", state)
		}
	}
	before = acknowledged.Load()
	eventually(t, "records come in without the replica", func() (bool, string) { return acknowledged.Load() > before+5*size, "" })
	close(stop)
	feeding.Wait()
	eventually(t, "the missing replica is told of", func() (bool, string) {
		_, meta := whatIs(t, s)
		return len(meta.Notices) > 0, fmt.Sprint(meta)
	})

	// The whole shard is away: nothing is acknowledged, answers are marked.
	c.Shards[0][1].Kill()
	if _, err := s.Append(context.Background(), numbered(100_000, size)); err == nil {
		t.Error("records were acknowledged while one of two shards is away")
	}
	n, meta := whatIs(t, s)
	if total := acknowledged.Load(); !meta.Partial || len(meta.Notices) == 0 || n == 0 || n >= total {
		t.Errorf("%d of %d crashes, %+v; want a part, marked", n, total, meta)
	}

	for _, server := range c.Shards[0] {
		if err := server.Run(); err != nil {
			t.Fatal(err)
		}
	}
	// What was refused may be there in part: it was never acknowledged, and
	// sending it again completes it.
	eventually(t, "records are taken again", func() (bool, string) {
		done, err := s.Append(context.Background(), numbered(100_000, size))
		if err == nil {
			acknowledged.Add(int64(done.Added + done.Duplicates))
		}
		return err == nil, fmt.Sprint(err)
	})
	total := acknowledged.Load()
	eventually(t, "all that was acknowledged is there", func() (bool, string) {
		n, meta := whatIs(t, s)
		return n == total && !meta.Partial && len(meta.Notices) == 0, fmt.Sprintf("%d of %d, %+v", n, total, meta)
	})
	eventually(t, "replicas agree", func() (bool, string) {
		var sums []string
		for _, server := range c.Servers() {
			sum, err := server.Query("SELECT count(), sum(cityHash64(ts, id)) FROM " + s.opt.Database + ".crashes_local FINAL")
			if err != nil {
				return false, err.Error()
			}
			sums = append(sums, sum)
		}
		return sums[0] == sums[1] && sums[2] == sums[3], fmt.Sprint(sums)
	})
	t.Logf("%d records acknowledged, each there once, on both replicas of its shard", total)
}

// TestConformanceOfCluster runs the suite on distributed tables.
func TestConformanceOfCluster(t *testing.T) {
	if testing.Short() {
		t.Skip("runs five servers; run without -short")
	}
	c := servertest.StartCluster(t, t.TempDir(), 2, 2)
	draw(t, 3)
	storetest.Run(t, conformance(func() Options { return clustered(c) }))
}
