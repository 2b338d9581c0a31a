package epi

import (
	"cmp"
	"math"
	"slices"
)

// course is what happened to a cluster up to now: its clock, its marks, its
// silences, and whether it was gone before.
type course struct {
	p     *Population
	clock Clock
	now   float64
	mark  *Mark // the last one with rows before it, nil if none
	marks int

	pre, post  []float64 // wall times of episodes before and after the mark
	stragglers int
	unfixed    float64 // share of the exposure without the fix
	shades     []shade

	start    float64 // wall time at which the running silence's clock started
	counts   bool    // it can count for the fix
	attempt  int
	pauses   Pauses
	run      float64 // operational days of silence before start
	first    float64 // operational, first row
	last     float64 // operational, last row before the silence
	gone     float64 // wall time at which the evidence was complete, NaN if never
	relapses []float64
}

// follow walks through a cluster's history, seen through shades.
func (p *Population) follow(m members, q Question, shades []shade) course {
	c := course{p: p, now: q.Now, gone: math.NaN(), attempt: 1, shades: shades}
	c.chooseMark(m, q.Marks)
	until := q.Now
	if c.mark != nil {
		until = c.mark.At
	}
	c.clock = p.clock(m, until, shades)
	for _, row := range m.episodes {
		t := p.in.Crashes.Time[row]
		switch {
		case c.mark == nil || t < c.mark.At:
			c.pre = append(c.pre, t)
		case len(c.mark.Carriers) > 0 && !carries(c.mark.Carriers, p.in.Crashes.Codes, int(row)):
			c.stragglers++
		default:
			c.post = append(c.post, t)
		}
	}
	if len(c.pre) > 0 {
		c.walk()
	}
	if c.mark != nil {
		c.unfixed = p.unfixed(c.mark.Carriers, q.Now)
	}
	return c
}

// chooseMark takes the last mark at or before now that has rows before it.
func (c *course) chooseMark(m members, marks []Mark) {
	var known []Mark
	for _, mark := range marks {
		if mark.At <= c.now && len(m.times) > 0 && mark.At > m.times[0] {
			known = append(known, mark)
		}
	}
	slices.SortStableFunc(known, func(a, b Mark) int { return cmp.Compare(a.At, b.At) })
	c.marks = len(known)
	if c.marks > 0 {
		c.mark = &known[c.marks-1]
	}
	for i := range known[:max(c.marks-1, 0)] {
		c.attempt += 1 + daysWithRows(m.times, known[i].At, math.Min(known[i].At+c.p.params.Grace, known[i+1].At))
	}
}

// daysWithRows counts the days after a mark that have rows.
func daysWithRows(times []float64, mark, until float64) int {
	days := map[int32]bool{}
	for _, t := range times {
		if t >= mark && t < until {
			days[dayFloor(t-mark)] = true
		}
	}
	return len(days)
}

func carries(carriers []Factor, codes [][]int32, row int) bool {
	for _, f := range carriers {
		if codes[f.Dimension][row] == f.Value {
			return true
		}
	}
	return false
}

// unfixed returns the share of the exposure of the last day known at now that
// has none of the carriers.
func (p *Population) unfixed(carriers []Factor, now float64) float64 {
	f := p.fleet
	if f == nil || len(carriers) == 0 {
		return 0
	}
	day := min(int(dayFloor(now)-f.first), len(f.daily)-1)
	for day >= 0 && f.total[day] == 0 {
		day--
	}
	if day < 0 {
		return 0
	}
	fixed := 0.0
	for _, s := range f.daily[day] {
		for _, c := range carriers {
			if column := f.strata[c.Dimension]; column != nil && column[s.stratum] == c.Value {
				fixed += s.share
				break
			}
		}
	}
	if share := 1 - fixed; share > 1e-9 {
		return share
	}
	return 0
}

// walk goes through the silences after the mark until one is long enough, or
// starts too late to count.
func (c *course) walk() {
	op := c.clock.all(c.pre)
	c.first, c.last = op[0], op[len(op)-1]
	gaps := gapsOf(op)
	c.start, c.counts = c.pre[len(c.pre)-1], false
	if c.mark == nil {
		c.pauses = c.p.params.Pauses(gaps)
		return
	}
	c.start, c.counts = c.mark.At, true
	lastDay := int32(math.MinInt32)
	for i, t := range c.post {
		if c.enough(gaps, t) {
			c.relapses = c.post[i:]
			return
		}
		at := c.clock.At(t)
		gaps, c.last = append(gaps, at-c.last), at
		c.start = t
		if t > c.mark.At+c.p.params.Grace {
			c.counts = false
			for _, later := range c.post[i+1:] {
				at := c.clock.At(later)
				gaps, c.last, c.start = append(gaps, at-c.last), at, later
			}
			break
		}
		if day := dayFloor(t - c.mark.At); day != lastDay {
			c.attempt++
			lastDay = day
		}
	}
	if c.counts && c.enough(gaps, c.now) {
		return
	}
	c.pauses = c.p.params.Pauses(gaps)
	c.run = c.clock.At(c.start) - c.last
}

// enough judges the silence from c.start to the wall time until, and notes when
// it became long enough. Looks are daily, from the start of the silence. What
// happened in the last days, as long as rows come late, is not known yet.
func (c *course) enough(gaps []float64, until float64) bool {
	params := &c.p.params
	begin := c.clock.At(c.start)
	quiet := c.clock.At(until-c.p.in.Late) - begin
	if quiet < params.QuietMin {
		return false
	}
	pauses := params.Pauses(gaps)
	run := begin - c.last
	need := math.Ceil(pauses.Required(run, c.alpha(), c.last-c.first))
	if !(need <= quiet) {
		return false
	}
	c.gone = c.clock.Wall(begin+need) + c.p.in.Late
	c.pauses, c.run = pauses, run
	return true
}

func (c *course) alpha() float64 { return AlphaSpend(c.p.params.SilenceAlpha, c.attempt) }

// clock returns the operational clock of a cluster: the exposure of its
// service where all its rows have one, else of the whole fleet, less what shades
// hid.
func (p *Population) clock(m members, until float64, shades []shade) Clock {
	if p.fleet == nil {
		return p.shadedCalendar(shades, until)
	}
	rate, within := p.fleet.rate, Predicate(nil)
	if p.service >= 0 && len(m.rows) > 0 {
		codes := p.in.Crashes.Codes[p.service]
		v, one := codes[m.rows[0]], true
		for _, row := range m.rows {
			one = one && codes[row] == v
		}
		if one && p.fleet.present[p.service][v] >= 0 {
			rate, within = p.fleet.rateOf(p.service, v), Predicate{{p.service, v}}
		}
	}
	return newClock(p.fleet.first, p.fleet.shaded(rate, within, shades), p.in.From, until)
}

// rateOf returns the exposure of one attribute value running on each day.
func (f *fleet) rateOf(dimension int, v int32) []float64 {
	rate := make([]float64, len(f.rate))
	for day, strata := range f.daily {
		var share float64
		for _, s := range strata {
			if f.strata[dimension][s.stratum] == v {
				share += s.share
			}
		}
		rate[day] = share * f.rate[day]
	}
	return rate
}

func gapsOf(times []float64) []float64 {
	if len(times) < 2 {
		return nil
	}
	gaps := make([]float64, len(times)-1)
	for i := range gaps {
		gaps[i] = times[i+1] - times[i]
	}
	return gaps
}
