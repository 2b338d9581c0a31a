package epi

import "math"

// relapse judges the episodes after a cluster was gone: RELAPSE? at the first,
// RELAPSED once so many in so short a time are too unlikely given the silence,
// the rate being Gamma(½). nil when there are none.
func (c *course) relapse() (r *Relapse, sure bool, since float64) {
	if len(c.relapses) == 0 {
		return nil, false, 0
	}
	first := c.relapses[0]
	quiet := c.clock.At(first) - c.clock.At(c.start)
	r = &Relapse{GoneSince: TimeOf(c.gone), QuietDays: quiet, First: TimeOf(first), Episodes: 1, P: 1}
	for i, t := range c.relapses {
		span := math.Max(1, c.clock.At(t)-c.clock.At(first))
		p := PredictiveTail(i+1, 0, quiet, span, 0.5)
		r.Episodes, r.Days, r.P = i+1, c.clock.At(t)-c.clock.At(first), p
		if i+1 >= c.p.params.RelapseMin && p <= c.p.params.RelapseP {
			return r, true, t
		}
	}
	return r, false, first
}
