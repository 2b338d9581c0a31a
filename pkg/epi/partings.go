package epi

import (
	"cmp"
	"fmt"
	"slices"
)

// maxPartings bounds the values tried of one label.
const maxPartings = 20

// SplitBy names what to part a symptom by.
type SplitBy struct {
	// Label is "class" or "signature"; Value one of its values, or "" to try
	// each. Without a label, Factor is used.
	Label string
	Value string
	// Factor parts by a value of a dimension.
	Factor *Factor
	// Unlabelled leaves the mix of classes and signatures out.
	Unlabelled bool
}

// SplitRows says whether the rows, up to now, are one disease or two when
// parted as asked. With nil it searches: by class, by signature, by each hot
// spot, and once more inside each part.
func (p *Population) SplitRows(rows []int32, by *SplitBy, now float64) (Split, error) {
	m, err := p.members(rows, now)
	if err != nil {
		return Split{}, err
	}
	if by == nil {
		return p.search(m, now, 2), nil
	}
	cuts, err := p.partings(m, *by)
	if err != nil {
		return Split{}, err
	}
	return p.best(m, cuts, now), nil
}

// partings lists the cuts that a request means.
func (p *Population) partings(m members, by SplitBy) ([]parting, error) {
	var labels []Column
	if !by.Unlabelled {
		labels = []Column{p.in.Crashes.Class, p.in.Crashes.Signature}
	}
	switch {
	case by.Factor != nil:
		if err := p.in.checkPredicate("split", Predicate{*by.Factor}); err != nil {
			return nil, err
		}
		return []parting{p.cutByFactor(*by.Factor, labels)}, nil
	case by.Label == "class":
		return cutByLabel(m, "class", p.in.Crashes.Class, by.Value)
	case by.Label == "signature":
		return cutByLabel(m, "signature", p.in.Crashes.Signature, by.Value)
	default:
		return nil, fmt.Errorf("%w: a symptom is parted by class, signature or a value, not by %q", ErrInvalid, by.Label)
	}
}

// cutByLabel parts by one value, or by each of the most frequent ones.
func cutByLabel(m members, name string, label Column, value string) ([]parting, error) {
	counts := map[int32]int{}
	first := map[int32]int{}
	for i, row := range m.episodes {
		v := label.Codes[row]
		if counts[v]++; counts[v] == 1 {
			first[v] = i
		}
	}
	var values []int32
	for v := range counts {
		if value == "" || label.Values[v] == value {
			values = append(values, v)
		}
	}
	if value != "" && len(values) == 0 {
		return nil, fmt.Errorf("%w: no row has %s %q", ErrInvalid, name, value)
	}
	slices.SortFunc(values, func(a, b int32) int {
		return cmp.Or(cmp.Compare(counts[b], counts[a]), cmp.Compare(first[a], first[b]))
	})
	if len(counts) < 2 {
		return nil, nil
	}
	if len(counts) == 2 && value == "" {
		values = values[1:] // name the rarer part first
	}
	tried := len(counts)
	if tried == 2 {
		tried = 1 // both values are the same cut
	}
	var cuts []parting
	for _, v := range values[:min(len(values), maxPartings)] {
		rest := "the others"
		if len(counts) == 2 {
			rest = otherLabel(label, counts, v)
		}
		cuts = append(cuts, parting{
			by: name, nameA: label.Values[v], nameB: rest, tried: tried,
			inA: func(row int32) bool { return label.Codes[row] == v },
		})
	}
	return cuts, nil
}

func otherLabel(label Column, counts map[int32]int, not int32) string {
	for v := range counts {
		if v != not {
			return label.Values[v]
		}
	}
	return ""
}

// cutByFactor parts by a value of a dimension. That dimension and everything
// it determines are skipped, so that only independent contrasts count.
func (p *Population) cutByFactor(f Factor, labels []Column) parting {
	words := p.words(Predicate{f})[0].String()
	codes := p.in.Crashes.Codes[f.Dimension]
	return parting{
		by: words, nameA: words, nameB: "elsewhere", labels: labels, tried: p.valuesOf(f.Dimension),
		inA:  func(row int32) bool { return codes[row] == f.Value },
		skip: func(d int) bool { return p.dependent(f.Dimension, d) },
	}
}

// valuesOf returns the number of values that a dimension takes, each of which
// might have been tried.
func (p *Population) valuesOf(d int) int {
	if p.fleet != nil {
		return p.fleet.exposed[d]
	}
	return len(p.in.Dimensions[d].Values)
}

// dependent reports whether a dimension is no independent contrast to another.
// What any name of a machine determines belongs to the machine.
func (p *Population) dependent(d, other int) bool {
	if !p.in.Dimensions[d].Role.identity() {
		return p.determines(d, other)
	}
	for machine, dim := range p.in.Dimensions {
		if dim.Role.identity() && p.determines(machine, other) {
			return true
		}
	}
	return false
}

// determines reports whether a dimension fixes another: in the fleet where it
// is known, else in the crashes.
func (p *Population) determines(d, other int) bool {
	if d == other {
		return true
	}
	if p.fleet != nil {
		return p.fleet.determines[d][other]
	}
	c := p.in.Crashes.Codes
	return determined(c[d], c[other], len(p.in.Dimensions[d].Values))
}

// best returns the cut with the largest Δ.
func (p *Population) best(m members, cuts []parting, now float64) Split {
	best := Split{Verdict: SplitInsufficient, Sentence: "Nothing to part it by."}
	ref := p.splitReference(m, now)
	for i, cut := range cuts {
		s := p.part(m, cut, ref, now, true)
		if i == 0 || better(s, best) {
			best = s
		}
	}
	return best
}

func better(a, b Split) bool {
	if (a.Verdict == SplitInsufficient) != (b.Verdict == SplitInsufficient) {
		return b.Verdict == SplitInsufficient
	}
	return a.Gain > b.Gain
}

// splitReference is the fleet matched to the whole symptom, or the others.
func (p *Population) splitReference(m members, now float64) reference {
	if r := p.matchCalendar(m.times); r != nil {
		return r
	}
	if r := p.others(m, now); r != nil {
		return r
	}
	return nil
}

// search tries classes, then signatures, then hot spots, and again inside each
// part down to depth. It stops at the first kind of cut that shows two.
func (p *Population) search(m members, now float64, depth int) Split {
	best := Split{Verdict: SplitInsufficient, Sentence: "Nothing to part it by."}
	var spots []parting
	cs := p.cases(m.episodes)
	labels := []Column{p.in.Crashes.Class, p.in.Crashes.Signature}
	hot := cs.hotSpots(cs.investigate(m, now))
	for _, e := range hot[:min(len(hot), maxPartings)] {
		spots = append(spots, p.cutByFactor(e.predicate[0], labels))
	}
	byClass, _ := cutByLabel(m, "class", p.in.Crashes.Class, "")
	bySignature, _ := cutByLabel(m, "signature", p.in.Crashes.Signature, "")
	for _, cuts := range [][]parting{byClass, bySignature, spots} {
		if len(cuts) == 0 {
			continue
		}
		s := p.best(m, cuts, now)
		if better(s, best) || best.By == "" {
			best = s
		}
		if s.Verdict == SplitTwo {
			p.searchInside(&best, m, cuts, now, depth)
			return best
		}
	}
	if best.Verdict == SplitOne && slices.ContainsFunc(spots, func(c parting) bool { return c.by == best.By }) {
		best.Verdict = SplitUndecidable
		best.Sentence = best.sentence()
	}
	return best
}

// searchInside looks into each part once more.
func (p *Population) searchInside(s *Split, m members, cuts []parting, now float64, depth int) {
	if depth <= 1 {
		return
	}
	i := slices.IndexFunc(cuts, func(c parting) bool { return c.by == s.By && c.nameA == s.A.Name })
	if i < 0 {
		return
	}
	for _, side := range []struct {
		part *Part
		in   bool
	}{{s.A, true}, {s.B, false}} {
		inner := m.keep(p, func(row int32) bool { return cuts[i].inA(row) == side.in })
		if found := p.search(inner, now, depth-1); found.Verdict == SplitTwo {
			side.part.Inner = &found
		}
	}
}

// keep returns the members that a condition holds for.
func (m members) keep(p *Population, in func(row int32) bool) members {
	var kept members
	for _, row := range m.rows {
		if !in(row) {
			continue
		}
		kept.rows = append(kept.rows, row)
		if p.opens[row] {
			kept.episodes = append(kept.episodes, row)
			kept.times = append(kept.times, p.in.Crashes.Time[row])
		}
	}
	return kept
}

// splitAssessed looks for two diseases where the verdict suggests it: a part of
// the cases on one value, or hot spots behind a scattered verdict.
func (p *Population) splitAssessed(m members, a Assessment, now float64) *Split {
	if a.Verdict.Kind != KindPartly && (a.Verdict.Concentrated() || len(a.Verdict.HotSpots) == 0) {
		return nil
	}
	s := p.search(m, now, 1)
	return &s
}

// sameDisease compares the rows before and after a moment, time left out: the
// same disease back, or the same symptom of a new one.
func (p *Population) sameDisease(m members, at, now float64) *Split {
	cut := parting{
		by: "the relapse", nameA: "before", nameB: "since", labels: []Column{p.in.Crashes.Signature},
		inA:  func(row int32) bool { return p.in.Crashes.Time[row] < at },
		skip: func(d int) bool { return d == p.build }, // builds only tell the date
	}
	s := p.part(m, cut, p.splitReference(m, now), now, false)
	return &s
}
