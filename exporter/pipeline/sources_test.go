package pipeline

import (
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/crash"
)

// journal is systemd-coredump's entry of the crash whose core is core(pid).
func journal(pid int64, at time.Time) logsource.Event {
	return logsource.Event{
		Source: crash.SourceJournal, Time: at.Truncate(time.Second), Boot: boot, PID: pid, HostIDs: true, Comm: "demo", Exe: "demo", Arch: "amd64",
		Signal: 11, Cgroup: "/system.slice/demo.service", Unit: "demo.service", Key: fmt.Sprint(pid, at.Unix()), Feed: logsource.JournalFeed,
		Before: logsource.Position{Cursor: fmt.Sprint("before ", pid)},
	}
}

// handler is what the program's own handler wrote.
func handler(pid int64, at time.Time) logsource.Event {
	return logsource.Event{
		Source: crash.SourceLogFile, Time: at, PID: pid, Exe: "demo", Arch: "amd64", Signal: 11, Code: crash.Some(int64(1)), Addr: some(0), PC: some(0),
		Key: fmt.Sprint(pid), Feed: "file:app", Before: logsource.Position{File: &logsource.FilePosition{Offset: pid}},
	}
}

// permutations returns every order of n things.
func permutations(n int) [][]int {
	if n == 0 {
		return [][]int{nil}
	}
	var all [][]int
	for _, p := range permutations(n - 1) {
		for at := range n {
			all = append(all, slices.Insert(slices.Clone(p), at, n-1))
		}
	}
	return all
}

// Four sources tell of one process: the core, the kernel, the journal and the
// program. It is one crash, in every order of arrival, close together or so far
// apart that each is counted, or recognised, before the next comes.
func TestOneCrashOfEverySource(t *testing.T) {
	for _, gap := range []time.Duration{0, 2 * time.Minute} {
		for _, order := range permutations(4) {
			t.Run(fmt.Sprint(gap, order), func(t *testing.T) {
				withLogs(t, t.TempDir(), func(t *testing.T, l *line, logs *Logs, r *results) {
					began := time.Now()
					for _, source := range order {
						tell(t, l, logs, source, 7, began)
						time.Sleep(gap)
					}
					time.Sleep(3 * time.Minute)
					synctest.Wait()
					if l.counted() != 1 {
						t.Errorf("counted %d, results %v", l.counted(), r.n)
					}
					if sum := r.n["joined"] + r.n["counted"]; sum != 3 {
						t.Errorf("%d of 3 sightings are accounted for: %v", sum, r.n)
					}
				})
			})
		}
	}
}

// named drops a core whose name tells the pid on the host.
func named(t *testing.T, content []byte, pid int64, at time.Time) watch.File {
	t.Helper()
	f := dropAt(t, content, at)
	path := filepath.Join(filepath.Dir(f.Path), fmt.Sprint("core.", pid))
	if err := os.Rename(f.Path, path); err != nil {
		t.Fatal(err)
	}
	f.Path = path
	return f
}

// tell lets one source tell of the crash of a process.
func tell(t *testing.T, l *line, logs *Logs, source int, pid int64, at time.Time) {
	t.Helper()
	switch source {
	case 0:
		if v, _ := l.Handle(t.Context(), named(t, core(int32(pid)), pid, at)); v != watch.Done { //nolint:gosec // small
			t.Fatalf("verdict %v", v)
		}
	case 1:
		e := segfault(pid)
		e.Time = at
		logs.Crash(e)
	case 2:
		logs.Crash(journal(pid, at))
	case 3:
		logs.Crash(handler(pid, at))
	}
}

// Many processes crash at about the same time, each told of by some of the
// sources, in any order, with restarts in between after which everything is read
// again from where the feeds stood: each is counted once.
func TestManyCrashesOfSomeSources(t *testing.T) {
	for seed := range uint64(6) {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			random := rand.New(rand.NewPCG(seed, 1)) //nolint:gosec // reproducible
			type telling struct {
				source int
				pid    int64
			}
			const n = 60
			var all []telling
			for pid := int64(100); pid < 100+n; pid++ {
				mask := 1 + random.IntN(15)
				for source := range 4 {
					if mask>>source&1 == 1 {
						all = append(all, telling{source, pid})
					}
				}
			}
			random.Shuffle(len(all), func(i, j int) { all[i], all[j] = all[j], all[i] })
			dir := t.TempDir()
			var start time.Time
			for part := range 3 {
				withLogs(t, dir, func(t *testing.T, l *line, logs *Logs, _ *results) {
					if start.IsZero() {
						start = time.Now()
					}
					told := all[:len(all)*(part+1)/3] // what was told before is told again
					for _, x := range told {
						tell(t, l, logs, x.source, x.pid, start.Add(time.Duration(x.pid)*100*time.Millisecond))
						time.Sleep(time.Duration(random.IntN(300)) * time.Millisecond)
					}
					if part < 2 {
						return // a restart while some are held
					}
					time.Sleep(5 * time.Minute)
					synctest.Wait()
					if l.counted() != n {
						t.Errorf("counted %d of %d", l.counted(), n)
					}
				})
			}
		})
	}
}

// Workers that were forked from one parent crash with the same registers. The
// kernel tells of both, only one leaves a core: they stay two.
func TestForkedWorkersStayApart(t *testing.T) {
	withLogs(t, t.TempDir(), func(t *testing.T, l *line, logs *Logs, r *results) {
		now := time.Now()
		for _, pid := range []int64{101, 100} { // the one without a core comes first
			tell(t, l, logs, 1, pid, now)
			tell(t, l, logs, 2, pid, now)
		}
		tell(t, l, logs, 0, 100, now)
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if l.counted() != 2 {
			t.Errorf("counted %d, results %v", l.counted(), r.n)
		}
	})
}

// In a container the core knows a pid of its own. The registers tell.
func TestCoreOfContainer(t *testing.T) {
	withLogs(t, t.TempDir(), func(t *testing.T, l *line, logs *Logs, r *results) {
		now := time.Now()
		e := segfault(48151)
		e.Time, e.SP = now, some(0x7ffdf100)
		logs.Crash(e)
		logs.Crash(journal(48151, now))
		if v, _ := l.Handle(t.Context(), dropAt(t, core(7), now)); v != watch.Done { // its name tells no pid
			t.Fatalf("verdict %v", v)
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if l.counted() != 1 {
			t.Errorf("counted %d, results %v", l.counted(), r.n)
		}
	})
}

// A log that names no process is joined by the program and the time, one to one.
func TestLogWithoutPID(t *testing.T) {
	withLogs(t, t.TempDir(), func(t *testing.T, l *line, logs *Logs, r *results) {
		now := time.Now()
		for i, at := range []time.Time{now, now.Add(20 * time.Second), now.Add(40 * time.Second)} {
			e := handler(0, at)
			e.Key = fmt.Sprint(i)
			logs.Crash(e)
		}
		tell(t, l, logs, 0, 7, now)
		tell(t, l, logs, 0, 8, now.Add(20*time.Second))
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if l.counted() != 3 || r.n["log_file joined"] != 2 || r.n["log_file counted"] != 1 {
			t.Errorf("counted %d, results %v", l.counted(), r.n)
		}
	})
}

// A pid that is used again, another boot and another program are other crashes.
func TestStaysApart(t *testing.T) {
	for name, change := range map[string]func(e *logsource.Event){
		"a pid that is used again":                     func(e *logsource.Event) { e.Time = e.Time.Add(10 * time.Minute) },
		"another boot":                                 func(e *logsource.Event) { e.Boot = "99999999-2222-3333-4444-555555555555" },
		"another program, with the pid of a container": func(e *logsource.Event) { e.Exe, e.Comm = "other", "other" },
		"another process":                              func(e *logsource.Event) { e.PID = 8 },
	} {
		t.Run(name, func(t *testing.T) {
			withLogs(t, t.TempDir(), func(t *testing.T, l *line, logs *Logs, r *results) {
				now := time.Now()
				f := named(t, core(7), 7, now)
				if strings.Contains(name, "container") {
					f = dropAt(t, core(7), now)
				}
				if v, _ := l.Handle(t.Context(), f); v != watch.Done {
					t.Fatalf("verdict %v", v)
				}
				e := journal(7, now)
				change(&e)
				logs.Crash(e)
				time.Sleep(3 * time.Minute)
				synctest.Wait()
				if l.counted() != 2 {
					t.Errorf("counted %d, results %v", l.counted(), r.n)
				}
			})
		})
	}
}

// What several logs tell is put together: registers of the kernel, program and
// unit of the journal.
func TestLogsTellTogether(t *testing.T) {
	dir := t.TempDir()
	withLogs(t, dir, func(t *testing.T, l *line, logs *Logs, _ *results) {
		logs.Origins = annotate.NewOrigins(annotate.Roots{Proc: t.TempDir(), Var: t.TempDir(), Run: t.TempDir()}, l.reader.Names)
		now := time.Now()
		e := segfault(7)
		e.Comm, e.Time = "worker-3", now
		j := journal(7, now)
		j.Comm, j.Exe = "worker-3", "demo-server"
		logs.Crash(j)
		logs.Crash(e)
		time.Sleep(2 * time.Minute)
		synctest.Wait()
		// Its core is so late that it is counted already.
		if v, _ := l.Handle(t.Context(), dropAt(t, core(7), now)); v != watch.Done || l.counted() != 1 {
			t.Errorf("verdict %v, counted %d", v, l.counted())
		}
		if n := l.fold.Population.LateCores(); n != 1 {
			t.Errorf("%d late cores, want 1", n)
		}
	})
	s, err := spool.Open(spool.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	batch, err := s.Batch(10, 1<<20)
	if err != nil || len(batch) != 1 {
		t.Fatalf("%d records, %v", len(batch), err)
	}
	r := batch[0].Record
	if r.Source != crash.SourceKernelLog || r.Process.Executable != "demo-server" || r.Fault.ThreadName != "worker-3" || r.Host.CPU != "3" ||
		r.Process.ServiceName != "demo" || r.Attributes["systemd.unit"] != "demo.service" || r.Process.PID != crash.Some(int64(7)) {
		t.Errorf("%+v", r)
	}
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
}

// A core that systemd-coredump stored waits a little for its entry in the
// journal, which knows the cgroup, and not longer than that.
func TestCoreWaitsForJournal(t *testing.T) {
	dir := t.TempDir()
	withLogs(t, dir, func(t *testing.T, l *line, logs *Logs, _ *results) {
		logs.Journal = true
		logs.Origins = annotate.NewOrigins(annotate.Roots{Proc: t.TempDir(), Var: t.TempDir(), Run: t.TempDir()}, l.reader.Names)
		stored := func(pid int32) watch.File {
			now := time.Now()
			f := dropAt(t, core(pid), now)
			path := filepath.Join(filepath.Dir(f.Path), fmt.Sprintf("core.demo.0.%s.%d.%d", strings.ReplaceAll(boot, "-", ""), pid, now.UnixMicro()))
			if err := os.Rename(f.Path, path); err != nil {
				t.Fatal(err)
			}
			f.Path, f.Key.Mtime = path, now.UnixNano()
			return f
		}
		told, untold := stored(7), stored(8)
		for _, f := range []watch.File{told, untold} {
			if v, _ := l.Handle(t.Context(), f); v != watch.Again || l.counted() != 0 {
				t.Errorf("verdict %v before the entry came", v)
			}
		}
		logs.Crash(journal(7, time.Now()))
		if v, _ := l.Handle(t.Context(), told); v != watch.Done || l.counted() != 1 {
			t.Errorf("verdict %v when the entry is there", v)
		}
		time.Sleep(journalWait + time.Millisecond)
		if v, _ := l.Handle(t.Context(), untold); v != watch.Done || l.counted() != 2 {
			t.Errorf("verdict %v when no entry comes", v)
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
	for i, want := range []string{"demo", ""} {
		if r := batch[i].Record; r.Process.ServiceName != want || r.Source != crash.SourceCore {
			t.Errorf("record %d is of service %q, want %q", i, r.Process.ServiceName, want)
		}
	}
}

// Feeds stand at their first crash that is held: a kill finds it again.
func TestFeedsWaitForWhatIsHeld(t *testing.T) {
	withLogs(t, t.TempDir(), func(t *testing.T, _ *line, logs *Logs, _ *results) {
		now := time.Now()
		logs.Moved(logsource.JournalFeed, logsource.Position{Cursor: "start"})
		logs.Crash(journal(7, now))
		logs.Crash(journal(8, now))
		logs.Moved(logsource.JournalFeed, logsource.Position{Cursor: "end"})
		if at := logs.Feeds()[logsource.JournalFeed].Cursor; at != "before 7" {
			t.Errorf("while two are held the journal stands at %q", at)
		}
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if at := logs.Feeds()[logsource.JournalFeed].Cursor; at != "end" {
			t.Errorf("when both are counted the journal stands at %q", at)
		}
	})
}

// More crashes than may be held make their reader wait, and are all counted.
func TestMoreThanIsHeld(t *testing.T) {
	withLogs(t, t.TempDir(), func(t *testing.T, l *line, logs *Logs, _ *results) {
		const n = maxHeld + 300
		now := time.Now()
		read := make(chan struct{})
		go func() {
			defer close(read)
			for pid := range int64(n) {
				logs.Crash(journal(pid+10, now))
			}
		}()
		<-read
		time.Sleep(3 * time.Minute)
		synctest.Wait()
		if l.counted() != n {
			t.Errorf("counted %d of %d", l.counted(), n)
		}
	})
}

// While the spool cannot be written and too much waits, crashes of logs are
// neither lost nor taken for counted.
func TestLogsArePostponed(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var full atomic.Bool
		var committed atomic.Int64
		r := &results{n: make(map[string]int)}
		logs := &Logs{
			Machine: machine, Observer: r, Logger: slog.New(slog.DiscardHandler),
			Commit: func(context.Context, spool.Entry, Told) (Outcome, error) {
				if full.Load() {
					return Postponed, nil
				}
				committed.Add(1)
				return Counted, nil
			},
		}
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		state := func() string {
			synctest.Wait()
			logs.mu.Lock()
			defer logs.mu.Unlock()
			r.mu.Lock()
			defer r.mu.Unlock()
			return fmt.Sprintf("committed %d, counted %d, held %d", committed.Load(), r.n["counted"], len(logs.held))
		}
		full.Store(true)
		logs.Crash(journal(7, time.Now()))
		go func() { defer close(ended); logs.Run(ctx) }()
		time.Sleep(10 * time.Minute)
		if got := state(); got != "committed 0, counted 0, held 1" {
			t.Error(got)
		}
		full.Store(false)
		time.Sleep(3 * time.Minute)
		if got := state(); got != "committed 1, counted 1, held 0" {
			t.Error(got)
		}
		cancel()
		<-ended
	})
}
