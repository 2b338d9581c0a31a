package crash

import (
	"fmt"
	"time"
)

// Exposure is host-time at risk: what one exporter covered in one slot of
// time. Without exposure there is no rate and no verdict. It is idempotent by
// host id and slot start.
type Exposure struct {
	Host  Host
	Cloud Cloud
	Node  string // k8s.node.name
	// Start is the beginning of the slot, UTC; Length how long the slot is.
	Start  time.Time
	Length time.Duration
	// Covered is the part of the slot in which crashes would have been seen.
	Covered time.Duration
	// Limited is the part of the covered time in which crashes had to wait
	// because their user made more of them than the exporter counts at once.
	// What waits is counted later, unless its core is deleted before.
	Limited time.Duration
	// Builds are the watched services that ran, each with its running time
	// within the slot.
	Builds []ExposedBuild
}

// ExposedBuild is one build of one service that ran on a host.
type ExposedBuild struct {
	ServiceName    string
	ServiceVersion string
	BuildID        string
	Running        time.Duration
}

// MaxBuilds bounds the builds of one slot of exposure.
const MaxBuilds = 1000

// Validate checks that the exposure can be stored: a host, a plausible slot, and
// every name within the bound of the record's field that it is compared with.
func (e *Exposure) Validate() error {
	switch {
	case e.Host.ID == "" && e.Host.Name == "":
		return fmt.Errorf("%w: exposure has neither host.id nor host.name", ErrInvalid)
	case e.Start.Before(minTime) || !e.Start.Before(maxTime):
		return fmt.Errorf("%w: exposure start %s is not between 1990 and 2200", ErrInvalid, e.Start.Format(time.RFC3339))
	case e.Length <= 0 || e.Length > 24*time.Hour:
		return fmt.Errorf("%w: exposure length %s is not within (0, 24h]", ErrInvalid, e.Length)
	case e.Covered < 0 || e.Covered > e.Length:
		return fmt.Errorf("%w: exposure covers %s of a slot of %s", ErrInvalid, e.Covered, e.Length)
	case e.Limited < 0 || e.Limited > e.Covered:
		return fmt.Errorf("%w: exposure was limited for %s of %s that it covers", ErrInvalid, e.Limited, e.Covered)
	case len(e.Builds) > MaxBuilds:
		return fmt.Errorf("%w: exposure has %d builds, at most %d are allowed", ErrInvalid, len(e.Builds), MaxBuilds)
	}
	if err := validateFields(&Record{Host: e.Host, Cloud: e.Cloud, Container: Container{Node: e.Node}}); err != nil {
		return err
	}
	for i, b := range e.Builds {
		if b.Running < 0 || b.Running > e.Length {
			return fmt.Errorf("%w: exposure's build %d ran %s of a slot of %s", ErrInvalid, i, b.Running, e.Length)
		}
		r := Record{Process: Process{ServiceName: b.ServiceName, ServiceVersion: b.ServiceVersion, BuildID: b.BuildID}}
		if err := validateFields(&r); err != nil {
			return fmt.Errorf("exposure's build %d: %w", i, err)
		}
	}
	return nil
}
