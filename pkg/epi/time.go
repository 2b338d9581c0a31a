package epi

import (
	"math"
	"time"
)

const (
	microsPerDay = 24 * 60 * 60 * 1e6
	hoursPerDay  = 24.0
)

// DayOf returns t as days since the Unix epoch.
func DayOf(t time.Time) float64 { return float64(t.UnixMicro()) / microsPerDay }

// TimeOf returns the time of a day number, UTC, rounded to a millisecond; the
// zero time for a number that is no date within a million years.
func TimeOf(day float64) time.Time {
	if math.IsNaN(day) || math.Abs(day) > 365_000_000 {
		return time.Time{}
	}
	return time.UnixMilli(int64(math.Round(day * (microsPerDay / 1000)))).UTC()
}
