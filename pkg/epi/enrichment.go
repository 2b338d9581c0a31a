package epi

import (
	"cmp"
	"math"
	"slices"
)

// cases are the episodes of a cluster with their counts of every value.
type cases struct {
	p      *Population
	rows   []int32 // episodes, by time
	counts []map[int32]int
	// firstAt orders values that are otherwise equal, without their names.
	firstAt []map[int32]int
}

func (p *Population) cases(rows []int32) *cases {
	cs := &cases{p: p, rows: rows}
	for d := range p.in.Dimensions {
		codes, counts, first := p.in.Crashes.Codes[d], map[int32]int{}, map[int32]int{}
		for i, row := range rows {
			v := codes[row]
			counts[v]++
			if _, seen := first[v]; !seen {
				first[v] = i
			}
		}
		cs.counts, cs.firstAt = append(cs.counts, counts), append(cs.firstAt, first)
	}
	return cs
}

func (cs *cases) n() int { return len(cs.rows) }

// frequent lists the values with at least the given number and share of
// episodes, by dimension, then by first appearance.
func (cs *cases) frequent(dims []int, atLeast int, share float64) []Factor {
	var fs []Factor
	for _, d := range dims {
		start := len(fs)
		for v, c := range cs.counts[d] {
			if c >= atLeast && float64(c)/float64(cs.n()) >= share {
				fs = append(fs, Factor{d, v})
			}
		}
		slices.SortFunc(fs[start:], func(a, b Factor) int {
			return cmp.Compare(cs.firstAt[d][a.Value], cs.firstAt[d][b.Value])
		})
	}
	return fs
}

func (cs *cases) count(f Factor) int { return cs.counts[f.Dimension][f.Value] }

func (cs *cases) countBoth(a, b Factor) int {
	ca, cb := cs.p.in.Crashes.Codes[a.Dimension], cs.p.in.Crashes.Codes[b.Dimension]
	n := 0
	for _, row := range cs.rows {
		if ca[row] == a.Value && cb[row] == b.Value {
			n++
		}
	}
	return n
}

// dimensions returns all dimensions of the population but those left out.
func (p *Population) dimensions(skip func(d int) bool) []int {
	var dims []int
	for d := range p.in.Dimensions {
		if skip == nil || !skip(d) {
			dims = append(dims, d)
		}
	}
	return dims
}

// singles returns the evidence of every frequent value, best gain first.
func (cs *cases) singles(ref reference, dims []int, atLeast int, share float64) []Explanation {
	var es []Explanation
	for _, f := range cs.frequent(dims, atLeast, share) {
		k := float64(max(ref.values(f.Dimension), 1))
		naming := math.Log(k) + math.Log(float64(len(dims)))
		es = append(es, cs.p.explain(Predicate{f}, cs.count(f), cs.n(), ref, naming, k))
	}
	sortByGain(es)
	return es
}

// sortByGain puts the best explanation first; of equal ones the simpler, then
// the one whose dimension is listed earlier.
func sortByGain(es []Explanation) {
	slices.SortStableFunc(es, func(a, b Explanation) int {
		if math.Abs(a.Gain-b.Gain) > 1e-9*math.Max(1, math.Abs(a.Gain)) {
			return cmp.Compare(b.Gain, a.Gain)
		}
		return cmp.Compare(len(a.predicate), len(b.predicate))
	})
}

// pairs returns the evidence of every pair of frequent values of different
// dimensions, machines left out, in which both halves are needed.
func (cs *cases) pairs(ref reference, dims []int) []Explanation {
	params := &cs.p.params
	var attributes []int
	for _, d := range dims {
		if !cs.p.in.Dimensions[d].Role.identity() {
			attributes = append(attributes, d)
		}
	}
	d := float64(len(dims))
	values := cs.frequent(attributes, params.MinSupport, params.MinShare)
	var es []Explanation
	for i, a := range values {
		for _, b := range values[i+1:] {
			if a.Dimension == b.Dimension {
				continue
			}
			ka, kb := float64(max(ref.values(a.Dimension), 1)), float64(max(ref.values(b.Dimension), 1))
			if e, ok := cs.pair(ref, a, b, math.Log(ka*kb)+math.Log(d*(d-1)/2), ka*kb); ok {
				es = append(es, e)
			}
		}
	}
	return es
}

// pair returns the evidence of one pair, if it says more than its halves.
func (cs *cases) pair(ref reference, a, b Factor, naming, corrected float64) (Explanation, bool) {
	params := &cs.p.params
	c, n := cs.countBoth(a, b), cs.n()
	if c < params.MinSupport || float64(c)/float64(n) < params.MinShare {
		return Explanation{}, false
	}
	both := Predicate{a, b}
	ref = whole(ref, both)
	w, wa, wb := ref.mass(both), ref.mass(Predicate{a}), ref.mass(Predicate{b})
	if w >= params.AliasJaccard*math.Min(wa, wb) {
		return Explanation{}, false // nested or aliased: a pair says nothing new
	}
	needed := math.Max(LogBinomTail(c, cs.count(a), math.Min(1, w/wa)), LogBinomTail(c, cs.count(b), math.Min(1, w/wb)))
	if needed > math.Log(params.PCut) {
		return Explanation{}, false
	}
	e := cs.p.explain(both, c, n, ref, naming, corrected)
	logP := math.Min(0, needed+math.Log(corrected))
	e.P, e.Log10P = math.Exp(logP), finiteLog10(logP)
	return e, true
}

// candidate reports whether the evidence against one reference suffices.
func (p Parameters) candidate(e Explanation) bool {
	return e.P <= p.PCut && float64(e.Lift) >= p.MinLift && e.Gain >= p.MinGain
}

// againstRest adds the comparison with the other crashes and reports whether
// the value is over-represented against them too. The p is corrected like the
// one against the fleet: where traffic is unequal and unknown, every value of a
// busy machine is enriched against the fleet, so this test alone must hold.
func (p *Population) againstRest(e *Explanation, rest reference) bool {
	w := rest.mass(e.predicate)
	logP := LogBinomTail(e.Episodes, e.Of, w)
	e.Rest = &RestEvidence{Share: w, Lift: lift(e.Share, w), P: math.Exp(logP), Log10P: finiteLog10(logP)}
	return logP+math.Log(e.tries) <= math.Log(p.params.PCut) && float64(e.Rest.Lift) >= p.params.MinLiftRest
}
