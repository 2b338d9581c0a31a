package population

import (
	"cmp"
	"slices"
	"time"
)

const day = 24 * time.Hour

// HostDay is what one host ran on one day.
type HostDay struct {
	Day     time.Time // midnight, UTC
	Values  [ColumnCount]string
	Traffic float64
}

// HostDays returns the exposure of every host on every day of the archive, the
// outages not yet taken out. The build of a day is the one live in the host's
// region at noon, the kernel the one installed at noon.
func (p *Population) HostDays() []HostDay {
	kernels := map[string][]HostInterval{}
	var hosts []string
	for _, h := range p.Hosts {
		if kernels[h.Values[Host]] == nil {
			hosts = append(hosts, h.Values[Host])
		}
		kernels[h.Values[Host]] = append(kernels[h.Values[Host]], h)
	}
	for _, list := range kernels {
		slices.SortStableFunc(list, func(a, b HostInterval) int { return a.From.Compare(b.From) })
	}
	builds := map[string][]Rollout{}
	for _, r := range p.Rollout {
		builds[r.Region] = append(builds[r.Region], r)
	}
	for _, list := range builds {
		slices.SortStableFunc(list, func(a, b Rollout) int { return a.From.Compare(b.From) })
	}
	var days []HostDay
	for midnight := p.From.Truncate(day); midnight.Before(p.To); midnight = midnight.Add(day) {
		noon := midnight.Add(day / 2)
		for _, host := range hosts {
			list := kernels[host]
			i := lastBefore(list, noon, func(h HostInterval) time.Time { return h.From })
			if i < 0 {
				continue // not yet in the fleet
			}
			d := HostDay{Day: midnight, Values: list[i].Values, Traffic: list[i].Traffic}
			rollouts := builds[d.Values[Region]]
			if b := lastBefore(rollouts, noon, func(r Rollout) time.Time { return r.From }); b >= 0 {
				d.Values[Build] = rollouts[b].Build
			}
			days = append(days, d)
		}
	}
	return days
}

// lastBefore returns the index of the last item whose time is not after at, -1
// if none is. Items are ordered by time.
func lastBefore[T any](items []T, at time.Time, of func(T) time.Time) int {
	i, found := slices.BinarySearchFunc(items, at, func(item T, t time.Time) int {
		return cmp.Compare(of(item).UnixNano(), t.UnixNano())
	})
	if found {
		return i
	}
	return i - 1
}
