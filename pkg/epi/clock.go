package epi

import (
	"math"
	"sort"
)

// Clock turns the wall's days into operational days, t_op = ∫E(t)dt / mean E
// before the fix, where E is the exposure running. One change of clock takes
// care of growth, drained regions, dead feeds and weekends: by the time-rescaling
// of a Poisson process every formula then needs no exposure. Operational days
// equal wall days where the fleet is at its mean; the zero Clock is the wall's.
type Clock struct {
	first      float64   // wall day of the first bucket
	speed      []float64 // operational days per wall day
	cumulative []float64 // operational days at the start of each bucket
}

// newClock builds the clock from the exposure running on each day. The mean is
// taken over the days in [from, until) on which anything ran.
func newClock(first int32, rate []float64, from, until float64) Clock {
	var total, days float64
	for i, e := range rate {
		day := float64(first) + float64(i)
		covered := math.Min(day+1, until) - math.Max(day, from)
		if covered > 0 && e > 0 {
			total += e * covered
			days += covered
		}
	}
	if !(total > 0) {
		return Clock{}
	}
	mean := total / days
	c := Clock{first: float64(first), speed: make([]float64, len(rate)), cumulative: make([]float64, len(rate)+1)}
	for i, e := range rate {
		c.speed[i] = e / mean
		c.cumulative[i+1] = c.cumulative[i] + c.speed[i]
	}
	return c
}

// At returns the operational day of a wall day. Outside the days whose exposure
// is known the clock runs like the wall's.
func (c Clock) At(day float64) float64 {
	if len(c.speed) == 0 {
		return day
	}
	x := day - c.first
	switch {
	case x <= 0:
		return c.first + x
	case x >= float64(len(c.speed)):
		return c.first + c.cumulative[len(c.speed)] + x - float64(len(c.speed))
	}
	i := int(x)
	return c.first + c.cumulative[i] + (x-float64(i))*c.speed[i]
}

// Wall returns the first wall day of an operational day: the inverse of At.
func (c Clock) Wall(op float64) float64 {
	if len(c.speed) == 0 {
		return op
	}
	x := op - c.first
	n := len(c.speed)
	switch {
	case x <= 0:
		return c.first + x
	case x >= c.cumulative[n]:
		return c.first + float64(n) + x - c.cumulative[n]
	}
	i := sort.Search(n, func(k int) bool { return c.cumulative[k+1] >= x })
	if c.speed[i] == 0 {
		return c.first + float64(i)
	}
	return c.first + float64(i) + (x-c.cumulative[i])/c.speed[i]
}

// Speed returns the operational days that pass in a wall day at that time: the
// exposure running as a share of the mean before the fix.
func (c Clock) Speed(day float64) float64 {
	i := int(math.Floor(day - c.first))
	if len(c.speed) == 0 || i < 0 || i >= len(c.speed) {
		return 1
	}
	return c.speed[i]
}

// all converts ascending times.
func (c Clock) all(days []float64) []float64 {
	op := make([]float64, len(days))
	for i, d := range days {
		op[i] = c.At(d)
	}
	return op
}
