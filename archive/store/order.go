package store

import (
	"slices"
	"strings"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

// SortValues orders the values of a dimension by crashes, descending, then by
// value.
func SortValues(values []query.DimensionValue) {
	slices.SortFunc(values, func(a, b query.DimensionValue) int {
		if a.Crashes != b.Crashes {
			return int(b.Crashes - a.Crashes)
		}
		return strings.Compare(a.Value, b.Value)
	})
}

// SortSeries orders series by total, descending, then by their labels in the
// order of groupBy; the one that sums the rest is last.
func SortSeries(series []query.Series, groupBy []string) {
	slices.SortStableFunc(series, func(a, b query.Series) int {
		if a.Other != b.Other {
			if a.Other {
				return 1
			}
			return -1
		}
		if a.Total != b.Total {
			if a.Total > b.Total {
				return -1
			}
			return 1
		}
		for _, dim := range groupBy {
			if c := strings.Compare(a.Labels[dim], b.Labels[dim]); c != 0 {
				return c
			}
		}
		return 0
	})
}

// CeilMicro returns t in microseconds since the epoch, rounded up. Records have
// times of whole microseconds, so a half-open range selects the same records as
// that of its rounded ends.
func CeilMicro(t time.Time) int64 {
	us := t.UnixMicro()
	if t.Nanosecond()%1000 != 0 {
		us++
	}
	return us
}

// TrendParts returns the beginning and width, in microseconds, of the
// query.TrendBuckets parts that a cluster's trend cuts a range into.
func TrendParts(r query.Range) (from, width int64) {
	from = CeilMicro(r.From)
	width = (CeilMicro(r.To) - from + query.TrendBuckets - 1) / query.TrendBuckets
	return from, max(width, 1)
}

// SortEvents orders events of the ledger by time, then id.
func SortEvents(events []query.LedgerEvent) {
	slices.SortFunc(events, func(a, b query.LedgerEvent) int {
		if c := a.Time.Compare(b.Time); c != 0 {
			return c
		}
		return slices.Compare(a.ID[:], b.ID[:])
	})
}
