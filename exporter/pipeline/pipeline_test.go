package pipeline

import (
	"context"
	"debug/elf"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/coretest"
	"github.com/epicurve/epicurve/pkg/crash"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// core is a small core of a return to null; pid makes it a crash of its own.
func core(pid int32) []byte {
	const sp = 0x7ffd_f100
	return coretest.Must(coretest.Core{
		Machine: elf.EM_X86_64,
		Threads: []coretest.Thread{{ID: pid, Registers: map[string]uint64{"rip": 0, "rsp": sp}}},
		Signal:  &coretest.Signal{Number: 11, Code: 1},
		Process: &coretest.Process{PID: pid, Name: "demo"},
		Segments: []coretest.Segment{
			{Start: 0x7ffd_f000, Size: 0x1000, Flags: elf.PF_R | elf.PF_W, Data: make([]byte, 0x1000)},
		},
	}).Bytes()
}

// tally is an observer that counts.
type tally struct {
	mu         sync.Mutex
	read       int
	failed     map[string]int
	duplicates int
	spool      int
	waiting    int
	limited    int
}

func newTally() *tally { return &tally{failed: make(map[string]int)} }

func (o *tally) locked(f func()) { o.mu.Lock(); defer o.mu.Unlock(); f() }

func (o *tally) CoreRead(string, int64, time.Duration) { o.locked(func() { o.read++ }) }
func (o *tally) ReadFailed(reason string)              { o.locked(func() { o.failed[reason]++ }) }
func (o *tally) Duplicate()                            { o.locked(func() { o.duplicates++ }) }
func (o *tally) Labelled(time.Duration)                {}
func (o *tally) RateLimited()                          { o.locked(func() { o.limited++ }) }
func (o *tally) SpoolFailed()                          { o.locked(func() { o.spool++ }) }
func (o *tally) Waiting(n int)                         { o.locked(func() { o.waiting = n }) }
func (o *tally) Checkpointed(time.Time)                {}

// line is a pipeline over a log, with a committer that runs.
type line struct {
	*Pipeline
	fold  *Fold
	seen  *tally
	stop  func()
	feeds atomic.Pointer[Logs]
}

func newLine(t *testing.T, log Log, st State, seq uint64) *line {
	t.Helper()
	fold, err := NewFold(st, seq, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	names, err := annotate.NewNames(annotate.Roots{Proc: t.TempDir()}, []string{"core.%P"})
	if err != nil {
		t.Fatal(err)
	}
	seen := newTally()
	logger := slog.New(slog.DiscardHandler)
	c := NewCommitter(log, fold, seen, logger)
	l := &line{fold: fold, seen: seen}
	c.RememberFeeds(func() map[string]logsource.Position {
		if logs := l.feeds.Load(); logs != nil {
			return logs.Feeds()
		}
		return st.Feeds
	})
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx) }()
	reader := &Reader{Names: names, Machine: annotate.Machine{Host: crash.Host{Name: "web-1", ID: "m1"}}}
	l.Pipeline = New(Config{Reader: reader, Committer: c, Observer: seen, Logger: logger})
	l.stop = func() { cancel(); <-ended }
	return l
}

func (l *line) counted() uint64 {
	var n uint64
	for _, c := range l.fold.Population.Counts() {
		n += c.Value
	}
	return n
}

func drop(t *testing.T, content []byte) watch.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "core")
	if err := os.WriteFile(path, content, 0o600); err != nil {
		t.Fatal(err)
	}
	return watch.File{Path: path, Noticed: time.Now(), Quiet: true, Still: time.Hour}
}

// dropAt drops a core that was last written to at a time.
func dropAt(t *testing.T, content []byte, at time.Time) watch.File {
	t.Helper()
	f := drop(t, content)
	if err := os.Chtimes(f.Path, at, at); err != nil {
		t.Fatal(err)
	}
	return f
}

func TestCountsOnce(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, s, State{}, 0)
	defer l.stop()
	for i := range 3 {
		if v, _ := l.Handle(t.Context(), drop(t, core(7))); v != watch.Done {
			t.Fatalf("look %d: %v", i, v)
		}
	}
	if l.counted() != 1 || l.seen.duplicates != 2 {
		t.Errorf("counted %d, %d duplicates", l.counted(), l.seen.duplicates)
	}
	batch, err := s.Batch(10, 1<<20)
	if err != nil || len(batch) != 1 {
		t.Fatalf("%d entries in the spool, %v", len(batch), err)
	}
	r := batch[0].Record
	if err := r.Validate(); err != nil {
		t.Error(err)
	}
	if r.Finding.Class != crash.ReturnToNull || r.Host.Name != "web-1" || r.TimeSource != crash.TimeFromMtime {
		t.Errorf("record %+v", r)
	}
}

// A core is not taken before it is complete, and a broken one not before it is
// quiet.
func TestWaitsForTheRest(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, s, State{}, 0)
	defer l.stop()
	whole := core(7)
	for _, tc := range []struct {
		name    string
		content []byte
		open    bool // somebody has it open for writing
		quiet   bool
		want    watch.Verdict
		counted uint64
	}{
		{"no registers yet", whole[:80], true, false, watch.Again, 0},
		{"nothing yet", nil, false, false, watch.Again, 0},
		{"half, being written", whole[:len(whole)-100], true, false, watch.Again, 0},
		{"half, a writer that stalls", whole[:len(whole)-100], true, true, watch.Again, 0},
		{"whole, but a writer may have reserved it", whole, true, false, watch.Again, 0},
		{"whole, writer silent", whole, true, true, watch.Done, 1},
		{"whole", core(8), false, false, watch.Done, 2},
		{"cut, no writer", core(9)[:len(whole)-100], false, false, watch.Done, 3},
		{"no registers, no writer, quiet", core(10)[:80], false, true, watch.Done, 4},
	} {
		f := drop(t, tc.content)
		f.Quiet, f.Still = tc.quiet, 0
		var w *os.File
		if tc.open {
			if w, err = os.OpenFile(f.Path, os.O_WRONLY, 0); err != nil {
				t.Fatal(err)
			}
		}
		if got, _ := l.Handle(t.Context(), f); got != tc.want || l.counted() != tc.counted {
			t.Errorf("%s: verdict %v, counted %d; want %v, %d", tc.name, got, l.counted(), tc.want, tc.counted)
		}
		if w != nil {
			w.Close()
		}
	}
	if l.seen.failed["truncated"] != 1 {
		t.Errorf("failures %v, want one truncated", l.seen.failed)
	}
}

// diskFull is a log that cannot be written until it is freed.
type diskFull struct {
	*spool.Spool
	mu   sync.Mutex
	full bool
}

func (d *diskFull) Append(es []spool.Entry) error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.full {
		return errors.New("no space left on device")
	}
	return d.Spool.Append(es)
}

// On a full disk crashes are still counted; when there is room again they reach
// the log, once.
func TestDiskFull(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	log := &diskFull{Spool: s, full: true}
	l := newLine(t, log, State{}, 0)
	for pid := range int32(5) {
		if v, _ := l.Handle(t.Context(), drop(t, core(pid))); v != watch.Done {
			t.Fatalf("verdict %v", v)
		}
	}
	if l.counted() != 5 || l.seen.waiting != 5 || l.seen.spool == 0 {
		t.Errorf("counted %d, waiting %d, failures %d", l.counted(), l.seen.waiting, l.seen.spool)
	}
	log.mu.Lock()
	log.full = false
	log.mu.Unlock()
	l.stop() // flushes
	if got := s.Stats().Pending; got != 5 {
		t.Errorf("%d entries in the spool, want 5", got)
	}
	if c, err := s.LoadCheckpoint(); err != nil || c.Seq != 5 {
		t.Errorf("checkpoint at %d, %v", c.Seq, err)
	}
}

// While records wait in memory no checkpoint may claim that their files are
// done with.
func TestNoCheckpointWhileWaiting(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, &diskFull{Spool: s, full: true}, State{}, 0)
	l.Handle(t.Context(), drop(t, core(1)))
	l.stop()
	if c, err := s.LoadCheckpoint(); err != nil || c.State != nil {
		t.Errorf("checkpoint %+v, %v", c, err)
	}
}
