package epi_test

import (
	"math"
	"math/rand/v2"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

// poissonTimes draws a Poisson process.
func poissonTimes(rate, from, to float64, seed uint64) []float64 {
	r := rand.New(rand.NewPCG(seed, 9))
	var ts []float64
	for t := from + r.ExpFloat64()/rate; t < to; t += r.ExpFloat64() / rate {
		ts = append(ts, t)
	}
	return ts
}

// TestPlanCusum reproduces table 5.2 of the specification.
func TestPlanCusum(t *testing.T) {
	for _, want := range []struct{ rate, k, h, arl, twice, thrice float64 }{
		{0.02, 0.15, 1.70, 1554, 375, 165},
		{0.1, 0.30, 2.85, 1965, 139, 41},
		{0.5, 0.70, 7.35, 1511, 24, 10},
		{1, 1.4, 8.1, 1617, 14, 5.9},
		{2, 2.9, 7.8, 1545, 7.9, 3.3},
		{5, 7.2, 8.3, 1555, 3.7, 1.7},
		{12, 17.3, 7.8, 1733, 1.9, 1.0},
	} {
		plan := epi.Defaults().PlanCusum(want.rate, 1500)
		if math.Abs(plan.K-want.k) > 1e-9 || math.Abs(plan.H-want.h) > 1e-9 || math.Abs(plan.ARL-want.arl) > 0.5 {
			t.Errorf("rate %v: k = %v, h = %v, ARL = %.1f, want %v, %v, %v", want.rate, plan.K, plan.H, plan.ARL, want.k, want.h, want.arl)
		}
		lattice := epi.CusumLattice(plan.H, plan.K)
		for factor, arl := range map[float64]float64{2: want.twice, 3: want.thrice} {
			got := epi.CusumARL(plan.H, plan.K, factor*want.rate, lattice)
			if slack := math.Pow(10, math.Floor(math.Log10(arl))-1) / 2; math.Abs(got-arl) > 1.1*slack { // two digits are printed
				t.Errorf("rate %v × %v: ARL %.2f, want %v", want.rate, factor, got, arl)
			}
		}
	}
}

// TestSurge: a threefold rate is noticed within days, a constant one is not.
func TestSurge(t *testing.T) {
	calm := poissonTimes(2, 1, 150, 3)
	in, rows := course(calm, 200, nil)
	p := mustPopulation(t, in)
	alarms := 0
	for day := 30.0; day < 150; day++ {
		if s := mustEvaluate(t, p, epi.Question{Rows: rows, Now: begin + day, Clusters: 50}).Surge; s != nil && s.Alarm {
			alarms++
		}
	}
	if alarms > 4 { // one false alarm lasts two looks
		t.Errorf("%d looks at a constant rate are alarmed", alarms)
	}
	in, rows = course(append(calm, poissonTimes(8, 150, 160, 4)...), 200, nil)
	p = mustPopulation(t, in)
	first := 0.0
	for day := 151.0; day < 160 && first == 0; day++ {
		if s := mustEvaluate(t, p, epi.Question{Rows: rows, Now: begin + day, Clusters: 50}).Surge; s.Alarm {
			first = day
			if s.Score < s.Limit || s.Since.Before(epi.TimeOf(begin+140)) {
				t.Errorf("alarm with score %v of %v since %s", s.Score, s.Limit, s.Since)
			}
		}
	}
	if first == 0 || first > 154 {
		t.Errorf("a fourfold rate from day 150 is noticed on day %v", first)
	}
}

func TestNewCluster(t *testing.T) {
	for _, c := range []struct {
		name  string
		times []float64
		now   float64
		alert bool
	}{
		{"three in a day", []float64{50, 50.3, 50.7}, 51, true},
		{"three in three days", []float64{50, 51.3, 52.7}, 53, false},
		{"five in a week", []float64{50, 51.3, 52.7, 54, 55.5}, 56, true},
		{"a week later", []float64{50, 50.3, 50.7}, 59, false},
		{"seen before", []float64{20, 50, 50.3, 50.7}, 51, true},
		{"a slow start", append(every(5, 10, 40), 50, 50.3, 50.7), 51, true},
		{"an old cluster", append(every(5, 10, 120), 130, 130.3, 130.7), 131, false},
		{"back after a hundred days", append(every(0.3, 10, 15), 150, 150.3, 150.7), 151, true},
		{"with the archive's first days", []float64{1, 1.3, 1.7}, 2, false},
	} {
		t.Run(c.name, func(t *testing.T) {
			in, rows := course(c.times, 200, nil)
			a := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: begin + c.now})
			if a.New.Alert != c.alert {
				t.Errorf("alert = %t, want %t", a.New.Alert, c.alert)
			}
		})
	}
}

// TestRateChange dates a change from a low to a higher rate, and sees none in a
// constant rate or in bursts.
func TestRateChange(t *testing.T) {
	in, rows := course(append(poissonTimes(0.3, 1, 100, 5), poissonTimes(3, 100, 150, 6)...), 150, nil)
	o := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To}).Onset
	if o == nil || o.Change == nil {
		t.Fatalf("no change is seen: %v", o)
	}
	at := epi.TimeOf(begin + 100)
	if o.Change.Earliest.After(at) || o.Change.Latest.Before(at) || o.Change.After < 2 || o.Change.Before > 0.6 {
		t.Errorf("change is %+v", o.Change)
	}
	seen := 0
	for seed := range uint64(40) {
		in, rows := course(poissonTimes(1, 1, 150, 100+seed), 150, nil)
		if a := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To}); a.Onset.Change != nil {
			seen++
		}
	}
	if seen > 1 {
		t.Errorf("%d changes are seen in 40 constant rates", seen)
	}
}
