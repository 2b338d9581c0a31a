package main

import (
	"context"
	"fmt"
	"regexp"
	"sync"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate/command"
	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/pipeline"
)

// readLogs prepares the reading of logs, from where an earlier run ended, and
// lets the reader of cores ask them.
func (n *node) readLogs(cfg config.Config, r *pipeline.Reader, feeds map[string]logsource.Position) error {
	if !cfg.Logs.Any() {
		n.committer.RememberFeeds(func() map[string]logsource.Position { return feeds })
		return nil
	}
	if err := n.wantEvidence(cfg.Filters); err != nil {
		return err
	}
	n.logs = &pipeline.Logs{
		Hold: time.Duration(cfg.Logs.Hold), Machine: r.Machine, Services: r.Services, Filters: r.Filters, Origins: n.origins,
		Commit: n.committer.CommitTold, Evidence: n.recent.Add, Observer: n.self, Logger: n.logger, Growing: n.pipeline.Grows,
		NewFeed: n.committer.CheckpointSoon, Journal: cfg.Logs.Journal.Follow,
	}
	n.logs.Continue(feeds)
	n.committer.RememberFeeds(n.logs.Feeds)
	r.Logs = n.logs
	if cfg.Logs.Kernel {
		n.kernel = &logsource.Kernel{Booted: r.Machine.Booted, Logger: n.logger, Unprinted: n.self.Unprinted, Told: n.kernelRead}
	}
	if j := cfg.Logs.Journal; j.Follow {
		n.journal = &logsource.Journal{
			Directory: j.Directory, Evidence: j.Evidence, Boot: r.Machine.Host.BootID, Machine: r.Machine.Host.ID, After: feeds[logsource.JournalFeed],
			Start: command.Start, Logger: n.logger,
		}
	}
	for _, f := range cfg.Logs.Files {
		patterns, err := cfg.Logs.PatternsOf(f)
		if err != nil {
			return err
		}
		file := &logsource.File{
			Name: f.Name, Path: f.Path, Format: logsource.Format(f.Format), Patterns: patterns, Executable: f.Executable, Logger: n.logger,
		}
		file.After = feeds[file.Feed()].File
		n.logFiles = append(n.logFiles, file)
	}
	return nil
}

// wantEvidence keeps, of all lines of logs, those that a filter may ask for.
func (n *node) wantEvidence(filters []config.Filter) error {
	n.recent.Wanted = []logsource.Wanted{}
	for _, f := range filters {
		if f.Log == nil {
			continue
		}
		line, err := regexp.Compile(f.Log.Line)
		if err != nil {
			return fmt.Errorf("filter %q: log.line: %w", f.Name, err)
		}
		n.recent.Wanted = append(n.recent.Wanted, logsource.Wanted{Log: f.Log.Source, Line: line})
	}
	return nil
}

// runLogs starts what readLogs prepared.
func (n *node) runLogs(ctx context.Context, sources *sync.WaitGroup) {
	if n.logs == nil {
		return
	}
	sources.Go(func() { n.logs.Run(ctx) })
	if n.kernel != nil {
		sources.Go(func() {
			if err := n.kernel.Run(ctx, n.logs); err != nil {
				n.logger.Error("Crashes that only the kernel log tells of are not counted", "err", err)
			}
		})
	}
	if n.journal != nil {
		sources.Go(func() { n.journal.Run(ctx, n.logs) })
	}
	for _, f := range n.logFiles {
		sources.Go(func() { f.Run(ctx, n.logs) })
	}
}
