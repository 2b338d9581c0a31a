package epi

import "math"

// Vanished returns when a cluster with episodes at ascending times would be
// called GONE after a mark, looked at daily until a moment, by the same walk
// as [Population.Evaluate] on the wall's clock; ok is false when it would not.
func (p Parameters) Vanished(times []float64, mark, until float64) (at float64, ok bool) {
	c := course{p: &Population{params: p}, now: until, mark: &Mark{At: mark}, gone: math.NaN(), attempt: 1}
	for _, t := range times {
		switch {
		case t < mark:
			c.pre = append(c.pre, t)
		case t < until:
			c.post = append(c.post, t)
		}
	}
	if len(c.pre) <= p.MinGaps {
		return 0, false
	}
	c.walk()
	return c.gone, !math.IsNaN(c.gone)
}
