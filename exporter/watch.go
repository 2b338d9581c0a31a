package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/prometheus/common/version"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/binaries"
	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/exporter/pipeline"
	"github.com/epicurve/epicurve/exporter/ship"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/crash"
)

// node is everything that runs, wired like this:
//
//	core dirs ─▶ watcher ─▶ pipeline (8 workers) ─▶ committer ─▶ spool ─▶ shipper ─▶ archive
//	                        read, classify,          ▲    │        │
//	                        annotate                 │    │        └─ checkpoint, shipped, refused
//	running services ─▶ coverage (exposure) ─────────┘    ▼
//	                                              population ─▶ registry ─▶ /metrics, push
//
// It stops from left to right: the watcher lets its workers end, then the
// committer saves a last checkpoint, then the spool is closed.
type node struct {
	logger     *slog.Logger
	exporter   *metrics.Exporter
	spool      *spool.Spool
	committer  *pipeline.Committer
	population *metrics.Population
	watcher    *watch.Watcher
	coverage   *pipeline.Coverage
	slot       pipeline.Slot // of the earlier run
	shipper    *ship.Shipper // nil without an archive
	registry   *metrics.Registry
	health     *health
}

func watchAndServe(ctx context.Context, cfg config.Config, f *watchFlags, logger *slog.Logger) error {
	logger.Info("Starting epicurve-exporter", "version", version.Info(), "build", version.BuildContext())
	n, err := newNode(cfg, logger)
	if err != nil {
		return err
	}
	defer func() {
		if err := n.spool.Close(); err != nil {
			logger.Error("Cannot close the spool", "err", err)
		}
	}()
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)

	server := n.server(f.telemetry)
	served := make(chan struct{})
	go func() {
		defer close(served)
		cancel(n.serve(server, f.web)) // a server that ends ends everything
	}()
	waitPush, err := n.push(ctx, cfg.Push)
	if err != nil {
		cancel(err)
	}
	n.run(ctx)
	waitPush()

	shutdown, done := context.WithTimeout(context.WithoutCancel(ctx), 5*time.Second)
	defer done()
	err = server.Shutdown(shutdown)
	<-served
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		return cause
	}
	logger.Info("Stopped", "counted", "all crashes seen are durable")
	return err
}

// run does the node's work until ctx is done.
func (n *node) run(ctx context.Context) {
	var shipping, committing sync.WaitGroup
	if n.shipper != nil {
		shipping.Go(func() { n.shipper.Run(ctx) })
	} else {
		n.logger.Info("No archive is configured: crashes are counted and kept in the spool")
	}
	commitCtx, endCommits := context.WithCancel(context.WithoutCancel(ctx))
	committing.Go(func() { n.committer.Run(commitCtx) })

	var covering sync.WaitGroup
	covering.Go(func() { n.coverage.Run(ctx, n.slot) })
	n.watcher.Run(ctx)
	covering.Wait()
	endCommits()
	committing.Wait()
	shipping.Wait()
}

func newNode(cfg config.Config, logger *slog.Logger) (*node, error) {
	n := &node{logger: logger, health: &health{}}
	n.exporter = metrics.NewExporter(pipeline.ReadReasons(), watch.Refusals())
	var err error
	n.spool, err = spool.Open(spool.Config{Dir: cfg.State.Dir, MaxBytes: int64(cfg.State.MaxBytes), Logger: logger})
	if err != nil {
		return nil, err
	}
	if err := n.wire(cfg); err != nil {
		return nil, errors.Join(err, n.spool.Close())
	}
	return n, nil
}

func (n *node) wire(cfg config.Config) error {
	fold, st, err := resume(n.spool)
	if err != nil {
		return err
	}
	n.population = fold.Population
	n.committer = pipeline.NewCommitter(n.spool, fold, n.exporter, n.logger)

	reader, err := newReader(cfg, n.logger)
	if err != nil {
		return err
	}
	line := pipeline.New(pipeline.Config{
		Reader: reader, Committer: n.committer, Observer: n.exporter, Logger: n.logger,
		Limit: pipeline.Limit{Rate: cfg.Core.UserRate, Burst: cfg.Core.UserBurst},
	})
	n.watcher = watch.New(watch.Config{
		Dirs: cfg.Core.Dirs, Ignore: cfg.Core.Ignore,
		Settle: time.Duration(cfg.Core.Settle), Rescan: time.Duration(cfg.Core.Rescan), Poll: time.Duration(cfg.Core.Poll),
		Observer: n.health.observe(n.exporter), Logger: n.logger,
	}, st.Files, line.Handle)
	n.coverage = n.newCoverage(reader)
	n.slot = st.Slot
	n.committer.Remember(n.watcher.Done, n.coverage.Slot)

	if cfg.Archive.URL != "" {
		client, err := ship.NewClient(ship.Config{
			URL: cfg.Archive.URL, TokenFile: cfg.Archive.TokenFile, CAFile: cfg.Archive.CAFile,
			Timeout: time.Duration(cfg.Archive.Timeout),
		}, version.Version)
		if err != nil {
			return err
		}
		n.shipper = ship.New(client, n.spool, n.exporter, n.logger)
	}
	n.registry, err = metrics.NewRegistry(n.population, n.exporter, metrics.NewSpool(n.backlog),
		metrics.NewGrowing(func() []metrics.Growing { return growing(line) }))
	return err
}

// resume continues the counters of an earlier run: its checkpoint, then what
// the spool holds beyond.
func resume(s *spool.Spool) (*pipeline.Fold, pipeline.State, error) {
	var st pipeline.State
	checkpoint, err := s.LoadCheckpoint()
	if err != nil {
		return nil, st, fmt.Errorf("%w (to begin again from zero, move the state directory away)", err)
	}
	if len(checkpoint.State) > 0 {
		if err := json.Unmarshal(checkpoint.State, &st); err != nil {
			return nil, st, fmt.Errorf("%w: %w", spool.ErrCheckpoint, err)
		}
	}
	fold, err := pipeline.NewFold(st, checkpoint.Seq, time.Now())
	if err != nil {
		return nil, st, err
	}
	return fold, st, s.Replay(checkpoint.Seq, fold.Apply)
}

func newReader(cfg config.Config, logger *slog.Logger) (*pipeline.Reader, error) {
	var roots annotate.Roots
	machine, missing := annotate.ReadMachine(roots)
	if len(missing) > 0 {
		logger.Warn("Some facts about this machine are unknown", "missing", missing)
	}
	names, err := annotate.NewNames(roots, cfg.Core.NamePatterns)
	if err != nil {
		return nil, err
	}
	var services annotate.Services
	for _, s := range cfg.Services {
		services = append(services, annotate.Service{Name: s.Name, Version: s.Version, Executable: s.Executable})
	}
	r := &pipeline.Reader{Machine: machine, Names: names, Services: services}
	if cfg.Core.Symbols {
		r.Rules.Binaries = binaries.New(binaries.Config{Root: cfg.Core.Root, Log: logger})
	}
	return r, nil
}

func growing(p *pipeline.Pipeline) []metrics.Growing {
	var all []metrics.Growing
	for label, n := range p.Growing() {
		all = append(all, metrics.Growing{Class: label.Class, Kind: label.Kind, Cores: n})
	}
	return all
}

// newCoverage accounts for the time in which this host's crashes are counted:
// from the first scan on, while the spool takes them.
func (n *node) newCoverage(r *pipeline.Reader) *pipeline.Coverage {
	return &pipeline.Coverage{
		Blank:    crash.Exposure{Host: r.Machine.Host},
		Covering: func() bool { return n.health.scanned.Load() && !n.committer.Full() },
		Builds:   func() []crash.ExposedBuild { return r.Services.Running(annotate.Roots{}) },
		Commit:   n.committer.Commit,
		Logger:   n.logger,
	}
}

func (n *node) backlog() metrics.Backlog {
	st := n.spool.Stats()
	return metrics.Backlog{Pending: st.Pending, Bytes: st.Bytes, Dropped: st.Dropped, Oldest: st.Oldest}
}
