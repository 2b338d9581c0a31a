package evaluate

import (
	"fmt"
	"math"
	"slices"

	"github.com/epicurve/epicurve/archive/store"
)

// hostName and hostID are the dimensions by which a renamed host is known again.
const (
	hostName = "host.name"
	hostID   = "host.id"
)

// span is the first and last UTC day on which a name was seen.
type span struct{ first, last int32 }

// renamed gives hosts that changed their name, and kept their machine id, their
// last name throughout: a host that is called otherwise from some day on would
// look like one that was removed, which is what a fix looks like. Ids that several
// names have at the same time (cloned images) tell nothing and are left alone. It
// returns what a reader should know.
func (k kind) renamed(pop *store.Population) []string {
	name, id := slices.Index(k.names(), hostName), slices.Index(k.names(), hostID)
	if name < 0 || id < 0 {
		return nil
	}
	spans := nameSpans(pop, name, id)
	code := make([]int32, len(pop.Values[name]))
	for i := range code {
		code[i] = int32(i)
	}
	var notices []string
	for h, names := range spans {
		if len(names) < 2 || pop.Values[id][h] == "" {
			continue
		}
		order, ok := succession(names)
		if !ok {
			continue
		}
		last := order[len(order)-1]
		for _, n := range order[:len(order)-1] {
			code[n] = last
		}
		notices = append(notices, fmt.Sprintf("%s was called %s before (the same machine id): one host.", pop.Values[name][last], pop.Values[name][order[len(order)-2]]))
	}
	if len(notices) == 0 {
		return nil
	}
	for _, column := range [][]int32{pop.Crashes.Codes[name], pop.Exposure.Codes[name]} {
		for i, c := range column {
			column[i] = code[c]
		}
	}
	for i, l := range pop.Limits {
		if n := slices.Index(pop.Values[name], l.Host); n >= 0 {
			pop.Limits[i].Host = pop.Values[name][code[n]]
		}
	}
	slices.Sort(notices)
	if len(notices) > maxRenames {
		notices = append(notices[:maxRenames], fmt.Sprintf("%d more hosts changed their names.", len(notices)-maxRenames))
	}
	return notices
}

// maxRenames bounds the notices about renamed hosts.
const maxRenames = 5

// nameSpans lists, for each machine id, on which days it had which name.
func nameSpans(pop *store.Population, name, id int) []map[int32]span {
	spans := make([]map[int32]span, len(pop.Values[id]))
	see := func(n, h, day int32) {
		if pop.Values[name][n] == "" {
			return
		}
		if spans[h] == nil {
			spans[h] = map[int32]span{}
		}
		s, known := spans[h][n]
		if !known {
			s = span{math.MaxInt32, math.MinInt32}
		}
		spans[h][n] = span{min(s.first, day), max(s.last, day)}
	}
	for i, at := range pop.Crashes.Time {
		see(pop.Crashes.Codes[name][i], pop.Crashes.Codes[id][i], int32(floorDiv(at, microsPerDay)))
	}
	for i, day := range pop.Exposure.Day {
		see(pop.Exposure.Codes[name][i], pop.Exposure.Codes[id][i], day)
	}
	return spans
}

// succession orders names by time; ok is false when two of them were in use on
// more than the one day of the change.
func succession(names map[int32]span) (order []int32, ok bool) {
	for n := range names {
		order = append(order, n)
	}
	slices.SortFunc(order, func(a, b int32) int {
		if names[a].first != names[b].first {
			return int(names[a].first - names[b].first)
		}
		return int(names[a].last - names[b].last)
	})
	for i := 1; i < len(order); i++ {
		if names[order[i]].first < names[order[i-1]].last {
			return nil, false
		}
	}
	return order, true
}
