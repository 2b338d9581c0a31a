package epi

import (
	"math"
	"slices"
)

// findings are everything that section 2 says about a cluster.
type findings struct {
	candidates []Explanation // specific against every reference, best first
	busy       []Busy
	references []string
	primary    reference // fleet, or the other crashes; nil without any
	rest       *restReference
	fleet      *fleetReference
	dims       []int
	untold     []int // dimensions that the exposure does not tell
}

// investigate finds what is over-represented among the cases.
func (cs *cases) investigate(m members, now float64) findings {
	p := cs.p
	f := findings{dims: p.dimensions(nil), fleet: p.matchCalendar(m.times), rest: p.others(m, now)}
	f.refer(p)
	if f.primary == nil || cs.n() < p.params.VerdictMin {
		return f
	}
	found := cs.singles(f.primary, f.dims, p.params.MinSupport, p.params.MinShare)
	found = append(found, cs.pairs(f.primary, f.dims)...)
	sortByGain(found)
	for _, e := range found {
		if !p.params.candidate(e) {
			continue
		}
		if f.fleet != nil && f.rest != nil && !p.againstRest(&e, f.rest) {
			f.busy = append(f.busy, Busy{Values: e.Values, Fleet: e.Lift, Rest: e.Rest.Lift})
			continue
		}
		f.candidates = append(f.candidates, e)
	}
	return f
}

// weigh looks at every other single candidate once the best is assumed: it is
// either explained away, or a second factor.
func (cs *cases) weigh(f findings) (explained, others []Explained) {
	best := f.candidates[0]
	cut := math.Log(cs.p.params.PCut)
	for _, u := range f.candidates[1:] {
		if len(u.predicate) > 1 {
			continue
		}
		wBest, wU, wBoth := rawMasses(f.primary, best.predicate, u.predicate)
		expected := ExpectedShare(best.Share, wBest, wU, wBoth)
		logP := LogBinomTail(u.Episodes, u.Of, expected)
		e := Explained{
			Values: u.Values, Share: u.Share, Expected: expected, P: math.Exp(logP),
			Alias: jaccard(wBest, wU, wBoth) >= cs.p.params.AliasJaccard,
		}
		if logP > cut || e.Alias {
			explained = append(explained, e)
		} else {
			others = append(others, e)
		}
	}
	return explained, others
}

// aliases finds values that can't be told apart from the best explanation, or
// from one half of it, in this fleet.
func (cs *cases) aliases(f findings) []Value {
	if f.primary == nil || len(f.candidates) == 0 {
		return nil
	}
	best := f.candidates[0]
	var names []Value
	for _, u := range cs.frequent(f.dims, cs.p.params.MinSupport, cs.p.params.MinShare) {
		for _, half := range best.predicate {
			if u.Dimension == half.Dimension || containsDimension(best.predicate, u.Dimension) {
				continue
			}
			w, wU, both := rawMasses(f.primary, Predicate{half}, Predicate{u})
			if jaccard(w, wU, both) >= cs.p.params.AliasJaccard {
				names = append(names, cs.p.words(Predicate{u})...)
				break
			}
		}
	}
	return names
}

func containsDimension(p Predicate, d int) bool {
	for _, f := range p {
		if f.Dimension == d {
			return true
		}
	}
	return false
}

func jaccard(wA, wB, both float64) float64 {
	if union := wA + wB - both; union > 0 {
		return both / union
	}
	return 0
}

// rawReference gives shares without the floor.
type rawReference interface{ raw(p Predicate) float64 }

// rawMasses returns the shares of two predicates and of both together, which
// is 0 when they contradict each other.
func rawMasses(ref reference, a, b Predicate) (wA, wB, both float64) {
	r := whole(ref, slices.Concat(a, b)).(rawReference)
	joint := append(Predicate{}, a...)
	for _, f := range b {
		if i := indexDimension(joint, f.Dimension); i >= 0 {
			if joint[i].Value != f.Value {
				return r.raw(a), r.raw(b), 0
			}
			continue
		}
		joint = append(joint, f)
	}
	return r.raw(a), r.raw(b), r.raw(joint)
}

func indexDimension(p Predicate, d int) int {
	for i, f := range p {
		if f.Dimension == d {
			return i
		}
	}
	return -1
}
