package pipeline

import (
	"bytes"
	"context"
	"debug/elf"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/klauspost/compress/zstd"
	"go.uber.org/goleak"

	"github.com/epicurve/epicurve/exporter/annotate"
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
	fold *Fold
	seen *tally
	stop func()
}

func newLine(t *testing.T, log Log, st State, seq uint64) *line {
	t.Helper()
	fold, err := NewFold(st, seq, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	names, err := annotate.NewNames(annotate.Roots{Proc: t.TempDir()}, nil)
	if err != nil {
		t.Fatal(err)
	}
	seen := newTally()
	logger := slog.New(slog.DiscardHandler)
	c := NewCommitter(log, fold, seen, logger)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); c.Run(ctx) }()
	reader := &Reader{Names: names, Machine: annotate.Machine{Host: crash.Host{Name: "web-1", ID: "m1"}}}
	return &line{New(Config{Reader: reader, Committer: c, Observer: seen, Logger: logger}), fold, seen, func() { cancel(); <-ended }}
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

// The container of a process is found while its core grows, and kept when the
// process is gone.
func TestContainerOfGrowingCore(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, s, State{}, 0)
	defer l.stop()
	const id = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	proc := t.TempDir()
	process := filepath.Join(proc, "7")
	if err := errors.Join(os.Mkdir(process, 0o700),
		os.WriteFile(filepath.Join(process, "comm"), []byte("demo\n"), 0o600),
		os.WriteFile(filepath.Join(process, "cgroup"), []byte("0::/docker/"+id+"\n"), 0o600)); err != nil {
		t.Fatal(err)
	}
	l.reader.Roots.Proc = proc
	f := drop(t, core(7))
	f.Quiet, f.Still = false, 0
	w, err := os.OpenFile(f.Path, os.O_WRONLY, 0) // the kernel, still writing
	if err != nil {
		t.Fatal(err)
	}
	if v, _ := l.Handle(t.Context(), f); v != watch.Again || len(l.Growing()) != 1 {
		t.Fatalf("verdict %v, %d cores grow", v, len(l.Growing()))
	}
	if err := errors.Join(os.RemoveAll(process), w.Close()); err != nil {
		t.Fatal(err)
	}
	if v, _ := l.Handle(t.Context(), f); v != watch.Done || len(l.Growing()) != 0 {
		t.Fatalf("verdict %v, %d cores grow", v, len(l.Growing()))
	}
	batch, err := s.Batch(1, 1<<20)
	if err != nil || len(batch) != 1 || batch[0].Record.Container.ID != id {
		t.Errorf("%+v, %v: want container %s", batch, err, id)
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

// A core that needs a large decoder window is read all the same.
func TestLargeWindow(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, s, State{}, 0)
	defer l.stop()
	l.reader.Options.MaxWindow = 1 << 20
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(32<<20), zstd.WithSingleSegment(false))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := w.Write(core(7)); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(w.Flush(), w.Close()); err != nil {
		t.Fatal(err)
	}
	if v, _ := l.Handle(t.Context(), drop(t, b.Bytes())); v != watch.Done || l.seen.read != 1 || l.counted() != 1 {
		t.Errorf("verdict %v, read %d, counted %d, failures %v", v, l.seen.read, l.counted(), l.seen.failed)
	}
}

// A file that cannot be read now is not given up.
func TestTriesAgainAfterIOErrors(t *testing.T) {
	s, err := spool.Open(spool.Config{Dir: t.TempDir()})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l := newLine(t, s, State{}, 0)
	defer l.stop()
	f := drop(t, core(7))
	f.Path += strings.Repeat("/x", 3000) // ENAMETOOLONG stands for whatever the disk says
	if v, _ := l.Handle(t.Context(), f); v != watch.Later || l.seen.failed["io"] != 1 {
		t.Errorf("verdict %v, failures %v", v, l.seen.failed)
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

func TestBound(t *testing.T) {
	r := crash.Record{
		Finding: crash.Finding{Signature: strings.Repeat("ä", 400), Reasons: make([]string, 100)},
		Process: crash.Process{Executable: "a\x1b[31m\nb\xff"},
	}
	bound(&r)
	if r.Process.Executable != "a\uFFFD[31m\uFFFDb\uFFFD" {
		t.Errorf("executable %q", r.Process.Executable)
	}
	if s := r.Finding.Signature; len(s) > 512 || !utf8.ValidString(s) || len(s) < 500 {
		t.Errorf("signature of %d bytes", len(s))
	}
	if len(r.Finding.Reasons) != 32 {
		t.Errorf("%d reasons", len(r.Finding.Reasons))
	}
}

func TestSeenForgetsTheOldest(t *testing.T) {
	s := newSeen()
	id := func(i int) crash.ID { return crash.ID{byte(i), byte(i >> 8), byte(i >> 16), 1} }
	for i := range maxSeen + 10 {
		s.add(id(i))
		s.add(id(i))
	}
	if s.has(id(9)) || !s.has(id(10)) || !s.has(id(maxSeen+9)) || len(s.ids) != maxSeen {
		t.Errorf("%d ids; 9 %t, 10 %t", len(s.ids), s.has(id(9)), s.has(id(10)))
	}
	again := newSeen()
	if err := again.load(s.bytes()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(again.bytes(), s.bytes()) {
		t.Error("ids changed by saving and loading")
	}
	if err := again.load(make([]byte, 17)); err == nil {
		t.Error("17 bytes are no ids")
	}
}
