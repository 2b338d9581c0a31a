package epi

import (
	"math"
	"strings"
)

// Value is one value of one dimension, in words.
type Value struct {
	Dimension string `json:"dimension"`
	Noun      string `json:"-"`
	Value     string `json:"value"`
}

// String returns "region=westus3".
func (v Value) String() string {
	noun := v.Noun
	if noun == "" {
		noun = v.Dimension
	}
	return noun + "=" + v.text()
}

func (v Value) text() string {
	if v.Value == "" {
		return "(not known)"
	}
	return v.Value
}

// Missing reports whether the value stands for "not known".
func (v Value) Missing() bool {
	return v.Value == "" || strings.EqualFold(v.Value, "unknown")
}

// Explanation is what a value, or a pair of values, explains of a cluster.
type Explanation struct {
	Values   []Value `json:"values"`
	Episodes int     `json:"episodes"` // that have it
	Of       int     `json:"of"`
	// Share is Episodes/Of with its 95 % interval, ShareBound the one-sided
	// 95 % lower bound.
	Share      float64 `json:"share"`
	ShareLower float64 `json:"shareLower"`
	ShareUpper float64 `json:"shareUpper"`
	ShareBound float64 `json:"shareBound"`
	// Exposure is the share of the reference that has it; Reference names that
	// of a best explanation: "fleet" or "other crashes".
	Exposure  float64 `json:"exposure"`
	Reference string  `json:"reference,omitempty"`
	// Lift is the odds of having it, cases against reference; "Inf" when
	// every case has it.
	Lift      Real `json:"lift"`
	LiftLower Real `json:"liftLower"`
	LiftUpper Real `json:"liftUpper"`
	// P is the binomial tail, corrected for the values of the dimension; it
	// may underflow to 0, Log10P doesn't.
	P      float64 `json:"p"`
	Log10P float64 `json:"log10P"`
	Gain   float64 `json:"gain"` // nats
	// Rest compares with the other crashes, where there are enough.
	Rest *RestEvidence `json:"rest,omitempty"`
	// Missing is true when a value is "not known": find out before believing.
	Missing bool `json:"missing,omitempty"`
	// Aliases can't be told apart from it in this fleet.
	Aliases []Value `json:"aliases,omitempty"`

	predicate Predicate
	tries     float64 // values that might have been tried instead
}

// RestEvidence compares a value with the other crashes.
type RestEvidence struct {
	Share  float64 `json:"share"` // of the other crashes that have it
	Lift   Real    `json:"lift"`
	P      float64 `json:"p"`
	Log10P float64 `json:"log10P"`
}

// Words returns "host=h151" or "kernel=6.8 ∧ cpu_model=EPYC-9V74".
func (e Explanation) Words() string {
	words := make([]string, len(e.Values))
	for i, v := range e.Values {
		words[i] = v.String()
	}
	return strings.Join(words, " ∧ ")
}

// Explained is another candidate once the best explanation is assumed.
type Explained struct {
	Values []Value `json:"values"`
	Share  float64 `json:"share"`
	// Expected is the share it would have because of the best explanation.
	Expected float64 `json:"expected"`
	P        float64 `json:"p"` // of so large a share, given Expected
	// Alias is true when it can't be told apart from the best.
	Alias bool `json:"alias,omitempty"`
}

// Busy is a value that is over-represented in everything.
type Busy struct {
	Values []Value `json:"values"`
	Fleet  Real    `json:"fleet"` // lift against the fleet
	Rest   Real    `json:"rest"`  // lift against the other crashes
}

// Common is a value that (nearly) every case shares, whatever it proves.
type Common struct {
	Values    []Value `json:"values"`
	Episodes  int     `json:"episodes"`
	Of        int     `json:"of"`
	Exposure  float64 `json:"exposure"`
	PRaw      float64 `json:"pRaw"` // before correction for the values of the dimension
	P         float64 `json:"p"`
	Gain      float64 `json:"gain"`
	Needed    float64 `json:"needed"` // nats
	Reference string  `json:"reference"`
}

// explain computes the evidence of a predicate that c of n cases match; naming
// is what naming it costs, corrected the number of values it is one of.
func (p *Population) explain(pred Predicate, c, n int, ref reference, naming float64, corrected float64) Explanation {
	w := ref.mass(pred)
	e := Explanation{
		Values: p.words(pred), Episodes: c, Of: n, Share: float64(c) / float64(n),
		Exposure: w, Gain: gain(n, c, w, naming), predicate: pred, tries: corrected,
	}
	cf, nf := float64(c), float64(n)
	e.ShareLower, e.ShareUpper = ClopperPearson(cf, nf, p.params.Confidence)
	e.ShareBound = CPLower(cf, nf, p.params.Confidence)
	e.Lift = lift(e.Share, w)
	e.LiftLower, e.LiftUpper = lift(e.ShareLower, w), lift(e.ShareUpper, w)
	logP := math.Min(0, LogBinomTail(c, n, w)+math.Log(corrected))
	e.P, e.Log10P = math.Exp(logP), finiteLog10(logP)
	for _, v := range e.Values {
		e.Missing = e.Missing || v.Missing()
	}
	return e
}

// lift is the ratio of the odds of share s to the odds of reference share w.
func lift(s, w float64) Real {
	switch {
	case s >= 1, w <= 0:
		return inf
	case w >= 1:
		return 0
	}
	return Real(s / (1 - s) * (1 - w) / w)
}

// finiteLog10 converts a natural logarithm, keeping it finite for JSON.
func finiteLog10(ln float64) float64 {
	return math.Max(ln/math.Ln10, -1e9)
}

func (p *Population) words(pred Predicate) []Value {
	values := make([]Value, len(pred))
	for i, f := range pred {
		dim := p.in.Dimensions[f.Dimension]
		values[i] = Value{Dimension: dim.Name, Noun: dim.noun(), Value: dim.Values[f.Value]}
	}
	return values
}
