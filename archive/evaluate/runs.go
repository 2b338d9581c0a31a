package evaluate

import (
	"context"
	"slices"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// expose gives the population of workflows its exposure: runs in place of
// host-time. A store that keeps no runs leaves it without.
func (e *Evaluator) expose(ctx context.Context, r query.Range, names []string, pop *store.Population) error {
	pop.Exposure = store.PopulationExposure{Codes: make([][]int32, len(names))}
	keeper, ok := e.Store.(store.Runs)
	if !ok {
		return nil
	}
	days, err := keeper.RunsByDay(ctx, r)
	if err != nil {
		return err
	}
	known := crash.RunDimensions()
	for d, name := range names {
		at := slices.Index(known, name)
		codes := map[string]int32{}
		for code, value := range pop.Values[d] {
			codes[value] = int32(code)
		}
		for _, day := range days {
			value := ""
			if at >= 0 {
				value = day.Values[at]
			}
			code, seen := codes[value]
			if !seen {
				code = int32(len(pop.Values[d]))
				codes[value] = code
				pop.Values[d] = append(pop.Values[d], value)
			}
			pop.Exposure.Codes[d] = append(pop.Exposure.Codes[d], code)
		}
	}
	for _, day := range days {
		pop.Exposure.Day = append(pop.Exposure.Day, day.Day)
		pop.Exposure.Days = append(pop.Exposure.Days, day.Count)
		pop.Exposure.HostUptime = append(pop.Exposure.HostUptime, -1)
	}
	return nil
}
