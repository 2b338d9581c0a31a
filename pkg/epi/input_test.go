package epi_test

import (
	"encoding/json"
	"errors"
	"math"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

// TestInvalidInput breaks one thing at a time: each is refused, none panics.
func TestInvalidInput(t *testing.T) {
	for name, breakIt := range map[string]func(*epi.Input){
		"empty window":           func(in *epi.Input) { in.To = in.From },
		"endless window":         func(in *epi.Input) { in.To = math.Inf(1) },
		"NaN window":             func(in *epi.Input) { in.From = math.NaN() },
		"too long a window":      func(in *epi.Input) { in.To = in.From + 1e6 },
		"NaN time":               func(in *epi.Input) { in.Crashes.Time[0] = math.NaN() },
		"short class column":     func(in *epi.Input) { in.Crashes.Class.Codes = in.Crashes.Class.Codes[1:] },
		"unknown class":          func(in *epi.Input) { in.Crashes.Class.Codes[0] = 99 },
		"negative signature":     func(in *epi.Input) { in.Crashes.Signature.Codes[0] = -1 },
		"missing column":         func(in *epi.Input) { in.Crashes.Codes = in.Crashes.Codes[1:] },
		"unknown value":          func(in *epi.Input) { in.Crashes.Codes[0][0] = 1 << 30 },
		"short exposure weights": func(in *epi.Input) { in.Exposure.Weight = in.Exposure.Weight[1:] },
		"negative weight":        func(in *epi.Input) { in.Exposure.Weight[0] = -1 },
		"NaN weight":             func(in *epi.Input) { in.Exposure.Weight[0] = math.NaN() },
		"exposure far away":      func(in *epi.Input) { in.Exposure.Day[0] = math.MaxInt32 },
		"short exposure codes":   func(in *epi.Input) { in.Exposure.Codes[1] = in.Exposure.Codes[1][1:] },
		"uptimes":                func(in *epi.Input) { in.Crashes.HostUptime = []float64{1} },
		"fleet uptimes":          func(in *epi.Input) { in.Exposure.HostUptime = []float64{1} },
		"two hosts":              func(in *epi.Input) { in.Dimensions[1].Role = epi.RoleHost },
		"outage of nothing":      func(in *epi.Input) { in.Outages = []epi.Outage{{Scope: epi.Predicate{{Dimension: 77}}}} },
		"outage of nobody":       func(in *epi.Input) { in.Outages = []epi.Outage{{Scope: epi.Predicate{{Value: -1}}}} },
		"NaN outage":             func(in *epi.Input) { in.Outages = []epi.Outage{{Seen: math.NaN()}} },
	} {
		t.Run(name, func(t *testing.T) {
			in := shape{rows: 20, clusters: 2, hosts: 4, days: 10, seed: 1}.archive()
			breakIt(&in)
			if _, err := epi.NewPopulation(in); !errors.Is(err, epi.ErrInvalid) {
				t.Errorf("error is %v", err)
			}
		})
	}
}

func TestInvalidQuestion(t *testing.T) {
	in := shape{rows: 20, clusters: 2, hosts: 4, days: 10, seed: 1}.archive()
	p := mustPopulation(t, in)
	for name, q := range map[string]epi.Question{
		"NaN":             {Now: math.NaN()},
		"unknown row":     {Rows: []int32{1 << 20}, Now: in.To},
		"negative row":    {Rows: []int32{-1}, Now: in.To},
		"unknown carrier": {Now: in.To, Marks: []epi.Mark{{Carriers: []epi.Factor{{Dimension: -1}}}}},
		"unknown removal": {Now: in.To, Marks: []epi.Mark{{Removed: epi.Predicate{{Value: 1 << 20}}}}},
	} {
		if _, err := p.Evaluate(q); !errors.Is(err, epi.ErrInvalid) {
			t.Errorf("%s: error is %v", name, err)
		}
	}
	if _, err := p.Blind(epi.Predicate{{Dimension: 99}}, in.To); !errors.Is(err, epi.ErrInvalid) {
		t.Errorf("blind: error is %v", err)
	}
}

// TestEmptyArchive has no rows at all.
func TestEmptyArchive(t *testing.T) {
	in := shape{hosts: 4, days: 10, seed: 1}.archive()
	p := mustPopulation(t, in)
	a := mustEvaluate(t, p, epi.Question{Now: in.To, Detail: true})
	if a.State != epi.StateInsufficient || a.Verdict.Kind != epi.KindInsufficient {
		t.Errorf("%s", a)
	}
	roundTrip(t, a)
	bare := mustPopulation(t, epi.Input{From: 1, To: 2})
	roundTrip(t, mustEvaluate(t, bare, epi.Question{Now: 2}))
}

func TestReal(t *testing.T) {
	for text, want := range map[string]epi.Real{`1.5`: 1.5, `"Inf"`: epi.Real(math.Inf(1)), `"-Inf"`: epi.Real(math.Inf(-1))} {
		var r epi.Real
		if err := json.Unmarshal([]byte(text), &r); err != nil || r != want {
			t.Errorf("%s reads as %v, %v", text, r, err)
		}
		if out, err := json.Marshal(r); err != nil || string(out) != text {
			t.Errorf("%v prints as %s, %v", r, out, err)
		}
	}
	for _, text := range []string{`"inf"`, `{}`, `"1"`, `[]`, `true`} {
		var r epi.Real
		if err := json.Unmarshal([]byte(text), &r); err == nil {
			t.Errorf("%s is accepted as %v", text, r)
		}
	}
}

// FuzzAssessment reads any JSON as an answer: no panic, and what is accepted
// prints again.
func FuzzAssessment(f *testing.F) {
	in := shape{rows: 300, clusters: 2, hosts: 4, days: 30, seed: 1}.archive()
	p, err := epi.NewPopulation(in)
	if err != nil {
		f.Fatal(err)
	}
	for _, c := range p.Clusters() {
		a, err := p.Evaluate(epi.Question{Rows: c.Rows, Now: in.To, Detail: true, Marks: []epi.Mark{{At: in.To - 5}}})
		if err != nil {
			f.Fatal(err)
		}
		raw, err := json.Marshal(a)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(raw)
	}
	f.Add([]byte(`{"silence":{"needDays":"Inf"},"verdict":{"best":{"lift":"-Inf"}}}`))
	f.Add([]byte(`{"silence":{"needDays":null}}`))
	f.Fuzz(func(t *testing.T, raw []byte) {
		var a epi.Assessment
		if json.Unmarshal(raw, &a) != nil {
			return
		}
		if _, err := json.Marshal(a); err != nil {
			t.Errorf("accepted, but does not print: %v", err)
		}
	})
}

// FuzzEvaluate builds an archive of rows and marks from bytes: no panic, and
// every answer is JSON without NaN.
func FuzzEvaluate(f *testing.F) {
	f.Add([]byte{1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 200, 201, 202}, uint8(20), uint8(30))
	f.Add([]byte{0, 0, 0, 0, 0, 0, 0, 0}, uint8(0), uint8(1))
	f.Add([]byte{}, uint8(9), uint8(9))
	f.Fuzz(func(t *testing.T, rows []byte, mark, now uint8) {
		in := shape{hosts: 5, days: 40, seed: 1}.archive()
		in.Crashes.Signature.Values = []string{"a", "b"}
		if len(rows) > 300 {
			rows = rows[:300]
		}
		at := 0.0
		for i, b := range rows {
			at = math.Mod(at+float64(b)/50, 40)
			codes := make([]int32, len(in.Dimensions))
			for d := range codes {
				codes[d] = in.Exposure.Codes[d][int(at)*5+int(b)%5]
			}
			add(&in, begin+at, 0, int32(i%2), codes)
			in.Crashes.Core = append(in.Crashes.Core, epi.Witness(b%3))
			in.Crashes.Repeat = append(in.Crashes.Repeat, b%7 == 0)
		}
		in.Late = float64(mark) / 32
		in.Limits = []epi.Limit{{Day: begin + int32(now)/4, Host: int32(mark % 5), Days: 0.5}}
		p := mustPopulation(t, in)
		if q, err := p.Quality(begin + float64(now)/4); err != nil {
			t.Fatal(err)
		} else if _, err := json.Marshal(q); err != nil {
			t.Fatal(err)
		}
		for _, c := range p.Clusters() {
			a := mustEvaluate(t, p, epi.Question{Rows: c.Rows, Now: begin + float64(now)/4, Detail: true, Marks: []epi.Mark{{At: begin + float64(mark)/4}, {At: begin + float64(mark)/8}}})
			if _, err := json.Marshal(a); err != nil {
				t.Fatal(err)
			}
		}
	})
}
