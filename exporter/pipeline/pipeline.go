package pipeline

import (
	"context"
	"log/slog"
	"time"

	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
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
}

// Pipeline takes files from a watcher to their count.
type Pipeline struct {
	reader    *Reader
	committer *Committer
	observer  Observer
	logger    *slog.Logger
	started   time.Time
}

// New joins a reader and a committer.
func New(reader *Reader, committer *Committer, observer Observer, logger *slog.Logger) *Pipeline {
	return &Pipeline{reader, committer, observer, logger, time.Now()}
}

// Handle is a [watch.Handler].
func (p *Pipeline) Handle(ctx context.Context, f watch.File) (watch.Verdict, watch.Key) {
	began := time.Now()
	reading := p.reader.Read(ctx, f)
	if !reading.Complete {
		return watch.Again, reading.Key
	}
	if reading.Record == nil {
		p.report(f, reading)
		return watch.Done, reading.Key
	}
	took := time.Since(began)
	outcome, err := p.committer.Commit(ctx, spool.Entry{Record: reading.Record, Spooled: time.Now().UTC()})
	if err != nil || outcome == Postponed {
		return watch.Again, reading.Key
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

// report counts and logs a file that is not a usable core.
func (p *Pipeline) report(f watch.File, r Reading) {
	if r.Reason == "" {
		return
	}
	p.observer.ReadFailed(r.Reason)
	p.logger.Warn("Not a usable core file", "file", f.Path, "reason", r.Reason, "err", r.Err)
}

func (p *Pipeline) logCrash(f watch.File, r Reading) {
	rec := r.Record
	p.logger.Info("Counted a crash", "id", rec.ID.String(), "class", rec.Finding.Class, "kind", rec.Finding.Kind,
		"signal", rec.Fault.Signal, "executable", rec.Process.Executable, "file", f.Path)
}
