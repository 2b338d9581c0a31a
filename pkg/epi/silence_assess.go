package epi

import (
	"math"
)

// maxCurve bounds the points of a curve of silence.
const maxCurve = 800

// silence returns the evidence of the running silence, judged up to the moment
// from which on rows may still come; of the silence that
// proved the end, if there was one. nil without rows.
func (c *course) silence(detail bool) *Silence {
	if len(c.pre) == 0 {
		return nil
	}
	until := c.now
	if len(c.relapses) > 0 {
		until = c.relapses[0]
	}
	until -= c.p.in.Late
	begin := c.clock.At(c.start)
	quiet := math.Max(0, c.clock.At(until)-begin)
	s := &Silence{
		Since: TimeOf(c.start), QuietDays: quiet, RunDays: c.run, WallDays: math.Max(0, until-c.start),
		LongestGap: c.pauses.Longest(), Gaps: len(c.pauses.gaps), Bursty: c.pauses.Bursty(), Rate: c.oldRate(),
		PWorst: c.pauses.P(c.run, quiet), Attempt: c.attempt, Alpha: c.alpha(), Counts: c.counts,
		Stragglers: c.stragglers, UnfixedShare: c.unfixed, RateUpper: inf,
	}
	s.PKnown = SilenceKnownRate(s.Rate, quiet)
	if quiet > 0 {
		s.RateUpper = Real(PoissonRateUpper(0, quiet, c.p.params.Confidence))
	}
	need := c.pauses.Required(c.run, s.Alpha, c.last-c.first)
	s.NeedDays = Real(need)
	if at := c.clock.Wall(begin+math.Ceil(need)) + c.p.in.Late; c.counts && !math.IsInf(need, 0) {
		s.NeedUntil = TimeOf(at)
		if detail {
			s.Curve = c.curve(math.Max(until+c.p.in.Late, math.Min(at, until+365)))
		}
	} else if detail {
		s.Curve = c.curve(until + c.p.in.Late)
	}
	return s
}

// oldRate is the rate before the silence, in episodes per operational day from
// the first row to the mark, or to the last row.
func (c *course) oldRate() float64 {
	end := c.last
	n := len(c.pre) + len(c.post)
	if c.mark != nil {
		end, n = c.clock.At(c.mark.At), len(c.pre)
	}
	if span := end - c.first; span > 0 {
		return float64(n) / span
	}
	return 0
}

// curve computes both probabilities day by day from the clock's start.
func (c *course) curve(until float64) []CurvePoint {
	begin, rate := c.clock.At(c.start), c.oldRate()
	step := math.Max(1, math.Ceil((until-c.start)/maxCurve))
	var points []CurvePoint
	for t := c.start; t <= until+1e-9; t += step {
		quiet := math.Max(0, c.clock.At(t-c.p.in.Late)-begin)
		points = append(points, CurvePoint{
			At: TimeOf(t), PWorst: c.pauses.P(c.run, quiet), PKnown: SilenceKnownRate(rate, quiet), Expected: t > c.now,
		})
	}
	return points
}
