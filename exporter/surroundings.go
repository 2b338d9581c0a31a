package main

import (
	"context"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/config"
)

const (
	// physicalGap is the time between two looks at the name of the physical
	// host, which a live migration changes.
	physicalGap = 5 * time.Minute
	// statesGap is the time between two looks for new containers.
	statesGap = 15 * time.Second
)

// surround keeps what may change about this machine up to date, until ctx is
// done.
func (n *node) surround(ctx context.Context, cfg config.Config) {
	states := time.NewTicker(statesGap)
	defer states.Stop()
	physical := time.NewTicker(physicalGap)
	defer physical.Stop()
	n.origins.Refresh()
	for {
		select {
		case <-ctx.Done():
			return
		case <-states.C:
			n.origins.Refresh()
		case <-physical.C:
			n.lookForPhysicalHost(cfg)
		}
	}
}

func (n *node) lookForPhysicalHost(cfg config.Config) {
	n.live.SetPhysical(annotate.PhysicalHost(annotate.RootsUnder(cfg.Core.Root), cfg.Annotations.PhysicalHostFile))
}
