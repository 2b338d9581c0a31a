package seed

import (
	"time"

	"github.com/epicurve/epicurve/pkg/crash"
)

// The exporters of one region were silent for a while, blindFor from
// blindDaysAgo on.
const (
	blindRegion  = "northeurope"
	blindDaysAgo = 20
	blindFor     = 8 * time.Hour
)

// Exposure returns what the fleet's exporters watched in [from, to), in slots of
// a given length.
func (f *Fleet) Exposure(from, to time.Time, length time.Duration) []crash.Exposure {
	var slots []crash.Exposure
	for n := range hosts {
		h, c := host(n)
		for at := from; at.Before(to); at = at.Add(length) {
			slot := min(length, to.Sub(at))
			covered := slot
			if c.Region == blindRegion {
				covered -= overlap(at, at.Add(slot), f.ago(blindDaysAgo), f.ago(blindDaysAgo).Add(blindFor))
			}
			if covered <= 0 {
				continue
			}
			version := f.version(at)
			e := crash.Exposure{Host: h, Cloud: c, Start: at, Length: slot, Covered: covered}
			for _, service := range []string{"leafd", "rooterd", "mergerd", "ingestd", "tokenizerd"} {
				e.Builds = append(e.Builds, crash.ExposedBuild{ServiceName: service, ServiceVersion: version, Running: covered})
			}
			slots = append(slots, e)
		}
	}
	return slots
}

// overlap is the length of what two intervals have in common.
func overlap(a, b, c, d time.Time) time.Duration {
	if c.After(a) {
		a = c
	}
	if d.Before(b) {
		b = d
	}
	return max(0, b.Sub(a))
}
