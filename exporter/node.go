package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/version"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/binaries"
	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/exporter/pipeline"
	"github.com/epicurve/epicurve/exporter/retain"
	"github.com/epicurve/epicurve/exporter/ship"
	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/exporter/watch"
	"github.com/epicurve/epicurve/pkg/corefile"
	"github.com/epicurve/epicurve/pkg/crash"
)

// node is everything that runs under one configuration, wired like this:
//
//	core dirs ─▶ watcher ─▶ pipeline (8 workers) ─▶ committer ─▶ spool ─▶ shipper ─▶ archive
//	                        read, classify,          ▲  ▲ │        │
//	                        annotate                 │  │ │        └─ checkpoint, shipped, refused
//	kernel log ─▶ logs (hold, join to the core) ─────┘  │ ▼
//	running services ─▶ coverage (exposure) ────────────┘ population ─▶ registry ─▶ /metrics, push
//
// It stops from left to right: those who commit end first, then the committer
// saves a last checkpoint, then the spool is closed.
type node struct {
	logger    *slog.Logger
	self      *metrics.Exporter
	health    *health
	memory    *memory
	spool     *spool.Spool
	committer *pipeline.Committer
	pipeline  *pipeline.Pipeline
	watcher   *watch.Watcher
	kernel    *logsource.Kernel  // nil when the kernel log is not read
	journal   *logsource.Journal // nil when the journal is not
	logFiles  []*logsource.File
	// kernelRead is how far the kernel log was read by any node of this
	// process: the number of a record.
	kernelRead *atomic.Int64
	recent     *logsource.Recent
	logs       *pipeline.Logs // nil when no log is read
	coverage   *pipeline.Coverage
	slot       pipeline.Slot // of the earlier run
	live       *annotate.Live
	around     *surroundings
	origins    *annotate.Origins
	deletions  *metrics.Retention
	sweeper    *retain.Sweeper // nil when no core is deleted
	shipper    *ship.Shipper   // nil without an archive
	registry   *metrics.Registry
}

func newNode(cfg config.Config, s *supervisor) (*node, error) {
	logger := s.logger
	n := &node{logger: logger, self: s.self, memory: s.memory, kernelRead: &s.kernelRead, health: newHealth(), deletions: s.deletions, recent: &logsource.Recent{}}
	var err error
	n.spool, err = spool.Open(spool.Config{
		Dir: cfg.State.Dir, MaxBytes: int64(cfg.State.MaxBytes), DropNewest: cfg.State.WhenFull == config.DropNewest, Logger: logger,
	})
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
	n.committer = pipeline.NewCommitter(n.spool, fold, n.self, n.logger)
	reader, err := n.newReader(cfg)
	if err != nil {
		return err
	}
	files, err := watch.ParseKeys(st.Files)
	if err != nil {
		return fmt.Errorf("%w: %w", spool.ErrCheckpoint, err)
	}
	n.pipeline = pipeline.New(pipeline.Config{
		Reader: reader, Committer: n.committer, Observer: n.self, Logger: n.logger,
		Limit: pipeline.Limit{Rate: cfg.Core.UserRate, Burst: int(cfg.Core.UserBurst)},
	})
	n.watcher = watch.New(watch.Config{
		Dirs: cfg.Core.Dirs, Ignore: cfg.Core.Ignore,
		Settle: time.Duration(cfg.Core.Settle), Rescan: time.Duration(cfg.Core.Rescan), Poll: time.Duration(cfg.Core.Poll),
		Observer: n.health.observe(n.self, n.memory), Logger: n.logger, Appeared: n.origins.Appeared,
	}, files, n.pipeline.Handle)
	if err := n.readLogs(cfg, reader, st.Feeds); err != nil {
		return err
	}
	n.sweeper = n.newSweeper(cfg.Core)
	n.coverage = n.newCoverage(reader, cfg.Core)
	n.slot = st.Slot
	n.committer.Remember(n.watcher.Done, n.coverage.Slot)
	if err := n.newShipper(cfg.Archive); err != nil {
		return err
	}
	n.registry, err = metrics.NewRegistry(fold.Population, n.self, n.deletions,
		metrics.NewSpool(n.backlog), metrics.NewGrowing(n.growing), metrics.NewPushed())
	return err
}

// run does the node's work until ctx is done, then closes the spool.
func (n *node) run(ctx context.Context) {
	var shipping, committing, sources sync.WaitGroup
	if n.shipper != nil {
		shipping.Go(func() { n.shipper.Run(ctx) })
	} else {
		n.logger.Info("No archive is configured: crashes are counted and kept in the spool")
	}
	commitCtx, endCommits := context.WithCancel(context.WithoutCancel(ctx))
	committing.Go(func() { n.committer.Run(commitCtx) })
	sources.Go(func() { n.coverage.Run(ctx, n.slot) })
	sources.Go(func() { n.around.run(ctx) })
	sources.Go(func() { n.around.finder.Run(ctx) })
	n.origins.Refresh() // before the first core: some 40 µs a process
	n.runLogs(ctx, &sources)
	sources.Go(func() { n.watcher.Run(ctx) })
	if n.sweeper != nil {
		sources.Go(func() { n.sweep(ctx) })
	}

	sources.Wait()
	endCommits()
	committing.Wait()
	shipping.Wait()
	if err := n.spool.Close(); err != nil {
		n.logger.Error("Cannot close the spool", "err", err)
	}
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

func (n *node) newReader(cfg config.Config) (*pipeline.Reader, error) {
	roots := annotate.RootsUnder(cfg.Core.Root)
	machine, missing := annotate.ReadMachine(roots)
	if len(missing) > 0 {
		n.logger.Warn("Some facts about this machine are unknown", "missing", missing)
	}
	n.live = &annotate.Live{}
	machine.Live = n.live
	around, err := n.newSurroundings(cfg, machine.Host.BootID)
	if err != nil {
		return nil, err
	}
	n.around = around
	if err := machine.SetStatic(cfg.Annotations.Static); err != nil {
		return nil, err
	}
	names, err := annotate.NewNames(roots, cfg.Core.NamePatterns)
	if err != nil {
		return nil, err
	}
	filters, err := annotate.NewFilters(cfg.Compiled(), n.recent)
	if err != nil {
		return nil, err
	}
	n.origins = annotate.NewOrigins(roots, names)
	r := &pipeline.Reader{
		Machine: machine, Names: names, Filters: filters, Origins: n.origins,
		Options: corefile.Options{MaxWindow: maxWindow},
	}
	for _, s := range cfg.Services {
		r.Services = append(r.Services, annotate.Service{Name: s.Name, Version: s.Version, Executable: s.Executable})
	}
	if cfg.Core.Symbols {
		r.Rules.Binaries = binaries.New(binaries.Config{Root: cfg.Core.Root, Log: n.logger})
	}
	return r, nil
}

// maxWindow bounds the memory of one decoder: enough for zstd -19 and xz -6.
const maxWindow = 8 << 20

// newCoverage accounts for the time in which this host's crashes are counted:
// from the first scan on, while the spool takes them.
func (n *node) newCoverage(r *pipeline.Reader, cfg config.Core) *pipeline.Coverage {
	root, rescan := cfg.Root, time.Duration(cfg.Rescan) // a file that waits is looked at again by the next scan
	return &pipeline.Coverage{
		Blank: func() (e crash.Exposure) {
			e.Host, e.Cloud, e.Node, _ = r.Machine.Place()
			return e
		},
		Covering: func() bool { return n.health.scanned.Load() && !n.committer.Full() },
		Limited:  func() bool { return n.pipeline.LimitedWithin(rescan) },
		Builds:   func() []crash.ExposedBuild { return r.Services.Running(annotate.RootsUnder(root)) },
		Commit:   n.committer.Commit,
		Logger:   n.logger,
	}
}

func (n *node) newShipper(cfg config.Archive) error {
	if cfg.URL == "" {
		return nil
	}
	client, err := ship.NewClient(ship.Config{
		URL: cfg.URL, TokenFile: cfg.TokenFile, CAFile: cfg.CAFile, Timeout: time.Duration(cfg.Timeout),
	}, version.Version)
	if err != nil {
		return err
	}
	n.shipper = ship.New(client, n.spool, n.self, n.logger)
	return nil
}

func (n *node) backlog() metrics.Backlog {
	st := n.spool.Stats()
	return metrics.Backlog{Pending: st.Pending, Bytes: st.Bytes, Dropped: st.Dropped, Oldest: st.Oldest}
}

func (n *node) growing() []metrics.Growing {
	var all []metrics.Growing
	for _, g := range n.pipeline.Growing() {
		all = append(all, metrics.Growing(g))
	}
	return all
}
