package main

import (
	"context"
	"time"

	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/exporter/retain"
	"github.com/epicurve/epicurve/exporter/watch"
)

// sweepGap is the time between two looks for cores to delete.
const sweepGap = time.Minute

// newSweeper returns what deletes cores, nil when nothing is to be deleted.
func (n *node) newSweeper(cfg config.Core) *retain.Sweeper {
	r := cfg.Retention
	if !r.On() {
		return nil
	}
	n.logger.Info("Cores whose crash is on record are deleted", "max_age", time.Duration(r.MaxAge), "max_bytes", int64(r.MaxBytes), "min_free", int64(r.MinFree))
	return retain.New(retain.Config{
		Dirs: cfg.Dirs, MaxAge: time.Duration(r.MaxAge), MaxBytes: int64(r.MaxBytes), MinFree: int64(r.MinFree), MinAge: time.Duration(r.MinAge),
		Examine: n.examine, Observer: n.deletions, Logger: n.logger,
	})
}

// examine looks at a core anew for the sweeper.
func (n *node) examine(ctx context.Context, path string, still time.Duration) (retain.Examination, error) {
	e, err := n.pipeline.Examine(ctx, watch.File{Path: path, Still: still, Quiet: true})
	k := e.Key
	return retain.Examination{
		Identity: retain.Identity{Dev: k.Dev, Ino: k.Ino, Size: k.Size, Mtime: k.Mtime, Change: k.Ctime},
		Crash:    e.ID.String(), Recorded: e.Recorded, Writing: e.Writing,
	}, err
}

// sweep deletes cores until ctx is done. It begins after the first scan, so that
// there is something on record.
func (n *node) sweep(ctx context.Context) {
	tick := time.NewTicker(sweepGap)
	defer tick.Stop()
	first := n.health.first
	for {
		select {
		case <-ctx.Done():
			return
		case <-first:
			first = nil
		case <-tick.C:
		}
		if n.health.scanned.Load() {
			n.sweeper.Sweep(ctx)
		}
	}
}
