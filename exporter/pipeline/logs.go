package pipeline

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/pkg/classify"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Logs takes crashes that logs tell of to their count. Such a crash is held for
// a while, because its core says more; only when none comes is it counted from
// the log. Should the core come later still, it is a duplicate.
type Logs struct {
	// Hold is how long to wait for the core (default 1m). While the core is
	// being written the crash is held on.
	Hold     time.Duration
	Machine  annotate.Machine
	Services annotate.Services
	Filters  *annotate.Filters
	Commit   func(context.Context, spool.Entry) (Outcome, error)
	Observer LogObserver
	Logger   *slog.Logger
	// Growing reports whether a core with this join id is being written.
	Growing func(crash.ID) bool

	mu   sync.Mutex
	held map[crash.ID]*held
}

// LogObserver is told what becomes of crashes that logs tell of.
type LogObserver interface {
	// LogCrash counts one: "counted" from the log, or "joined" to its core.
	LogCrash(result string)
}

type held struct {
	event logsource.Event
	until time.Time
}

// maxHeld bounds the crashes that wait for their cores. The kernel prints two a
// second at most.
const maxHeld = 4096

// Add takes an event. Events of earlier boots and repeated ones are harmless.
func (l *Logs) Add(e logsource.Event) {
	id := joinID(l.Machine.Host.BootID, e.TID, e.PC, e.SP)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.held == nil {
		l.held = make(map[crash.ID]*held)
	}
	if _, known := l.held[id]; known || len(l.held) >= maxHeld {
		return
	}
	l.held[id] = &held{e, time.Now().Add(l.hold())}
}

func (l *Logs) hold() time.Duration {
	if l.Hold <= 0 {
		return time.Minute
	}
	return l.Hold
}

// CPU returns the CPU that the log names for the crash of a core's record, ""
// when it names none.
func (l *Logs) CPU(r *crash.Record) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range joinIDs(r) {
		if h := l.held[id]; h != nil {
			return h.event.CPU
		}
	}
	return ""
}

// Run counts the crashes whose cores did not come, until ctx is done. Those
// still held then are found again in the kernel log by the next run.
func (l *Logs) Run(ctx context.Context) {
	tick := time.NewTicker(max(time.Second, l.hold()/10))
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for id, e := range l.expired(time.Now()) {
				l.count(ctx, id, e)
			}
		}
	}
}

// expired takes out the events that were held long enough.
func (l *Logs) expired(now time.Time) map[crash.ID]logsource.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make(map[crash.ID]logsource.Event)
	for id, h := range l.held {
		switch {
		case now.Before(h.until):
		case l.Growing != nil && l.Growing(id):
			h.until = now.Add(l.hold())
		default:
			out[id] = h.event
			delete(l.held, id)
		}
	}
	return out
}

func (l *Logs) count(ctx context.Context, id crash.ID, e logsource.Event) {
	record := l.record(id, e)
	outcome, err := l.Commit(ctx, spool.Entry{Record: &record, Spooled: time.Now().UTC()})
	switch {
	case err != nil || outcome == Postponed:
		l.mu.Lock()
		l.held[id] = &held{e, time.Now().Add(l.hold())}
		l.mu.Unlock()
	case outcome == Duplicate:
		l.Observer.LogCrash("joined")
	default:
		l.Observer.LogCrash("counted")
		l.Logger.Info("Counted a crash without a core", "id", id.String(), "class", record.Finding.Class, "kind", record.Finding.Kind,
			"signal", record.Fault.Signal, "executable", record.Process.Executable, "from", record.Source)
	}
}

// record makes the record of a crash from what the log tells.
func (l *Logs) record(id crash.ID, e logsource.Event) crash.Record {
	r := classify.Record(e.Facts(), classify.Options{})
	r.ID, r.Source = id, e.Source
	r.Time, r.TimeSource = e.Time.UTC().Truncate(time.Microsecond), crash.TimeFromLog
	r.Process.PID = crash.Optional[int64]{} // the log names the thread
	r.Fault.ThreadID, r.Fault.ThreadName = crash.Some(e.TID), e.Comm
	r.Fault.ThreadCount, r.Fault.BytesRead = crash.Optional[int64]{}, crash.Optional[int64]{}
	r.Host.CPU = e.CPU
	if r.Process.Executable == "" {
		r.Process.Executable = e.Comm
	}
	l.Machine.Annotate(&r)
	l.Services.Annotate(&r)
	l.Filters.Annotate(&r)
	bound(&r)
	return r
}
