package epi

import (
	"cmp"
	"math"
	"slices"
)

// Concentration says how the cases fall on hosts.
type Concentration struct {
	Hosts       int     `json:"hosts"` // with a case
	Exposed     int     `json:"exposed,omitempty"`
	Top         Value   `json:"top"`
	TopEpisodes int     `json:"topEpisodes"`
	TopShare    float64 `json:"topShare"`
	TopLower    float64 `json:"topLower"`
	TopUpper    float64 `json:"topUpper"`
	// Effective is 1/Σp², EffectiveUnbiased n(n−1)/Σc(c−1), "Inf" when all
	// hosts differ.
	Effective         float64 `json:"effective"`
	EffectiveUnbiased Real    `json:"effectiveUnbiased"`
	// Clumping is 1 when cases are exactly as clumped as exposure; 0 when it
	// was not computed.
	Clumping float64 `json:"clumping,omitempty"`
	// PTop bounds the chance that some host gets so many; 0 when it was not
	// computed.
	PTop float64 `json:"pTop,omitempty"`
	// Gini is for display only: it is high under perfect scatter.
	Gini float64 `json:"gini"`
}

// concentration summarises the counts by host; nil without a host dimension
// or cases.
func (cs *cases) concentration(f findings, detail bool) *Concentration {
	host := cs.p.host
	if host < 0 {
		host = cs.p.physical
	}
	if host < 0 || cs.n() == 0 {
		return nil
	}
	var counts []float64
	top := Factor{Dimension: host, Value: -1}
	for v, c := range cs.counts[host] {
		counts = append(counts, float64(c))
		if top.Value < 0 || c > cs.count(top) || c == cs.count(top) && cs.firstAt[host][v] < cs.firstAt[host][top.Value] {
			top.Value = v
		}
	}
	slices.Sort(counts)
	c, n := cs.count(top), float64(cs.n())
	con := &Concentration{
		Hosts: len(counts), Exposed: len(counts), Top: cs.p.words(Predicate{top})[0], TopEpisodes: c, TopShare: float64(c) / n,
		Effective: NEff(counts), EffectiveUnbiased: Real(NEffUnbiased(counts)),
	}
	con.TopLower, con.TopUpper = ClopperPearson(float64(c), n, cs.p.params.Confidence)
	if f.fleet != nil {
		con.Exposed = max(f.fleet.values(host), len(counts))
		if detail {
			cs.againstFleet(con, f.fleet, host, counts)
		}
	}
	con.Gini = Gini(counts, con.Exposed)
	return con
}

// againstFleet compares the clumping with that of the exposure.
func (cs *cases) againstFleet(con *Concentration, fleet *fleetReference, host int, counts []float64) {
	weights := make([]float64, 0, len(fleet.fleet.machines[host]))
	var squares float64
	for v := range fleet.fleet.machines[host] {
		w := fleet.raw(Predicate{{host, int32(v)}})
		weights = append(weights, w)
		squares += w * w
	}
	con.PTop = PMaxBound(con.TopEpisodes, cs.n(), weights)
	if n := float64(cs.n()); n > 1 && squares > 0 {
		var same float64
		for _, c := range counts {
			same += c * (c - 1)
		}
		con.Clumping = same / (n * (n - 1)) / squares
	}
}

// Machines says that several host names are one physical machine.
type Machines struct {
	Physical Value   `json:"physical"`
	Names    []Value `json:"names"` // hosts on it that crashed
	Episodes int     `json:"episodes"`
	Share    float64 `json:"share"`
}

// machines names the physical machine behind the best explanation: the value
// itself, or the one under the pinned host; nil when none is known.
func (cs *cases) machines(best *Explanation) *Machines {
	physical, host := cs.p.physical, cs.p.host
	if physical < 0 || best == nil {
		return nil
	}
	codes := cs.p.in.Crashes.Codes
	at := int32(-1)
	for _, f := range best.predicate {
		if f.Dimension == physical {
			at = f.Value
		}
	}
	if at < 0 {
		if host < 0 || !containsDimension(best.predicate, host) {
			return nil
		}
		at = cs.underneath(best.predicate)
	}
	if at < 0 || (Value{Value: cs.p.in.Dimensions[physical].Values[at]}).Missing() {
		return nil
	}
	m := &Machines{Physical: cs.p.words(Predicate{{physical, at}})[0], Episodes: cs.counts[physical][at]}
	m.Share = float64(m.Episodes) / float64(cs.n())
	if host < 0 {
		return m
	}
	names := map[int32]bool{}
	for _, row := range cs.rows {
		if codes[physical][row] == at && !names[codes[host][row]] {
			names[codes[host][row]] = true
			m.Names = append(m.Names, cs.p.words(Predicate{{host, codes[host][row]}})[0])
		}
	}
	slices.SortFunc(m.Names, func(a, b Value) int { return cmp.Compare(a.Value, b.Value) })
	return m
}

// underneath returns the physical machine of all cases that match, -1 when
// they are on several.
func (cs *cases) underneath(p Predicate) int32 {
	at := int32(-1)
	for _, row := range cs.rows {
		if !p.matches(cs.p.in.Crashes.Codes, int(row)) {
			continue
		}
		v := cs.p.in.Crashes.Codes[cs.p.physical][row]
		if at >= 0 && v != at {
			return -1
		}
		at = v
	}
	return at
}

// Uptime contrasts the host's uptime at the crash with the fleet's.
type Uptime struct {
	// Threshold is in days; Below says on which side of it the cases are.
	Threshold float64 `json:"threshold"`
	Below     bool    `json:"below"`
	Episodes  int     `json:"episodes"`
	Of        int     `json:"of"`
	// Exposure is the share of the fleet's time on that side.
	Exposure float64 `json:"exposure"`
	P        float64 `json:"p"`
	Gain     float64 `json:"gain"`
}

// uptimeThresholds are the uptimes compared, in days.
var uptimeThresholds = [...]float64{1. / 24, 0.25, 1, 3, 7, 14, 30, 60, 90, 180}

// uptime finds the threshold of host uptime that tells the cases from the
// fleet, by the same rule as a value of a dimension; nil when none does or
// uptimes are unknown.
func (p *Population) uptime(m members) *Uptime {
	up, e := p.in.Crashes.HostUptime, p.in.Exposure
	if up == nil || e == nil || e.HostUptime == nil {
		return nil
	}
	var known []float64
	for _, row := range m.episodes {
		if up[row] >= 0 {
			known = append(known, up[row])
		}
	}
	if len(known) < p.params.VerdictMin {
		return nil
	}
	var best *Uptime
	below, total := p.fleetUptime(m)
	for i, threshold := range uptimeThresholds {
		under := 0
		for _, u := range known {
			if u <= threshold {
				under++
			}
		}
		for _, side := range []struct {
			below bool
			c     int
			w     float64
		}{{true, under, below[i] / total}, {false, len(known) - under, 1 - below[i]/total}} {
			if !(total > 0) || side.c == 0 {
				continue
			}
			w := math.Max(side.w, 0.5/(total+1))
			g := Gain(len(known), side.c, w, 2*len(uptimeThresholds), 1)
			pv := math.Min(1, float64(2*len(uptimeThresholds))*BinomTail(side.c, len(known), w))
			if g >= p.params.MinGain && pv <= p.params.PCut && (best == nil || g > best.Gain) {
				best = &Uptime{Threshold: threshold, Below: side.below, Episodes: side.c, Of: len(known), Exposure: w, P: pv, Gain: g}
			}
		}
	}
	return best
}

// fleetUptime returns the fleet's exposure at or below each threshold on the
// days of the cases, and altogether.
func (p *Population) fleetUptime(m members) (below [len(uptimeThresholds)]float64, total float64) {
	days := map[int32]bool{}
	for _, t := range m.times {
		days[dayFloor(t)] = true
	}
	e := p.in.Exposure
	for i, u := range e.HostUptime {
		if !days[e.Day[i]] || !(u >= 0) {
			continue
		}
		total += e.Weight[i]
		for k, threshold := range uptimeThresholds {
			if u <= threshold {
				below[k] += e.Weight[i]
			}
		}
	}
	return below, total
}
