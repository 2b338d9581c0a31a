package pipeline

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync/atomic"
	"time"

	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// Observer is told what becomes of files.
type Observer interface {
	// CoreRead reports a usable core: compression, bytes taken, time taken.
	CoreRead(compression string, bytes int64, took time.Duration)
	// ReadFailed counts a file that is not a usable core, by one of ReadReasons.
	ReadFailed(reason string)
	// Duplicate counts a core of a crash that was counted before.
	Duplicate()
	// Labelled reports the time from the last write to a core to its count.
	Labelled(delay time.Duration)
	// RateLimited counts a file that has to wait because its owner made too
	// many crashes.
	RateLimited()
}

// Pipeline takes files from a watcher to their count.
type Pipeline struct {
	reader    *Reader
	committer *Committer
	observer  Observer
	logger    *slog.Logger
	started   time.Time
	growing   growing
	quiet     quiet
	waits     atomic.Int64 // when a file last had to wait, in nanoseconds since the epoch; 0 for never
}

// Config joins the parts of a pipeline.
type Config struct {
	Reader    *Reader
	Committer *Committer
	Observer  Observer
	Limit     Limit
	Logger    *slog.Logger
}

// New joins a reader and a committer.
func New(c Config) *Pipeline {
	c.Reader.limit = newLimiter(c.Limit)
	c.Reader.reading = make(chan struct{}, maxReading)
	return &Pipeline{reader: c.Reader, committer: c.Committer, observer: c.Observer, logger: c.Logger, started: time.Now()}
}

// Growing returns the number of cores that are being written, by provisional
// label.
func (p *Pipeline) Growing() []Growing { return p.growing.counts(time.Now()) }

// Grows reports whether the core of the crash that a log tells of is being
// written.
func (p *Pipeline) Grows(r *crash.Record) bool { return p.growing.has(r, time.Now()) }

// Handle is a [watch.Handler].
func (p *Pipeline) Handle(ctx context.Context, f watch.File) (watch.Verdict, watch.Key) {
	began := time.Now()
	if p.reader.Logs.awaits(p.reader.Names.Read(filepath.Base(f.Path)), f.Key.ModTime()) {
		return watch.Again, f.Key
	}
	reading := p.reader.Read(ctx, f)
	if reading.Limited {
		p.limited(f, reading)
		return watch.Later, reading.Key
	}
	if !reading.Complete {
		p.grows(f, reading)
		return watch.Again, reading.Key
	}
	p.growing.remove(f.Path)
	if reading.Record == nil {
		p.report(f, reading)
		if reading.Reason == string(corefile.ReasonIO) {
			return watch.Later, reading.Key // the next rescan may find the disk, or a free descriptor, well again
		}
		return watch.Done, reading.Key
	}
	took := time.Since(began)
	if !p.reader.limit.allow(reading.UID, time.Now()) {
		p.limited(f, reading)
		return watch.Later, reading.Key
	}
	outcome, err := p.committer.CommitTold(ctx, spool.Entry{Record: reading.Record, Spooled: time.Now().UTC()}, reading.Witnesses.Told())
	if err != nil || outcome == Postponed {
		return watch.Again, reading.Key
	}
	if outcome == Counted {
		p.reader.Logs.Settle(reading.Witnesses)
	}
	p.report(f, reading)
	if reading.Err == nil {
		p.observer.CoreRead(reading.Compression, reading.Bytes, took)
	}
	if outcome == Duplicate {
		p.observer.Duplicate()
		return watch.Done, reading.Key
	}
	if written := reading.Key.ModTime(); written.After(p.started) {
		p.observer.Labelled(time.Since(written))
	}
	p.logCrash(f, reading)
	return watch.Done, reading.Key
}

// LimitedWithin reports whether, within the last d, a file had to wait because
// its owner made too many crashes.
func (p *Pipeline) LimitedWithin(d time.Duration) bool {
	at := p.waits.Load()
	return at != 0 && time.Since(time.Unix(0, at)) <= d
}

// limited reports a file whose owner made too many crashes.
func (p *Pipeline) limited(f watch.File, r Reading) {
	p.waits.Store(time.Now().UnixNano())
	p.observer.RateLimited()
	if ok, _ := p.quiet.speak("limited", time.Now()); ok {
		p.logger.Warn("A user makes more crashes than allowed; the rest is counted later", "uid", r.UID, "file", f.Path)
	}
}

// grows notes the provisional label of a core that is being written.
func (p *Pipeline) grows(f watch.File, r Reading) {
	if r.Provisional == nil || !p.growing.set(f.Path, *r.Provisional, time.Now()) {
		return
	}
	p.logger.Info("A core is being written", "class", r.Provisional.Class, "kind", r.Provisional.Kind, "file", f.Path)
}

// report counts and logs a file that is not a usable core.
func (p *Pipeline) report(f watch.File, r Reading) {
	if r.Reason == "" {
		return
	}
	p.observer.ReadFailed(r.Reason)
	ok, swallowed := p.quiet.speak(r.Reason, time.Now())
	if swallowed > 0 {
		p.logger.Warn("More files were not usable core files", "reason", r.Reason, "files", swallowed)
	}
	if ok {
		p.logger.Warn("Not a usable core file", "file", f.Path, "reason", r.Reason, "err", r.Err)
	}
}

func (p *Pipeline) logCrash(f watch.File, r Reading) {
	rec := r.Record
	p.logger.Info("Counted a crash", "id", rec.ID.String(), "class", rec.Finding.Class, "kind", rec.Finding.Kind,
		"signal", rec.Fault.Signal, "executable", rec.Process.Executable, "file", f.Path)
}
