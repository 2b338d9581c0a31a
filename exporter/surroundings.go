package main

import (
	"context"
	"path/filepath"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/annotate/cloud"
	"github.com/epicurve/epicurve/exporter/annotate/command"
	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/pkg/crash"
)

const (
	// physicalGap is the time between two looks at the name of the physical
	// host, which a live migration changes.
	physicalGap = 5 * time.Minute
	// statesGap is the time between two looks for new containers.
	statesGap = 15 * time.Second
)

// surroundings keep what may change about this machine up to date.
type surroundings struct {
	*node
	roots  annotate.Roots
	place  config.Annotations
	finder *cloud.Finder
	last   string // physical host, as last found out
}

// newSurroundings finds out what can be found out at once. The cloud is waited
// for only where the configuration or the firmware says that there is one, and
// no answer of this boot is kept, so that the first crashes are told of with
// their region.
func (n *node) newSurroundings(cfg config.Config, bootID string) (*surroundings, error) {
	s := &surroundings{node: n, roots: annotate.RootsUnder(cfg.Core.Root), place: cfg.Annotations}
	var err error
	s.finder, err = cloud.New(cloud.Config{
		Provider: s.place.Cloud.Provider, Endpoint: s.place.Cloud.Endpoint, Timeout: time.Duration(s.place.Cloud.Timeout),
		Sys: s.roots.Sys, Cache: filepath.Join(cfg.State.Dir, "cloud.json"), BootID: bootID,
		Changed: s.moved, Asked: func(result string) { n.self.LookedUp("cloud", result) }, Logger: n.logger,
	})
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(context.Background(), 3*time.Duration(s.place.Cloud.Timeout))
	defer cancel()
	if s.finder.Expected() {
		if err := s.finder.Look(ctx); err != nil {
			n.logger.Warn("Starting without knowing where in the cloud this machine is; it is asked again", "err", err)
		}
	}
	s.physicalHost(context.Background())
	return s, nil
}

// moved takes what the cloud tells.
func (s *surroundings) moved(p cloud.Place) {
	s.live.SetSurroundings(annotate.Surroundings{
		Cloud:    crash.Cloud{Provider: p.Provider, Region: p.Region, AvailabilityZone: p.Zone},
		HostType: p.InstanceType, InstanceID: p.InstanceID, PhysicalID: p.PhysicalHost,
	})
}

// run goes on until ctx is done.
func (s *surroundings) run(ctx context.Context) {
	states := time.NewTicker(statesGap)
	defer states.Stop()
	physical := time.NewTicker(physicalGap)
	defer physical.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-states.C:
			s.origins.Refresh()
		case <-physical.C:
			s.physicalHost(ctx)
		}
	}
}

// physicalHost asks the configured command, the configured file or Hyper-V. A
// command that fails leaves what was known, for a while at least.
func (s *surroundings) physicalHost(ctx context.Context) {
	var name string
	if argv := s.place.PhysicalHostCommand; len(argv) > 0 {
		var err error
		if name, err = command.FirstLine(ctx, argv, time.Duration(s.place.PhysicalHostTimeout)); err != nil {
			s.self.LookedUp("physical_host", "failed")
			s.logger.Warn("The command does not tell the physical host", "err", err)
			return
		}
	} else {
		name = annotate.PhysicalHost(s.roots, s.place.PhysicalHostFile)
	}
	if name == "" {
		s.self.LookedUp("physical_host", "absent")
	} else {
		s.self.LookedUp("physical_host", "ok")
	}
	if name != s.last {
		s.logger.Info("The physical host is known", "physical_host", name, "before", s.last)
	}
	s.last = name
	s.live.SetPhysical(name)
}
