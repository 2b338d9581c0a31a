package annotate

import (
	"sync/atomic"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Surroundings are what a machine's cloud tells of it. Empty parts are unknown.
type Surroundings struct {
	Cloud      crash.Cloud
	HostType   string // instance type
	InstanceID string
	PhysicalID string // the physical host
}

// Live holds what may change while a machine runs: where it stands in its
// cloud, which is known only after the cloud answered, and the physical host,
// which a live migration changes. Its methods may be called at the same time.
type Live struct {
	surroundings atomic.Pointer[Surroundings]
	physical     atomic.Pointer[string]
}

// SetSurroundings sets what the cloud tells.
func (l *Live) SetSurroundings(s Surroundings) { l.surroundings.Store(&s) }

// SetPhysical sets the physical host as the hypervisor or the configuration
// tells; "" leaves it to the cloud.
func (l *Live) SetPhysical(name string) { l.physical.Store(&name) }

func (l *Live) annotate(r *crash.Record) {
	if s := l.surroundings.Load(); s != nil {
		r.Cloud, r.Host.Type, r.Host.PhysicalID = s.Cloud, s.HostType, s.PhysicalID
	}
	if name := l.physical.Load(); name != nil && *name != "" {
		r.Host.PhysicalID = *name
	}
}

func (l *Live) instance() string {
	if s := l.surroundings.Load(); s != nil {
		return s.InstanceID
	}
	return ""
}
