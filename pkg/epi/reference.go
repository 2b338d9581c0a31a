package epi

import (
	"math"
	"sort"
)

// reference is a weighted list of units against which cases are compared.
type reference interface {
	// mass is the share of the units that match, at least floor.
	mass(p Predicate) float64
	// values is the number of values of a dimension in the reference.
	values(dimension int) int
	// name is what a sentence calls it.
	name() string
}

// fleetReference is the fleet with its calendar matched to the cases: a day
// with x of the n episodes weighs x/n, spread over what ran on that day.
type fleetReference struct {
	fleet  *fleet
	params *Parameters
	days   []float64 // weight of each day of the fleet
	strata []float64 // weight of each stratum
	memo   map[Factor]float64
}

// matchCalendar returns the reference of episodes at the given times; nil when
// no exposure is known on any of their days.
func (p *Population) matchCalendar(times []float64) *fleetReference {
	f := p.fleet
	if f == nil {
		return nil
	}
	r := &fleetReference{fleet: f, params: &p.params, days: make([]float64, len(f.total)), strata: make([]float64, f.count), memo: map[Factor]float64{}}
	matched := 0.0
	for _, t := range times {
		day := int(dayFloor(t) - f.first)
		if day >= 0 && day < len(f.total) && f.total[day] > 0 {
			r.days[day]++
			matched++
		}
	}
	if matched == 0 {
		return nil
	}
	for day, x := range r.days {
		if x == 0 {
			continue
		}
		r.days[day] = x / matched
		for _, s := range f.daily[day] {
			r.strata[s.stratum] += r.days[day] * s.share
		}
	}
	return r
}

func (r *fleetReference) name() string             { return "fleet" }
func (r *fleetReference) values(dimension int) int { return r.fleet.exposed[dimension] }
func (r *fleetReference) floor() float64           { return 0.5 / float64(r.fleet.units+1) }

func (r *fleetReference) mass(p Predicate) float64 {
	return math.Min(math.Max(r.raw(p), r.floor()), 1)
}

// raw is the share without the floor.
func (r *fleetReference) raw(p Predicate) float64 {
	if len(p) == 1 {
		if m, known := r.memo[p[0]]; known {
			return m
		}
	}
	m := r.sum(p)
	if len(p) == 1 {
		r.memo[p[0]] = m
	}
	return m
}

func (r *fleetReference) sum(p Predicate) float64 {
	for i, f := range p {
		if r.fleet.machines[f.Dimension] != nil {
			rest := append(append(Predicate{}, p[:i]...), p[i+1:]...)
			return r.sumMachine(f, rest)
		}
	}
	var m float64
	for s, w := range r.strata {
		if w > 0 && r.inStratum(p, int32(s)) {
			m += w
		}
	}
	return m
}

func (r *fleetReference) inStratum(p Predicate, s int32) bool {
	for _, f := range p {
		if r.fleet.strata[f.Dimension][s] != f.Value {
			return false
		}
	}
	return true
}

// sumMachine sums over the days of one machine.
func (r *fleetReference) sumMachine(f Factor, rest Predicate) float64 {
	var m float64
	for _, d := range r.fleet.machines[f.Dimension][f.Value] {
		if w := r.days[d.day-r.fleet.first]; w > 0 && rest.matches(r.fleet.codes, int(d.entry)) {
			m += w * d.share
		}
	}
	return m
}

// restReference is the other crashes' episodes around the cluster.
type restReference struct {
	p        *Population
	own      members
	from, to int // positions in p.episodes
	n        int
	known    []int           // values of each dimension, -1 until counted
	counts   []map[int32]int // own episodes with each value, by dimension
}

// others returns the reference of the episodes, of anything else, from
// RestMargin days before the first case to RestMargin after the last, but not
// after now; nil when they are fewer than RestMin.
func (p *Population) others(m members, now float64) *restReference {
	if len(m.times) == 0 {
		return nil
	}
	first, last := m.times[0], p.in.Crashes.Time[m.rows[len(m.rows)-1]]
	r := &restReference{p: p, own: m}
	r.from, r.to = p.episodesBetween(first-p.params.RestMargin, math.Min(last+p.params.RestMargin, now))
	r.n = r.to - r.from - len(m.episodes)
	if r.n < p.params.RestMin {
		return nil
	}
	return r
}

func (r *restReference) name() string { return "other crashes" }

func (r *restReference) values(dimension int) int {
	if r.known == nil {
		r.known = make([]int, len(r.p.postings))
		for d := range r.known {
			r.known[d] = -1
		}
	}
	if r.known[dimension] < 0 {
		n := 0
		for _, list := range r.p.postings[dimension] {
			if r.within(list) > 0 {
				n++
			}
		}
		r.known[dimension] = n
	}
	return r.known[dimension]
}

func (r *restReference) mass(p Predicate) float64 {
	return math.Min(math.Max(r.raw(p), 0.5/float64(r.n+1)), 1)
}

func (r *restReference) raw(p Predicate) float64 {
	shortest := p[0]
	for _, f := range p[1:] {
		if len(r.p.postings[f.Dimension][f.Value]) < len(r.p.postings[shortest.Dimension][shortest.Value]) {
			shortest = f
		}
	}
	list := r.p.postings[shortest.Dimension][shortest.Value]
	if len(p) == 1 {
		return float64(r.within(list)-r.ownWith(p)) / float64(r.n)
	}
	n := 0
	lo := sort.Search(len(list), func(k int) bool { return int(list[k]) >= r.from })
	for _, i := range list[lo:] {
		if int(i) >= r.to {
			break
		}
		if p.matches(r.p.in.Crashes.Codes, int(r.p.episodes[i])) {
			n++
		}
	}
	return float64(n-r.ownWith(p)) / float64(r.n)
}

// within counts the positions of a list inside the window.
func (r *restReference) within(list []int32) int {
	lo := sort.Search(len(list), func(k int) bool { return int(list[k]) >= r.from })
	hi := sort.Search(len(list), func(k int) bool { return int(list[k]) >= r.to })
	return hi - lo
}

// ownWith counts the cluster's own episodes that match; those of single values
// are counted once for all of them.
func (r *restReference) ownWith(p Predicate) int {
	if len(p) == 1 {
		return r.ownCounts(p[0].Dimension)[p[0].Value]
	}
	n := 0
	for _, row := range r.own.episodes {
		if p.matches(r.p.in.Crashes.Codes, int(row)) {
			n++
		}
	}
	return n
}

func (r *restReference) ownCounts(dimension int) map[int32]int {
	if r.counts == nil {
		r.counts = make([]map[int32]int, len(r.p.postings))
	}
	if r.counts[dimension] == nil {
		counts := map[int32]int{}
		for _, row := range r.own.episodes {
			counts[r.p.in.Crashes.Codes[dimension][row]]++
		}
		r.counts[dimension] = counts
	}
	return r.counts[dimension]
}
