package epi

import (
	"fmt"
	"math"
)

// quarters is the number of parts of a look's window that must each be low.
const quarters = 4

// minExpected is the number of rows expected in a quarter from which an empty
// one is a pause.
const minExpected = 8

// reduction compares the rates before and after the mark. from is where the
// rate before begins: the archive for a cluster that is older, else its first
// row. nil without a mark or rows on one side of time.
func (c *course) reduction(censored bool) *Reduction {
	if c.mark == nil || len(c.pre) == 0 {
		return nil
	}
	params := &c.p.params
	from := c.pre[0]
	if censored {
		from = c.p.in.From
	}
	a, mark, now := c.clock.At(from), c.clock.At(c.mark.At), c.clock.At(c.now-c.p.in.Late)
	if !(mark > a) || !(now > mark) {
		return nil
	}
	pre, post := c.clock.all(c.pre), upTo(c.clock.all(c.post), now)
	r := &Reduction{Before: len(pre), After: len(post), BeforeDays: mark - a, AfterDays: now - mark, Level: params.Confidence}
	r.Phi = DailyDispersion(dailyCounts(pre, a, mark))
	for i, look := range params.ReducedLooks {
		if look > now-mark {
			break
		}
		level := 1 - 2*AlphaSpend(params.ReducedAlpha, i+1)
		counts := quarterCounts(post, mark, look)
		ratio, lower, upper := RateRatio(sum(counts)/r.Phi, look, float64(len(pre))/r.Phi, mark-a, level)
		low, empty := quartersLow(counts, float64(len(pre))/(mark-a)*look/quarters)
		r.EmptyQuarter = empty
		if upper < params.ReducedBelow && low && !empty {
			r.Reduced, r.Look, r.Level = true, look, level
			r.Ratio, r.Lower, r.Upper = Real(ratio), Real(lower), Real(upper)
			r.After, r.AfterDays = int(sum(counts)), look
			return r
		}
		r.Look = look
	}
	ratio, lower, upper := RateRatio(float64(len(post))/r.Phi, now-mark, float64(len(pre))/r.Phi, mark-a, params.Confidence)
	r.Ratio, r.Lower, r.Upper = Real(ratio), Real(lower), Real(upper)
	return r
}

// upTo returns the ascending times up to a moment.
func upTo(times []float64, now float64) []float64 {
	i := len(times)
	for i > 0 && times[i-1] > now {
		i--
	}
	return times[:i]
}

func quarterCounts(times []float64, mark, look float64) []float64 {
	counts := make([]float64, quarters)
	for _, t := range times {
		if t >= mark && t < mark+look {
			counts[min(int((t-mark)/look*quarters), quarters-1)]++
		}
	}
	return counts
}

// quartersLow reports whether every quarter is at or below the old rate, and
// whether one is empty where several rows were expected.
func quartersLow(counts []float64, expected float64) (low, empty bool) {
	low = true
	for _, c := range counts {
		low = low && c <= expected
		empty = empty || c == 0 && expected >= minExpected
	}
	return low, empty
}

// String says it in a sentence.
func (r Reduction) String() string {
	s := fmt.Sprintf("rate after/before %.2f [%.2f, %.2f]", float64(r.Ratio), float64(r.Lower), float64(r.Upper))
	if r.Upper.IsInf() || math.IsInf(float64(r.Ratio), 0) {
		s = fmt.Sprintf("%d episodes before and %d after", r.Before, r.After)
	}
	if r.Reduced {
		return fmt.Sprintf("%s on day %.0f", s, r.Look)
	}
	return s
}
