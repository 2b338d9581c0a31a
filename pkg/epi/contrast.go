package epi

import (
	"cmp"
	"fmt"
	"math"
	"slices"
)

// Contrast is the whole table of values of a cluster against a reference.
type Contrast struct {
	Episodes   int      `json:"episodes"`
	References []string `json:"references"`
	// Rows are in descending order of gain. Those with a false discovery rate
	// above Parameters.TableFDR are left out; Hidden counts them.
	Rows     []ContrastRow `json:"rows"`
	Hidden   int           `json:"hidden"`
	Notes    []string      `json:"notes,omitempty"`
	Sentence string        `json:"sentence"`
}

// String returns the sentence.
func (c Contrast) String() string { return c.Sentence }

// ContrastRow is one value.
type ContrastRow struct {
	Explanation
	// Q is the false discovery rate of Benjamini and Hochberg over the whole
	// table, PRaw the p it comes from: the binomial tail against the fleet,
	// or Fisher's exact p against the other crashes.
	Q    float64 `json:"q"`
	PRaw float64 `json:"pRaw"`
	// RiskRatio is (a/(a+c'))/(b/(b+d')) against the other crashes, as
	// MacroBase ranks; 0 without them.
	RiskRatio Real `json:"riskRatio"`
	// Candidate is true when it meets every threshold of a verdict;
	// ExplainedBy names the best explanation when it follows from that.
	Candidate   bool    `json:"candidate"`
	ExplainedBy []Value `json:"explainedBy,omitempty"`
	// Busy is true when it is over-represented against the fleet, but not
	// against the other crashes.
	Busy bool `json:"busy,omitempty"`
}

// Contrast compares every value that at least MinSupport episodes have, and
// the pairs of values that would make a verdict. all keeps the rows that the false discovery rate would hide.
func (p *Population) Contrast(rows []int32, now float64, all bool) (Contrast, error) {
	m, err := p.members(rows, now)
	if err != nil {
		return Contrast{}, err
	}
	cs := p.cases(m.episodes)
	f := cs.investigate(m, now)
	table := Contrast{Episodes: cs.n(), References: f.references}
	switch {
	case f.primary == nil:
		table.Notes = append(table.Notes, "neither exposure nor at least 30 other crashes to compare with")
		table.Sentence = "Nothing to compare with: " + table.Notes[0] + "."
		return table, nil
	case f.fleet == nil:
		table.Notes = append(table.Notes, "no exposure is known: compared with the other crashes only")
	case f.rest == nil:
		table.Notes = append(table.Notes, "fewer than 30 other crashes: compared with the fleet only, so a busy machine looks like a sick one")
	}
	if len(f.untold) > 0 {
		var nouns []string
		for _, d := range f.untold {
			nouns = append(nouns, p.in.Dimensions[d].noun())
		}
		table.Notes = append(table.Notes, "no exposure is known by "+several(nouns, 5)+": compared with the other crashes only")
	}
	var found []ContrastRow
	for _, e := range cs.singles(f.primary, f.dims, p.params.MinSupport, 0) {
		found = append(found, cs.contrastRow(e, f))
	}
	for _, e := range f.candidates {
		if len(e.predicate) > 1 {
			row := cs.contrastRow(e, f)
			row.P, row.Log10P, row.PRaw = e.P, e.Log10P, e.P
			found = append(found, row)
		}
	}
	ps := make([]float64, len(found))
	for i, row := range found {
		ps[i] = row.PRaw
	}
	for i, q := range BH(ps) {
		found[i].Q = q
		if all || q <= p.params.TableFDR {
			table.Rows = append(table.Rows, found[i])
		} else {
			table.Hidden++
		}
	}
	cs.nameExplanations(table.Rows, f)
	slices.SortStableFunc(table.Rows, func(a, b ContrastRow) int { return cmp.Compare(b.Gain, a.Gain) })
	table.Sentence = table.sentence()
	return table, nil
}

func (c Contrast) sentence() string {
	for _, row := range c.Rows {
		if row.Candidate && len(row.ExplainedBy) == 0 {
			return fmt.Sprintf("Most over-represented in %s: %s (%s of them against %s of the %s, q = %s).", plural(c.Episodes, "episode"),
				row.Words(), percent(row.Share), percent(row.Exposure), c.References[0], probability(row.Q))
		}
	}
	return fmt.Sprintf("No value is over-represented enough in %s for a verdict.", plural(c.Episodes, "episode"))
}

// contrastRow computes one row.
func (cs *cases) contrastRow(e Explanation, f findings) ContrastRow {
	row := ContrastRow{PRaw: math.Exp(LogBinomTail(e.Episodes, e.Of, e.Exposure))}
	specific := true
	if f.rest != nil {
		with := int(math.Round(f.rest.raw(e.predicate) * float64(f.rest.n)))
		a, b, c, d := e.Episodes, e.Of-e.Episodes, with, f.rest.n-with
		row.RiskRatio = Real(RiskRatioMacroBase(float64(a), float64(b), float64(c), float64(d)))
		if f.fleet == nil {
			row.PRaw = FisherGreater(a, b, c, d)
		} else {
			specific = cs.p.againstRest(&e, f.rest)
		}
	}
	row.Explanation = e
	enriched := cs.p.params.candidate(e) && e.Share >= cs.p.params.MinShare
	row.Candidate = enriched && specific
	row.Busy = enriched && !specific
	return row
}

// nameExplanations marks the candidates that follow from the best one.
func (cs *cases) nameExplanations(rows []ContrastRow, f findings) {
	if len(f.candidates) == 0 {
		return
	}
	best := f.candidates[0]
	cut := math.Log(cs.p.params.PCut)
	for i := range rows {
		u := &rows[i]
		if slices.Equal(u.predicate, best.predicate) || !u.Candidate {
			continue
		}
		wBest, wU, wBoth := rawMasses(f.primary, best.predicate, u.predicate)
		expected := ExpectedShare(best.Share, wBest, wU, wBoth)
		if LogBinomTail(u.Episodes, u.Of, expected) > cut {
			u.ExplainedBy = best.Values
		}
	}
}
