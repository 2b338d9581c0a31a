package pipeline

import (
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/crash"
)

const boot = "11111111-2222-3333-4444-555555555555"

var machine = annotate.Machine{Host: crash.Host{Name: "web-1", ID: "m1", BootID: boot}}

type results struct {
	mu sync.Mutex
	n  map[string]int
}

func (r *results) LogCrash(source crash.Source, result string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.n[result]++
	r.n[string(source)+" "+result]++
}

func (r *results) LogTrouble(crash.Source, string) {}
func (r *results) LogHeld(int)                     {}

func some(v uint64) crash.Optional[uint64] { return crash.Some(v) }

// segfault is the kernel's line of the crash whose core is core(pid).
func segfault(pid int64) logsource.Event {
	return logsource.Event{
		Source: crash.SourceKernelLog, Time: time.Now(), TID: pid, HostIDs: true, Comm: "demo", Arch: "amd64", Signal: 11, Code: crash.Some(int64(1)),
		Addr: some(0), PC: some(0), SP: some(0x7ffdf100), CPU: "3", Feed: logsource.KernelFeed,
	}
}

// withLogs runs a pipeline and logs on a fake clock over a state directory.
func withLogs(t *testing.T, dir string, f func(t *testing.T, l *line, logs *Logs, r *results)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s, err := spool.Open(spool.Config{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		var st State
		checkpoint, err := s.LoadCheckpoint()
		if err != nil {
			t.Fatal(err)
		}
		if len(checkpoint.State) > 0 {
			if err := json.Unmarshal(checkpoint.State, &st); err != nil {
				t.Fatal(err)
			}
		}
		l := newLine(t, s, st, checkpoint.Seq)
		if err := s.Replay(checkpoint.Seq, l.fold.Apply); err != nil {
			t.Fatal(err)
		}
		defer l.stop()
		l.reader.Machine = machine
		r := &results{n: make(map[string]int)}
		logs := &Logs{Machine: machine, Commit: l.committer.CommitTold, Observer: r, Logger: slog.New(slog.DiscardHandler), Growing: l.Grows}
		logs.Continue(st.Feeds)
		l.feeds.Store(logs)
		l.reader.Logs = logs
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); logs.Run(ctx) }()
		f(t, l, logs, r)
		cancel()
		<-ended
	})
}

func TestCrashWithoutCore(t *testing.T) {
	dir := t.TempDir()
	withLogs(t, dir, func(t *testing.T, l *line, logs *Logs, r *results) {
		logs.Crash(segfault(7))
		logs.Crash(segfault(7)) // the log is read twice
		time.Sleep(30 * time.Second)
		synctest.Wait()
		if l.counted() != 0 {
			t.Error("counted before its core could come")
		}
		time.Sleep(time.Minute)
		synctest.Wait()
		if l.counted() != 1 || r.n["counted"] != 1 {
			t.Errorf("counted %d, results %v", l.counted(), r.n)
		}
		if got := l.fold.Population.Sources()[crash.SourceKernelLog]; got != 1 {
			t.Errorf("%d known from the kernel log", got)
		}
		// The core comes at last: it is the same crash.
		if v, _ := l.Handle(t.Context(), drop(t, core(7))); v != watch.Done || l.counted() != 1 {
			t.Errorf("verdict %v, counted %d", v, l.counted())
		}
	})
	// After a restart the kernel log is read from its beginning.
	withLogs(t, dir, func(t *testing.T, l *line, logs *Logs, r *results) {
		logs.Crash(segfault(7))
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if l.counted() != 1 || r.n["joined"] != 1 {
			t.Errorf("after a restart: counted %d, results %v", l.counted(), r.n)
		}
	})
}

func TestCrashWithCore(t *testing.T) {
	dir := t.TempDir()
	withLogs(t, dir, func(t *testing.T, l *line, logs *Logs, r *results) {
		logs.Crash(segfault(7))
		logs.Crash(segfault(8)) // another process, the same registers, no core
		if v, _ := l.Handle(t.Context(), drop(t, core(7))); v != watch.Done {
			t.Fatalf("verdict %v", v)
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if l.counted() != 2 || r.n["joined"] != 1 || r.n["counted"] != 1 {
			t.Errorf("counted %d, results %v", l.counted(), r.n)
		}
	})
	s, err := spool.Open(spool.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	batch, err := s.Batch(10, 1<<20)
	if err != nil || len(batch) != 2 {
		t.Fatalf("%d records, %v", len(batch), err)
	}
	for i, want := range []crash.Source{crash.SourceCore, crash.SourceKernelLog} {
		rec := batch[i].Record
		if rec.Source != want || rec.Host.CPU != "3" {
			t.Errorf("record %d from %s on CPU %q, want %s on CPU 3", i, rec.Source, rec.Host.CPU, want)
		}
		if err := rec.Validate(); err != nil {
			t.Error(err)
		}
	}
}

// While the core is being written its crash is held, however long that takes.
func TestHeldWhileCoreGrows(t *testing.T) {
	withLogs(t, t.TempDir(), func(t *testing.T, l *line, logs *Logs, r *results) {
		logs.Crash(segfault(7))
		label := Label{Class: crash.ReturnToNull, Kind: crash.KindReturnToNull, seen: sighting{Source: crash.SourceCore}, joins: []crash.ID{joinID(boot, 7, 0, 0x7ffdf100)}}
		for range 20 {
			l.growing.set("/c/core", label, time.Now())
			time.Sleep(30 * time.Second)
		}
		synctest.Wait()
		if l.counted() != 0 {
			t.Error("counted from the log while the core was being written")
		}
		l.growing.remove("/c/core")
		if _, _ = l.Handle(t.Context(), drop(t, core(7))); l.counted() != 1 {
			t.Errorf("counted %d", l.counted())
		}
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		if l.counted() != 1 || r.n["joined"] != 1 {
			t.Errorf("counted %d, results %v", l.counted(), r.n)
		}
	})
}
