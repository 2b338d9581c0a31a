package store

import (
	"cmp"
	"slices"
	"time"
)

// DayOf returns the UTC day of a time, in days since the Unix epoch.
func DayOf(t time.Time) int32 {
	const day = 24 * 60 * 60
	s := t.Unix()
	d := s / day
	if s%day < 0 {
		d--
	}
	return int32(d) //nolint:gosec // 2200 is day 84005
}

// SortLimits turns the host-days at the limit, by day and host, into their list.
func SortLimits(days map[PopulationLimit]float64) []PopulationLimit {
	var all []PopulationLimit
	for l, n := range days {
		l.Days = n
		all = append(all, l)
	}
	slices.SortFunc(all, func(a, b PopulationLimit) int {
		return cmp.Or(cmp.Compare(a.Day, b.Day), cmp.Compare(a.Host, b.Host))
	})
	return all
}
