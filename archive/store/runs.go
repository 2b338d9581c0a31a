package store

import (
	"cmp"
	"context"
	"slices"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// Runs is the part of a store that keeps the exposure of AI workflows. A store
// without it answers ErrUnsupported to who sends runs, and the failures of
// workflows are then judged by the calendar.
type Runs interface {
	// AppendRuns adds slots of runs durably, idempotent by crash.Runs.ID: of
	// one slot that is sent with two counts, the first is kept.
	AppendRuns(ctx context.Context, runs []crash.Runs) (Appended, error)
	// RunsByDay sums the runs of the slots that begin in a range, in the order
	// of SortRuns.
	RunsByDay(ctx context.Context, r query.Range) ([]DayRuns, error)
}

// DayRuns is how many runs of one kind began on one UTC day.
type DayRuns struct {
	Day    int32 // days since the Unix epoch
	Count  float64
	Values []string // of crash.RunDimensions, in their order; "" where not known
}

// SortRuns orders runs by day, then by their values.
func SortRuns(runs []DayRuns) {
	slices.SortFunc(runs, func(a, b DayRuns) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), slices.Compare(a.Values, b.Values))
	})
}
