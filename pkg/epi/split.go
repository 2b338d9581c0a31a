package epi

import (
	"fmt"
	"math"
	"strings"
)

// SplitVerdict says whether a symptom is one disease or two.
type SplitVerdict string

// The verdicts on a split. "One" is never proved.
const (
	SplitTwo          SplitVerdict = "two"
	SplitLeaning      SplitVerdict = "leaning two"
	SplitOne          SplitVerdict = "one (no evidence of two)"
	SplitUndecidable  SplitVerdict = "one with a hot spot, or two that can't be told apart yet"
	SplitInsufficient SplitVerdict = "insufficient"
)

// Split says whether a symptom is one disease or two, and by what.
type Split struct {
	Verdict SplitVerdict `json:"verdict"`
	// By is the predicate that parts it: "class", "signature=…", "host=h151".
	By string `json:"by,omitempty"`
	// Gain is Δ in nats: profile(A) + profile(B) − profile(A∪B) − ln(tried),
	// plus the labels' own mix.
	Gain     float64 `json:"gain"`
	LabelMix float64 `json:"labelMix,omitempty"`
	Tried    int     `json:"tried"`
	A        *Part   `json:"a,omitempty"`
	B        *Part   `json:"b,omitempty"`
	Whole    *Part   `json:"whole,omitempty"`
	Sentence string  `json:"sentence"`
}

// String returns the sentence.
func (s Split) String() string { return s.Sentence }

// Part is one side of a split, described by its profile.
type Part struct {
	Name     string `json:"name"`
	Episodes int    `json:"episodes"`
	Hosts    int    `json:"hosts,omitempty"`
	// Best is the value that explains most, if any explains something.
	Best  *Explanation `json:"best,omitempty"`
	Dates *Dates       `json:"dates,omitempty"`
	Gain  float64      `json:"gain"` // nats of the whole profile
	// Inner is the split of this part again, in an automatic search.
	Inner *Split `json:"inner,omitempty"`
}

// Dates is the densest window of a part.
type Dates struct {
	From  string  `json:"from"` // date
	To    string  `json:"to"`
	Share float64 `json:"share"`
	Gain  float64 `json:"gain"`
}

// profiler describes sets of episodes against one reference.
type profiler struct {
	p        *Population
	ref      reference
	dims     []int
	a, b     float64 // archive window up to now
	withTime bool
}

// profile describes some episodes: the best single value, whatever its share,
// and the densest window.
func (pr profiler) profile(name string, rows []int32) *Part {
	part := &Part{Name: name, Episodes: len(rows)}
	if host := pr.p.host; host >= 0 {
		seen := map[int32]bool{}
		for _, row := range rows {
			seen[pr.p.in.Crashes.Codes[host][row]] = true
		}
		part.Hosts = len(seen)
	}
	if len(rows) < pr.p.params.VerdictMin {
		return part
	}
	if pr.ref != nil && len(pr.dims) > 0 {
		es := pr.p.cases(rows).singles(pr.ref, pr.dims, pr.p.params.MinSupport, 0)
		if len(es) > 0 && es[0].Gain > 0 {
			part.Best, part.Gain = &es[0], es[0].Gain
		}
	}
	if !pr.withTime {
		return part
	}
	times := make([]float64, len(rows))
	for i, row := range rows {
		times[i] = pr.p.in.Crashes.Time[row]
	}
	buckets := min(int(math.Ceil(pr.b-pr.a)), pr.p.params.ScanBuckets)
	if w := TimeScan(times, pr.a, pr.b, buckets); w.Gain > 0 {
		part.Gain += w.Gain
		part.Dates = &Dates{From: dateOf(w.From), To: dateOf(w.To - 1e-6), Share: w.Share, Gain: w.Gain}
	}
	return part
}

func dateOf(day float64) string { return TimeOf(day).Format("2006-01-02") }

// parting is a way to cut a symptom in two.
type parting struct {
	by, nameA, nameB string
	inA              func(row int32) bool
	skip             func(d int) bool
	labels           []Column
	tried            int // cuts that might have been tried instead
}

// part computes Δ of one parting.
func (p *Population) part(m members, cut parting, ref reference, now float64, withTime bool) Split {
	var a, b []int32
	for _, row := range m.episodes {
		if cut.inA(row) {
			a = append(a, row)
		} else {
			b = append(b, row)
		}
	}
	s := Split{By: cut.by, Tried: max(cut.tried, 1), Verdict: SplitInsufficient}
	pr := profiler{p: p, ref: ref, dims: p.dimensions(cut.skip), a: p.in.From, b: math.Min(now, p.in.To), withTime: withTime}
	if len(a) < p.params.PartMin || len(b) < p.params.PartMin {
		s.Sentence = fmt.Sprintf("Can't say whether %s parts two diseases: %d and %d episodes, at least %d each are needed.", cut.by, len(a), len(b), p.params.PartMin)
		return s
	}
	s.A, s.B, s.Whole = pr.profile(cut.nameA, a), pr.profile(cut.nameB, b), pr.profile("all", m.episodes)
	for _, label := range cut.labels {
		s.LabelMix += math.Max(0, labelMix(label, a, b))
	}
	s.Gain = s.A.Gain + s.B.Gain - s.Whole.Gain - math.Log(float64(s.Tried)) + s.LabelMix
	switch {
	case s.Gain >= p.params.TwoGain:
		s.Verdict = SplitTwo
	case s.Gain >= p.params.LeaningGain:
		s.Verdict = SplitLeaning
	default:
		s.Verdict = SplitOne
	}
	s.Sentence = s.sentence()
	return s
}

func labelMix(label Column, a, b []int32) float64 {
	ca, cb := make([]float64, len(label.Values)), make([]float64, len(label.Values))
	for _, row := range a {
		ca[label.Codes[row]]++
	}
	for _, row := range b {
		cb[label.Codes[row]]++
	}
	return LabelMixGain(ca, cb)
}

func (s Split) sentence() string {
	parts := s.A.words() + " " + s.B.words()
	switch s.Verdict {
	case SplitTwo:
		return fmt.Sprintf("Two, parted by %s. %s Δ = %.0f nats.", s.By, parts, s.Gain)
	case SplitLeaning:
		return fmt.Sprintf("Leaning to two, parted by %s (Δ = %.1f of the 10 nats needed). %s", s.By, s.Gain, parts)
	case SplitUndecidable:
		return fmt.Sprintf("One disease with a hot spot at %s, or two that can't be told apart yet: nothing independent differs (Δ = %.1f nats).", s.By, s.Gain)
	default:
		return fmt.Sprintf("No evidence of two diseases parted by %s (Δ = %.1f nats); that does not prove one.", s.By, s.Gain)
	}
}

// words describes a part.
func (p *Part) words() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %s", p.Name, plural(p.Episodes, "episode"))
	if p.Hosts > 0 {
		fmt.Fprintf(&b, " on %s", plural(p.Hosts, "host"))
	}
	if p.Best != nil {
		fmt.Fprintf(&b, ", %d of them %s", p.Best.Episodes, p.Best.Words())
	}
	if p.Dates != nil {
		fmt.Fprintf(&b, ", %s between %s and %s", percent(p.Dates.Share), p.Dates.From, p.Dates.To)
	}
	b.WriteByte('.')
	return b.String()
}
