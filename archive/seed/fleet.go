// Package seed makes up a fleet and its crashes, for a first look at an archive:
// two diseases, one of the software and one of a machine, a fix of each, one of
// them proven, and what else crashes in any fleet. Nothing of it is real.
//
// The software's disease is a return to address zero, on all hosts of all
// regions, with a rate that rises from little and no clear beginning, until a
// build fixes it. The machine's is a misaligned stack, in one region from one day
// on, only soon after boot, on whatever virtual machine lands on one physical
// machine, until that is taken out.
package seed

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// Size of the fleet.
const (
	hosts   = 120
	history = 120 // days
)

// provider marks what is made up, so that it is told from what is real.
const provider = "made-up"

const day = 24 * time.Hour

// regions hold a quarter of the hosts each.
var regions = [...]string{"eastus", "northeurope", "southeastasia", "westus3"}

const (
	sickRegion  = "westus3"
	sickMachine = "pm-westus3-0417"
)

// rollout is a version of the service, and since how many days before now it runs.
type rollout struct {
	version string
	daysAgo int
}

// rollouts of leafd, the newest last; fixed is the one that carries the fix.
var rollouts = [...]rollout{{"2.3.0", history}, {"2.4.0", 75}, {fixed, fixedDaysAgo}}

const (
	fixed          = "2.4.1"
	fixedDaysAgo   = 34
	removedDaysAgo = 9 // the sick machine
	sickDaysAgo    = 50
	newDaysAgo     = 2 // the youngest cluster
)

// Fleet is a made-up fleet at one moment. The same seed and moment make the same
// fleet.
type Fleet struct {
	rng *rand.Rand
	now time.Time
}

// New returns a fleet whose history ends at now.
func New(seed uint64, now time.Time) *Fleet {
	return &Fleet{rng: rand.New(rand.NewPCG(seed, 1)), now: now.UTC().Truncate(time.Minute)} //nolint:gosec // a story, not a secret
}

// ago is the moment so many days before now.
func (f *Fleet) ago(days float64) time.Time {
	return f.now.Add(-time.Duration(days * float64(day)))
}

// host returns the n-th host.
func host(n int) (crash.Host, crash.Cloud) {
	region := regions[n%len(regions)]
	kernel := "6.8.0-1021"
	if n%3 == 0 {
		kernel = "6.8.0-1019"
	}
	physical := fmt.Sprintf("pm-%s-%04d", region, n/len(regions))
	return crash.Host{
			Name: fmt.Sprintf("leaf-%s-%03d", region, n/len(regions)), ID: fmt.Sprintf("%032x", n+1), PhysicalID: physical,
			CPUModel: []string{"AMD EPYC 7763", "Intel Xeon 8370C"}[n%2], KernelRelease: kernel, Type: []string{"D16s", "D32s"}[n/4%2],
		},
		crash.Cloud{Provider: provider, Region: region, AvailabilityZone: fmt.Sprint(region, "-", n/4%3+1)}
}

// version is the service's version at a moment.
func (f *Fleet) version(at time.Time) string {
	v := rollouts[0].version
	for _, r := range rollouts {
		if !at.Before(f.ago(float64(r.daysAgo))) {
			v = r.version
		}
	}
	return v
}
