package epi

import (
	"cmp"
	"math"
	"slices"
	"sort"
)

// blindSpan is an interval in which the feed of a scope looks dead, with what is
// needed to look at it again without the cluster that a question is about.
type blindSpan struct {
	scope  Predicate
	words  string
	span   Interval
	phi    float64
	before float64 // days in which the rate before was taken
	counts *spanCounts
}

// clusterKey is a disease as far as nobody looked closer: a default cluster, or a
// class whose signatures are incidental.
type clusterKey struct{ class, signature int32 }

func (p *Population) disease(row int32) clusterKey {
	c := &p.in.Crashes
	if slices.Contains(c.OneDisease, c.Class.Codes[row]) {
		return clusterKey{c.Class.Codes[row], -1}
	}
	return clusterKey{c.Class.Codes[row], c.Signature.Codes[row]}
}

// spanCounts are the episodes before and within a span, by cluster.
type spanCounts struct {
	before, within map[clusterKey]float64
	order          []clusterKey // by episodes before, descending
}

// blindSpans finds, once, what looks dead in the whole fleet and in each region.
func (p *Population) blindSpans() []blindSpan {
	p.blindOnce.Do(func() {
		p.blind = p.findBlind(nil, "the fleet", p.episodes)
		if p.region < 0 {
			return
		}
		for v, positions := range p.postings[p.region] {
			rows := make([]int32, len(positions))
			for i, at := range positions {
				rows[i] = p.episodes[at]
			}
			scope := Predicate{{p.region, int32(v)}}
			p.blind = append(p.blind, p.findBlind(scope, valueWords(p.words(scope)), rows)...)
		}
	})
	return p.blind
}

func (p *Population) findBlind(scope Predicate, words string, rows []int32) []blindSpan {
	begin, end := math.Floor(p.in.From), math.Floor(p.in.To)
	times := make([]float64, len(rows))
	for i, row := range rows {
		times[i] = p.in.Crashes.Time[row]
	}
	daily := dailyCounts(times, begin, end)
	intervals := p.params.blindDays(daily, begin)
	var found []blindSpan
	for _, in := range intervals {
		b := blindSpan{scope: scope, words: words, span: in, phi: 1}
		from := math.Max(begin, in.From-controlDays)
		var seen []float64
		for day := from; day < in.From; day++ {
			if !covered(intervals, day) {
				seen = append(seen, daily[int(day-begin)])
			}
		}
		if b.before = float64(len(seen)); len(seen) > 0 {
			b.phi = math.Max(1, Dispersion(seen))
		}
		b.counts = p.spanCounts(scope, intervals, from, in, in.To)
		found = append(found, b)
	}
	return found
}

func covered(intervals []Interval, day float64) bool {
	return slices.ContainsFunc(intervals, func(i Interval) bool { return day >= i.From && day < i.To })
}

// spanCounts counts the episodes of a scope in the days before a span, blind ones
// left out, and in the span up to a moment.
func (p *Population) spanCounts(scope Predicate, blind []Interval, from float64, span Interval, until float64) *spanCounts {
	c := &spanCounts{before: map[clusterKey]float64{}, within: map[clusterKey]float64{}}
	i, j := p.episodesBetween(from, math.Min(span.To, until))
	for _, row := range p.episodes[i:j] {
		if scope.matches(p.in.Crashes.Codes, int(row)) {
			p.countSpan(c.before, c.within, row, blind, span)
		}
	}
	for key := range c.before {
		c.order = append(c.order, key)
	}
	slices.SortFunc(c.order, func(a, b clusterKey) int {
		return cmp.Or(cmp.Compare(c.before[b], c.before[a]), cmp.Compare(a.class, b.class), cmp.Compare(a.signature, b.signature))
	})
	return c
}

func (p *Population) countSpan(before, within map[clusterKey]float64, row int32, blind []Interval, span Interval) {
	key := p.disease(row)
	switch t := p.in.Crashes.Time[row]; {
	case t >= span.To:
	case t >= span.From:
		within[key]++
	case !covered(blind, math.Floor(t)):
		before[key]++
	}
}

// blindShades returns the spans in which the feed looked dead to a question. Its
// own episodes are left out, because their silence is the question, and so is
// the largest other cluster: its end looks like a dead feed, too. At most
// controlDays of a span count: hosts that go on reporting for longer show that
// there is nothing to report.
func (p *Population) blindShades(m members, now float64) []shade {
	var all []shade
	for _, b := range p.blindSpans() {
		span := Interval{b.span.From, math.Min(math.Min(b.span.To, now), b.span.From+controlDays)}
		if !(span.To > span.From) || b.before == 0 || within(all, span) {
			continue
		}
		counts := b.counts
		if span.To < b.span.To {
			counts = p.spanCounts(b.scope, []Interval{b.span}, b.span.From-b.before, Interval{b.span.From, span.To}, span.To)
		}
		expected, observed := p.without(m, counts, b, span)
		// every stretch of the window could have looked so by chance
		looks := math.Max(1, (p.in.To-p.in.From)/(span.To-span.From)) * float64(p.scopes())
		if expected < p.params.ControlMean*b.phi || observed >= p.params.BlindExposure*expected ||
			PoissonCDF(int(math.Ceil(observed/b.phi)), expected/b.phi) > p.params.ControlP/looks {
			continue
		}
		s := newShade(ShadeBlind, b.words, b.scope, span, 0)
		s.public.Observed, s.public.Expected = observed, expected
		all = append(all, s)
	}
	return all
}

// within reports whether the whole fleet is shaded in a span, give or take the
// days that a region shows sooner or later.
func within(all []shade, span Interval) bool {
	const slack = 3
	return slices.ContainsFunc(all, func(s shade) bool {
		return len(s.scope) == 0 && s.from <= span.From+slack && s.to >= span.To-slack
	})
}

// scopes is the number of scopes in which blind spans are looked for.
func (p *Population) scopes() int {
	if p.region < 0 {
		return 1
	}
	return 1 + len(p.in.Dimensions[p.region].Values)
}

// without returns the episodes expected and seen in a span but for those of the
// question and of the largest other cluster.
func (p *Population) without(m members, c *spanCounts, b blindSpan, span Interval) (expected, observed float64) {
	own := &spanCounts{before: map[clusterKey]float64{}, within: map[clusterKey]float64{}}
	t := p.in.Crashes.Time
	first := sort.Search(len(m.episodes), func(i int) bool { return t[m.episodes[i]] >= span.From-controlDays })
	for _, row := range m.episodes[first:] {
		if t[row] >= span.To {
			break
		}
		if b.scope.matches(p.in.Crashes.Codes, int(row)) {
			p.countSpan(own.before, own.within, row, nil, span)
		}
	}
	for key, n := range c.within {
		observed += math.Max(0, n-own.within[key])
	}
	largest := true
	for _, key := range c.order {
		before := c.before[key] - own.before[key]
		switch {
		case before <= 0:
		case largest:
			largest = false
			observed -= math.Max(0, c.within[key]-own.within[key])
		default:
			expected += before
		}
	}
	return expected / b.before * (span.To - span.From), observed
}
