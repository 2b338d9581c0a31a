package epi

import (
	"cmp"
	"slices"
)

// maxEvents bounds the change events that an onset lists.
const maxEvents = 20

// findEvents adds to the given events the first day of every build and of every
// value of an attribute that was not there from the beginning.
func (p *Population) findEvents() []Event {
	events := slices.Clone(p.in.Events)
	if p.fleet != nil {
		begin := dayFloor(p.in.From)
		for d, dim := range p.in.Dimensions {
			if dim.Role.identity() {
				continue
			}
			for v, day := range p.fleet.present[d] {
				if day > begin {
					events = append(events, Event{At: float64(day), What: dim.noun() + " " + dim.Values[v] + " first ran"})
				}
			}
		}
	}
	slices.SortStableFunc(events, func(a, b Event) int {
		if o := cmp.Compare(a.At, b.At); o != 0 {
			return o
		}
		return cmp.Compare(a.What, b.What)
	})
	return events
}

// eventsBetween lists what changed in an interval, a day's slack before it
// because exposure is known by day.
func (p *Population) eventsBetween(from, to float64) []Event {
	var found []Event
	for _, e := range p.events {
		if e.At >= float64(dayFloor(from)) && e.At <= to && len(found) < maxEvents {
			found = append(found, e)
		}
	}
	return found
}
