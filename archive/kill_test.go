package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
	"github.com/epicurve/epicurve/pkg/query"
)

// process is a running archive.
type process struct {
	cmd    *exec.Cmd
	url    string
	client *query.Client
	log    *bytes.Buffer
}

func start(t *testing.T, db string, flags ...string) *process {
	t.Helper()
	return startOn(t, "duckdb:"+db, flags...)
}

// startOn runs an archive on any storage.
func startOn(t *testing.T, storage string, flags ...string) *process {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	p := &process{url: "http://" + address, log: new(bytes.Buffer)}
	p.cmd = exec.Command(os.Args[0], "serve", "--storage", storage, "--web.listen-address", address)
	p.cmd.Args = append(p.cmd.Args, flags...)
	p.cmd.Env = append(os.Environ(), asArchive+"=1")
	p.cmd.Stderr = p.log
	if p.client, err = query.NewClient(p.url, nil); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { p.cmd.Process.Kill() }) //nolint:errcheck // it may have ended
	p.awaitReady(t)
	return p
}

func (p *process) awaitReady(t *testing.T) {
	t.Helper()
	deadline := time.Now().Add(2 * time.Minute)
	for time.Now().Before(deadline) {
		if resp, err := http.Get(p.url + "/-/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
		}
		time.Sleep(10 * time.Millisecond)
	}
	p.cmd.Process.Signal(syscall.SIGQUIT) //nolint:errcheck // it prints where it hangs
	p.cmd.Wait()                          //nolint:errcheck // how it ended is in its log
	t.Fatalf("the archive is not ready after two minutes; its log:\n%s", p.log)
}

// kill ends the process without any chance to tidy up.
func (p *process) kill(t *testing.T) {
	t.Helper()
	if err := p.cmd.Process.Kill(); err != nil {
		t.Fatal(err)
	}
	p.cmd.Wait() //nolint:errcheck // it was killed
}

// send posts a batch and reports whether it was acknowledged.
func (p *process) send(records []crash.Record) (acknowledged bool, err error) {
	body, err := otlp.Marshal(records, nil)
	if err != nil {
		return false, err
	}
	resp, err := http.Post(p.url+"/v1/logs", "application/x-protobuf", bytes.NewReader(body))
	if err != nil {
		return false, nil //nolint:nilerr // it was killed meanwhile
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if resp.StatusCode == http.StatusOK {
		return true, nil
	}
	return false, fmt.Errorf("%d %s %w", resp.StatusCode, reply, err)
}

const batchSize = 50

// batch returns the records of one batch of one round; rounds are an hour apart.
func batch(round, n int) []crash.Record {
	records := make([]crash.Record, batchSize)
	for i := range records {
		k := n*batchSize + i
		records[i] = crash.Record{
			ID:            crash.ID{1, byte(round >> 8), byte(round), byte(k >> 16), byte(k >> 8), byte(k)},
			Time:          time.Date(2026, 1, 1, 0, 0, 0, k*1000, time.UTC).Add(time.Duration(round) * time.Hour),
			SchemaVersion: 1, Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: fmt.Sprintf("abort %d-%d", round, n)},
			Host: crash.Host{Name: fmt.Sprintf("host-%d", k%17)},
		}
	}
	return records
}

// count returns how often each record of a round is in the archive.
func (p *process) count(t *testing.T, round int) map[crash.ID]int {
	t.Helper()
	from := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC).Add(time.Duration(round) * time.Hour)
	got, err := p.client.Records(context.Background(), query.Request{Range: query.Range{From: from, To: from.Add(time.Hour)}, Limit: query.MaxLimit})
	if err != nil {
		t.Fatalf("records of round %d: %v\n%s", round, err, p.log)
	}
	counts := make(map[crash.ID]int)
	for _, r := range got.Records {
		counts[r.ID]++
	}
	return counts
}

// TestKillDuringIngest kills the archive again and again while batches come in,
// and checks after each restart that every acknowledged record is there once and
// that sending it again changes nothing. Run with -kills=200 for the long form.
func TestKillDuringIngest(t *testing.T) {
	db := filepath.Join(t.TempDir(), "archive.duckdb")
	p := start(t, db)
	total := 0
	for round := range *kills {
		acknowledged := p.feed(t, round)
		p.kill(t)
		p = start(t, db)
		counts := p.count(t, round)
		for _, n := range acknowledged {
			for _, r := range batch(round, n) {
				if counts[r.ID] != 1 {
					t.Fatalf("round %d: acknowledged record %s is there %d times", round, r.ID, counts[r.ID])
				}
			}
		}
		for _, n := range acknowledged[max(0, len(acknowledged)-3):] {
			if ok, err := p.send(batch(round, n)); !ok {
				t.Fatalf("round %d: resend failed: %v\n%s", round, err, p.log)
			}
		}
		again := p.count(t, round)
		if len(again) != len(counts) {
			t.Fatalf("round %d: resending changed %d records to %d", round, len(counts), len(again))
		}
		total += len(acknowledged) * batchSize
		if (round+1)%10 == 0 {
			t.Logf("%d kills, %d acknowledged records", round+1, total)
		}
	}
	t.Logf("%d kills, %d acknowledged records, each there once", *kills, total)
	p.kill(t)
}

// feed sends batches from two sides until the archive is killed after a short,
// random time, and returns the numbers of those that were acknowledged.
func (p *process) feed(t *testing.T, round int) (acknowledged []int) {
	var mu sync.Mutex
	var wg sync.WaitGroup
	stop := make(chan struct{})
	for side := range 2 {
		wg.Go(func() {
			for n := side; n < 200; n += 2 {
				select {
				case <-stop:
					return
				default:
				}
				ok, err := p.send(batch(round, n))
				if err != nil {
					t.Errorf("round %d: %v", round, err)
				}
				if !ok {
					return
				}
				mu.Lock()
				acknowledged = append(acknowledged, n)
				mu.Unlock()
			}
		})
	}
	time.Sleep(time.Duration(50+rand.IntN(400)) * time.Millisecond)
	p.cmd.Process.Kill() //nolint:errcheck // kill reports it
	close(stop)
	wg.Wait()
	return acknowledged
}

func TestGracefulShutdown(t *testing.T) {
	db := filepath.Join(t.TempDir(), "archive.duckdb")
	p := start(t, db)
	if ok, err := p.send(batch(0, 0)); !ok {
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("exit: %v\n%s", err, p.log)
	}
	if _, err := os.Stat(db + ".wal"); !os.IsNotExist(err) {
		t.Errorf("the log was not folded into the file at shutdown: %v", err)
	}
	p = start(t, db)
	if counts := p.count(t, 0); len(counts) != batchSize {
		t.Errorf("%d records after a restart, want %d", len(counts), batchSize)
	}
}
