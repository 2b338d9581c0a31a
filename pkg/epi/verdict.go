package epi

import (
	"math"
	"slices"
)

// Kind is what the population allows to be said about what a cluster shares.
type Kind string

// The kinds of verdict.
const (
	KindAll            Kind = "all"
	KindMostly         Kind = "mostly"
	KindPartly         Kind = "partly"
	KindScattered      Kind = "scattered"
	KindScatteredSoFar Kind = "scattered so far"
	KindInsufficient   Kind = "insufficient"
)

// Kinds returns the closed set.
func Kinds() []Kind {
	return []Kind{KindAll, KindMostly, KindPartly, KindScattered, KindScatteredSoFar, KindInsufficient}
}

// Verdict says what the cases have in common, with the evidence.
type Verdict struct {
	Kind     Kind  `json:"kind"`
	Grade    Grade `json:"grade"`
	Episodes int   `json:"episodes"`
	Rows     int   `json:"rows"`
	// OverHosts is true for a scattered verdict when every case still shares
	// a value: it is scattered over hosts, and Common is what to look at.
	OverHosts bool `json:"overHosts,omitempty"`
	// Best is the most specific explanation, of a concentrated verdict.
	Best      *Explanation `json:"best,omitempty"`
	Explained []Explained  `json:"explained,omitempty"` // because of the best
	Others    []Explained  `json:"others,omitempty"`    // second factors
	Busy      []Busy       `json:"busy,omitempty"`
	Common    []Common     `json:"common,omitempty"`
	// HotSpots are over-represented values of any share.
	HotSpots []Explanation `json:"hotSpots,omitempty"`

	Hosts    *Concentration `json:"hosts,omitempty"`
	Physical *Machines      `json:"physical,omitempty"`
	// Untold are dimensions that the exposure does not tell: by them the cases
	// are compared with the other crashes only.
	Untold []string `json:"untold,omitempty"`
	// References are what was compared with: the fleet, the other crashes.
	References []string `json:"references"`
	// Hidden is the share of the fleet that a value would need to hold in
	// order to be hidden behind so few episodes; 0 when nothing was tested.
	Hidden float64 `json:"hidden,omitempty"`
	// Unit is what sentences call the exposure of the fleet, when it is not
	// host-days.
	Unit string `json:"unit,omitempty"`
	// Sentence says it for a ticket.
	Sentence    string   `json:"sentence"`
	WouldChange []string `json:"wouldChange,omitempty"`
}

// String returns the sentence.
func (v Verdict) String() string { return v.Sentence }

// Concentrated reports whether the cases were pinned to a value.
func (v Verdict) Concentrated() bool {
	return v.Kind == KindAll || v.Kind == KindMostly || v.Kind == KindPartly
}

// judge reaches the verdict on what the cases share.
func (p *Population) judge(m members, now float64, detail bool) Verdict {
	cs := p.cases(m.episodes)
	f := cs.investigate(m, now)
	v := Verdict{
		Grade: p.params.Grade(cs.n()), Episodes: cs.n(), Rows: len(m.rows), Kind: KindInsufficient,
		References: f.references, Unit: cs.p.in.Unit, Busy: f.busy, Hosts: cs.concentration(f, detail),
	}
	switch {
	case cs.n() < p.params.VerdictMin:
	case len(f.candidates) > 0:
		cs.pin(&v, f)
	default:
		cs.scatter(&v, f)
	}
	if cs.n() >= p.params.CommonMin && f.primary != nil {
		v.Common = cs.common(f, v.Best)
		v.OverHosts = !v.Concentrated() && v.Kind != KindInsufficient && len(v.Common) > 0
		if !v.Concentrated() {
			v.Hidden = p.params.hidden(cs.n(), len(f.dims))
		}
	}
	if detail {
		v.HotSpots = cs.hotSpots(f)
	}
	v.Physical = cs.machines(v.Best)
	for _, d := range f.untold {
		v.Untold = append(v.Untold, p.in.Dimensions[d].noun())
	}
	v.Sentence = v.sentence()
	v.WouldChange = v.wouldChange(p.params)
	return v
}

// pin fills in a verdict with a best explanation.
func (cs *cases) pin(v *Verdict, f findings) {
	params := &cs.p.params
	best := f.candidates[0]
	best.Aliases = cs.aliases(f)
	best.Reference = whole(f.primary, best.predicate).name()
	v.Best = &best
	v.Explained, v.Others = cs.weigh(f)
	switch {
	case best.Share >= params.AllShare && best.ShareBound >= params.ShareBound && !cs.oneDayMachine(best.predicate):
		v.Kind = KindAll
	case best.ShareBound >= params.ShareBound && best.Share < params.AllShare:
		v.Kind = KindMostly
	default:
		v.Kind = KindPartly
	}
}

// oneDayMachine reports whether a machine was pinned by a single day: one bad
// day is not yet a bad machine.
func (cs *cases) oneDayMachine(best Predicate) bool {
	machine := slices.ContainsFunc(best, func(f Factor) bool { return cs.p.in.Dimensions[f.Dimension].Role.identity() })
	if !machine {
		return false
	}
	days := map[int32]bool{}
	for _, row := range cs.rows {
		if best.matches(cs.p.in.Crashes.Codes, int(row)) {
			days[dayFloor(cs.p.in.Crashes.Time[row])] = true
		}
	}
	return len(days) < 2
}

// scatter fills in a verdict without a candidate.
func (cs *cases) scatter(v *Verdict, f findings) {
	params, n := &cs.p.params, cs.n()
	top := 0
	if v.Hosts != nil {
		top = v.Hosts.TopEpisodes
	}
	spread := CPUpper(float64(top), float64(n), params.Confidence) < params.ShareBound
	if cs.p.host < 0 && cs.p.physical < 0 {
		spread = true // there are no machines that could hold it
	}
	switch {
	case f.primary == nil || !spread || n < params.SoFarMin:
		v.Kind = KindInsufficient
	case n >= params.TrustMin:
		v.Kind = KindScattered
	default:
		v.Kind = KindScatteredSoFar
	}
}

// common lists the values that nearly every case shares, whatever share of the
// reference they hold, so that SCATTERED never hides them.
func (cs *cases) common(f findings, best *Explanation) []Common {
	params, n := &cs.p.params, cs.n()
	var found []Common
	for _, factor := range cs.frequent(f.dims, params.CommonMin, params.CommonShare) {
		if best != nil && containsDimension(best.predicate, factor.Dimension) {
			continue
		}
		if f.primary.values(factor.Dimension) < 2 {
			continue // everything has it
		}
		k := float64(f.primary.values(factor.Dimension))
		e := cs.p.explain(Predicate{factor}, cs.count(factor), n, f.primary, math.Log(k)+math.Log(float64(len(f.dims))), k)
		raw := LogBinomTail(e.Episodes, n, e.Exposure)
		found = append(found, Common{
			Values: e.Values, Episodes: e.Episodes, Of: n, Exposure: e.Exposure, PRaw: math.Exp(raw), P: e.P,
			Gain: e.Gain, Needed: params.MinGain, Reference: whole(f.primary, Predicate{factor}).name(),
		})
	}
	slices.SortStableFunc(found, func(a, b Common) int { return cmpFloat(b.Gain, a.Gain) })
	return found
}

// hotSpots lists every over-represented value, whatever its share.
func (cs *cases) hotSpots(f findings) []Explanation {
	if f.primary == nil || cs.n() < cs.p.params.VerdictMin {
		return nil
	}
	var spots []Explanation
	for _, e := range cs.singles(f.primary, f.dims, cs.p.params.MinSupport, 0) {
		if e.P > cs.p.params.PCut || float64(e.Lift) < cs.p.params.MinLift {
			continue
		}
		if f.fleet != nil && f.rest != nil && !cs.p.againstRest(&e, f.rest) {
			continue
		}
		spots = append(spots, e)
	}
	return spots
}

// hidden returns the share x of the fleet above which a value that holds all n
// cases would still not be a candidate: n·ln(1/x) − ln K − ln D − ½ ln n is
// too small, with K ≥ 1/x values in its dimension.
func (p Parameters) hidden(n, dims int) float64 {
	if n < 1 {
		return 0
	}
	enough := func(x float64) bool {
		return float64(n)*math.Log(1/x)-math.Log(math.Max(2, 1/x))-math.Log(float64(dims))-0.5*math.Log(float64(n)) >= p.MinGain
	}
	lo, hi := 0.0, 1.0
	for range 50 {
		if mid := (lo + hi) / 2; enough(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}
