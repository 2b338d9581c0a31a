package main

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/store/clickhouse/servertest"
	"github.com/epicurve/epicurve/pkg/crash"
)

// onClickHouse starts a server and returns a storage URL of it.
func onClickHouse(t *testing.T) (*servertest.Server, string) {
	t.Helper()
	servertest.Require(t)
	server, err := servertest.Start(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(server.Kill)
	return server, fmt.Sprintf("clickhouse://%s/archive?pause=10ms", server.Address())
}

// TestKillOnClickHouse kills the archive, and every fifth time the ClickHouse
// server under it, while batches come in. Every acknowledged record is there
// once. Run with -kills=200 for the long form.
func TestKillOnClickHouse(t *testing.T) {
	server, storage := onClickHouse(t)
	p := startOn(t, storage)
	total, servers := 0, 0
	for round := range *kills {
		var acknowledged []int
		if round%5 == 2 {
			servers++
			acknowledged = p.feedWhile(round, func() {
				server.Kill()
				if err := server.Run(); err != nil {
					t.Error(err)
				}
			})
		} else {
			acknowledged = p.feed(t, round)
			p.kill(t)
			p = startOn(t, storage)
		}
		p.holdsOnce(t, round, acknowledged)
		for _, n := range acknowledged[max(0, len(acknowledged)-3):] {
			if ok, err := p.send(batch(round, n)); !ok {
				t.Fatalf("round %d: resend failed: %v\n%s", round, err, p.log)
			}
		}
		p.holdsOnce(t, round, acknowledged)
		total += len(acknowledged) * batchSize
		if (round+1)%10 == 0 {
			t.Logf("%d kills, %d acknowledged records", round+1, total)
		}
	}
	t.Logf("%d kills, %d of them of the server, %d acknowledged records, each there once", *kills, servers, total)
	p.kill(t)
}

// holdsOnce checks that acknowledged batches are there, and everything that is
// there is there once. More may be there than was acknowledged, and may come
// while nobody sends: ClickHouse ends an insert whose archive was killed.
func (p *process) holdsOnce(t *testing.T, round int, acknowledged []int) {
	t.Helper()
	counts := p.count(t, round)
	for _, n := range acknowledged {
		for _, r := range batch(round, n) {
			if counts[r.ID] != 1 {
				t.Fatalf("round %d: acknowledged record %s is there %d times", round, r.ID, counts[r.ID])
			}
		}
	}
	for id, n := range counts {
		if n != 1 {
			t.Fatalf("round %d: record %s is there %d times", round, id, n)
		}
	}
}

// feedWhile sends batches from two sides until what goes on has ended, a short
// time after a random one, and returns the numbers of those acknowledged. What is
// refused meanwhile is sent again, as an exporter does.
func (p *process) feedWhile(round int, goesOn func()) (acknowledged []int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for side := range 2 {
		wg.Go(func() {
			for n := side; n < 180; {
				select {
				case <-stop:
					return
				default:
				}
				if ok, _ := p.send(batch(round, n)); ok {
					mu.Lock()
					acknowledged = append(acknowledged, n)
					mu.Unlock()
					n += 2
				}
			}
		})
	}
	time.Sleep(time.Duration(50+rand.IntN(200)) * time.Millisecond)
	goesOn()
	close(stop)
	wg.Wait()
	return acknowledged
}

// TestArchivesShareClickHouse sends the same records to three archives before
// one database at the same moment, as exporters do that lost an answer: each is
// there once.
func TestArchivesShareClickHouse(t *testing.T) {
	_, storage := onClickHouse(t)
	var archives []*process
	for range 3 {
		archives = append(archives, startOn(t, storage))
	}
	const batches = 12
	var wg sync.WaitGroup
	for _, p := range archives {
		wg.Go(func() {
			for n := range batches {
				if ok, err := p.send(batch(0, n)); !ok {
					t.Errorf("not acknowledged: %v", err)
				}
			}
		})
	}
	wg.Wait()
	for i, p := range archives {
		counts := p.count(t, 0)
		if len(counts) != batches*batchSize {
			t.Errorf("archive %d answers %d records, want %d", i, len(counts), batches*batchSize)
		}
		for id, n := range counts {
			if n != 1 {
				t.Errorf("archive %d: record %s is there %d times", i, id, n)
			}
		}
	}
	for n := range batches {
		moved := batch(0, n)
		for i := range moved {
			moved[i].Time = moved[i].Time.Add(time.Minute) // the same crashes, dated otherwise
			moved[i].Finding.Signature = "another classifier's"
		}
		if ok, err := archives[n%3].send(moved); !ok {
			t.Fatalf("not acknowledged: %v", err)
		}
	}
	want := make(map[crash.ID]bool)
	for id := range archives[0].count(t, 0) {
		want[id] = true
	}
	if len(want) != batches*batchSize {
		t.Errorf("%d records after the same crashes were sent with other times, want %d", len(want), batches*batchSize)
	}
}
