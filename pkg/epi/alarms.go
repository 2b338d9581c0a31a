package epi

import "math"

// Charts runs surge charts over clusters that share a budget of false alarms, and
// keeps what they have in common.
type Charts struct {
	p    *Population
	arl0 float64
}

// NewCharts returns the charts of a number of clusters.
func (p Parameters) NewCharts(clusters int) *Charts {
	return &Charts{p: &Population{params: p}, arl0: 30 * float64(max(clusters, 1)) / p.FalseAlarms}
}

// Alarms returns the days of a window, counted from its beginning, on which the
// CUSUM of a cluster with episodes at ascending times alarms, by the same chart as
// [Population.Evaluate] on the wall's clock. It is safe for concurrent use.
func (c *Charts) Alarms(times []float64, from, to float64) []int {
	chart := cusumChart{p: c.p, daily: dailyCounts(times, math.Floor(from), math.Floor(to)), arl0: c.arl0}
	return chart.alarms()
}

// alarms runs the chart over all of its days.
func (c *cusumChart) alarms() []int {
	var days []int
	for day := minBaseline + c.p.params.BaselineLag; day < len(c.daily); day++ {
		if c.step(day, 1); c.alarmed == day {
			days = append(days, day)
		}
	}
	return days
}

// Reduced compares the rates before and after a mark of a cluster with episodes at
// ascending times from an instant on, looked at daily until a moment, by the same
// rule as [Population.Evaluate] on the wall's clock. The Reduction's Look is the
// day that decided where it is Reduced. ok is false where there is nothing to
// compare.
func (p Parameters) Reduced(times []float64, from, mark, until float64) (r Reduction, ok bool) {
	c := course{p: &Population{params: p, in: Input{From: from}}, now: until, mark: &Mark{At: mark}}
	for _, t := range times {
		switch {
		case t < mark:
			c.pre = append(c.pre, t)
		case t < until:
			c.post = append(c.post, t)
		}
	}
	found := c.reduction(true)
	if found == nil {
		return Reduction{}, false
	}
	return *found, true
}
