package epi

import (
	"math"
	"sync"
)

// planStep is the factor between neighbouring baseline rates that share a
// chart; a rate is rounded up, so that limits are never too low by more.
const planStep = 1.05

// minBaseline is the least number of days that make a baseline.
const minBaseline = 14

// planKey names a chart: a step of the baseline rate and the budget.
type planKey struct {
	step int
	arl0 float64
}

// plans remembers charts, which cost a few milliseconds each to compute, and
// baseline rates.
type plans struct {
	mu    sync.Mutex
	known map[planKey]CusumPlan
	rates map[[2]int]float64 // by episodes and days
}

// rate returns the upper quantile of the rate of n episodes in some days.
func (pl *plans) rate(p Parameters, n, days int) float64 {
	pl.mu.Lock()
	defer pl.mu.Unlock()
	rate, known := pl.rates[[2]int{n, days}]
	if !known {
		rate = math.Max(p.BaselineFloor, RateQuantile(float64(n), float64(days), 0.5, p.BaselineQuantile))
		if pl.rates == nil {
			pl.rates = map[[2]int]float64{}
		}
		pl.rates[[2]int{n, days}] = rate
	}
	return rate
}

// plan returns the chart for a baseline rate, rounded up by at most planStep.
func (pl *plans) plan(p Parameters, rate, arl0 float64) CusumPlan {
	step := int(math.Ceil(math.Log(math.Max(rate, p.BaselineFloor)/p.BaselineFloor)/math.Log(planStep) - 1e-9))
	key := planKey{step, arl0}
	pl.mu.Lock()
	defer pl.mu.Unlock()
	plan, known := pl.known[key]
	if !known {
		plan = p.PlanCusum(p.BaselineFloor*math.Pow(planStep, float64(step)), arl0)
		if pl.known == nil {
			pl.known = map[planKey]CusumPlan{}
		}
		pl.known[key] = plan
	}
	return plan
}

// surge runs the cluster's CUSUM over operational days up to now; nil when
// there is no baseline yet.
func (p *Population) surge(times []float64, clock Clock, now float64, clusters int) *Surge {
	from, end := math.Floor(clock.At(p.in.From)), clock.At(now)
	whole := int(math.Floor(end) - from)
	if whole < minBaseline+p.params.BaselineLag || len(times) == 0 {
		return nil
	}
	daily := make([]float64, whole+1)
	for _, t := range clock.all(times) {
		if day := int(math.Floor(t) - from); day >= 0 && day <= whole {
			daily[day]++
		}
	}
	arl0 := 30 * float64(max(clusters, 1)) / p.params.FalseAlarms
	chart := cusumChart{p: p, daily: daily, arl0: arl0}
	for day := minBaseline + p.params.BaselineLag; day <= whole; day++ {
		part := 1.0
		if day == whole {
			part = end - math.Floor(end)
		}
		chart.step(day, part)
	}
	s := &Surge{
		Score: chart.score, Limit: chart.plan.H, Baseline: chart.rate, Phi: chart.phi, ARLDays: Real(chart.plan.ARL),
		Alarm: chart.alarmed >= 0 && chart.alarmed >= whole-1,
	}
	if s.Alarm || s.Score > 0 {
		s.Since = TimeOf(clock.Wall(from + float64(chart.rising)))
	}
	if s.Alarm {
		s.Score = math.Max(s.Score, chart.peak)
	}
	return s
}

// cusumChart is a chart on its way through the days.
type cusumChart struct {
	p        *Population
	daily    []float64
	arl0     float64
	plan     CusumPlan
	rate     float64 // λ0
	phi      float64
	score    float64
	peak     float64 // score at the last alarm
	rising   int     // day since which the score is above 0
	alarmed  int     // day of the last alarm, -1 if none
	frozen   int     // last day of a frozen baseline
	prepared bool
}

// step adds one day, of which a part has passed.
func (c *cusumChart) step(day int, part float64) {
	if !c.prepared {
		c.alarmed, c.frozen, c.prepared = -1, -1, true
	}
	if day > c.frozen {
		c.baseline(day)
	}
	before := c.score
	c.score = math.Max(0, c.score+c.daily[day]/c.phi-c.plan.K*part)
	if before == 0 && c.score > 0 {
		c.rising = day
	}
	if c.score >= c.plan.H {
		c.peak, c.alarmed, c.frozen = c.score, day, day+c.p.params.BaselineLag
		c.score = 0
	}
}

// baseline estimates the rate and dispersion from the days before the lag.
func (c *cusumChart) baseline(day int) {
	params := &c.p.params
	end := day - params.BaselineLag
	base := c.daily[max(0, end-params.BaselineDays):end]
	c.rate = c.p.plans.rate(*params, int(sum(base)), len(base))
	c.phi = DailyDispersion(base)
	c.plan = c.p.plans.plan(*params, c.rate/c.phi, c.arl0)
}

// newborn reports whether the cluster, unseen before, has reached the number of
// episodes that is worth an alert within the last week.
func (p *Population) newborn(m members, now float64) NewCluster {
	params := &p.params
	begin := 0 // first episode after the last long absence
	for i := 1; i < len(m.times); i++ {
		if m.times[i]-m.times[i-1] > params.NewLookBack {
			begin = i
		}
	}
	if len(m.times) == 0 || m.times[begin]-p.in.From < 7 {
		return NewCluster{}
	}
	born := m.times[begin:]
	for i := range born {
		day := i+1 >= params.NewPerDay && born[i]-born[i+1-params.NewPerDay] <= 1
		week := i+1 >= params.NewPerWeek && born[i]-born[i+1-params.NewPerWeek] <= 7
		if born[i]-born[0] > params.NewLookBack {
			break // known for so long that it is not new
		}
		if day || week {
			return NewCluster{Alert: now-born[i] <= 7, Since: TimeOf(born[i])}
		}
	}
	return NewCluster{}
}
