package storetest

import (
	"context"
	"slices"
	"time"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

var _ store.Runs = (*Oracle)(nil)

// AppendRuns implements store.Runs.
func (o *Oracle) AppendRuns(_ context.Context, runs []crash.Runs) (store.Appended, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var done store.Appended
	for _, r := range runs {
		if slices.ContainsFunc(o.runs, func(k crash.Runs) bool { return k.ID() == r.ID() }) {
			done.Duplicates++
			continue
		}
		o.runs = append(o.runs, r)
		done.Added++
	}
	return done, nil
}

// RunsByDay implements store.Runs.
func (o *Oracle) RunsByDay(_ context.Context, r query.Range) ([]store.DayRuns, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	var days []store.DayRuns
	for _, run := range o.runs {
		if run.Start.Before(r.From) || !run.Start.Before(r.To) {
			continue
		}
		d := store.DayRuns{Day: int32(run.Start.Truncate(24*time.Hour).Unix() / 86400)}
		for _, name := range crash.RunDimensions() {
			d.Values = append(d.Values, run.Of[name])
		}
		at := slices.IndexFunc(days, func(k store.DayRuns) bool { return k.Day == d.Day && slices.Equal(k.Values, d.Values) })
		if at < 0 {
			at, days = len(days), append(days, d)
		}
		days[at].Count += float64(run.Count)
	}
	store.SortRuns(days)
	return days, nil
}
