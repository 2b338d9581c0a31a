package epi_test

import (
	"errors"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

// TestSplitSearch finds two diseases by itself: one host within a window, and
// crashes everywhere all the time, under one class and signature.
func TestSplitSearch(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	var cases [][2]int
	for i := range 200 {
		cases = append(cases, [2]int{r.IntN(60), i * 59 / 200})
	}
	for i := range 40 {
		cases = append(cases, [2]int{13, 40 + i/4})
	}
	in, rows := sick(cases)
	p := mustPopulation(t, in)
	s, err := p.SplitRows(rows, nil, in.To)
	if err != nil {
		t.Fatal(err)
	}
	if s.Verdict != epi.SplitTwo || s.By != "host=h0013" || !strings.HasPrefix(s.Sentence, "Two, parted by host=h0013") {
		t.Errorf("split is %q by %q: %s", s.Verdict, s.By, s)
	}
	a := mustEvaluate(t, p, epi.Question{Rows: rows, Now: in.To, Detail: true})
	if a.Split == nil || a.Split.Verdict != epi.SplitTwo || !strings.Contains(a.Sentence, "Two, parted by") {
		t.Errorf("the assessment does not say so: %s", a)
	}
}

// TestOneDisease: a hot host without an independent contrast is not two.
func TestOneDisease(t *testing.T) {
	r := rand.New(rand.NewPCG(2, 1))
	var cases [][2]int
	for i := range 300 {
		host := r.IntN(60)
		if r.IntN(5) == 0 {
			host = 13
		}
		cases = append(cases, [2]int{host, i * 59 / 300})
	}
	in, rows := sick(cases)
	s, err := mustPopulation(t, in).SplitRows(rows, nil, in.To)
	if err != nil {
		t.Fatal(err)
	}
	if s.Verdict != epi.SplitUndecidable {
		t.Errorf("split is %q by %q (Δ %.1f): %s", s.Verdict, s.By, s.Gain, s)
	}
}

func TestSplitRefuses(t *testing.T) {
	in, rows := sick(spread(30, func(i int) int { return i }))
	p := mustPopulation(t, in)
	for _, by := range []epi.SplitBy{
		{}, {Label: "kernel"}, {Label: "signature", Value: "unheard of"}, {Factor: &epi.Factor{Dimension: 99}}, {Factor: &epi.Factor{Value: 9999}},
	} {
		if _, err := p.SplitRows(rows, &by, in.To); !errors.Is(err, epi.ErrInvalid) {
			t.Errorf("%+v: error is %v", by, err)
		}
	}
	s, err := p.SplitRows(rows[:5], &epi.SplitBy{Factor: &epi.Factor{}}, in.To)
	if err != nil || s.Verdict != epi.SplitInsufficient {
		t.Errorf("five rows: %q, %v", s.Verdict, err)
	}
}

// TestContrast lists the whole table, with what follows from what.
func TestContrast(t *testing.T) {
	in, rows := sick(spread(40, func(int) int { return 13 }))
	p := mustPopulation(t, in)
	table, err := p.Contrast(rows, in.To, false)
	if err != nil {
		t.Fatal(err)
	}
	if len(table.References) != 2 || len(table.Rows) == 0 || table.Rows[0].Words() != "host=h0013" || !table.Rows[0].Candidate {
		t.Fatalf("table is %+v", table)
	}
	for i, row := range table.Rows {
		if row.Q > 0.01 || row.Q < row.PRaw {
			t.Errorf("%s has q = %v for p = %v", row.Words(), row.Q, row.PRaw)
		}
		if i > 0 && row.Gain > table.Rows[i-1].Gain {
			t.Errorf("%s is out of order", row.Words())
		}
		if row.Words() == "region=seasia" && (len(row.ExplainedBy) != 1 || row.ExplainedBy[0].Value != "h0013") {
			t.Errorf("region is explained by %v", row.ExplainedBy)
		}
	}
	all, err := p.Contrast(rows, in.To, true)
	if err != nil || len(all.Rows) != len(table.Rows)+table.Hidden {
		t.Errorf("%d rows in all, %d shown and %d hidden (%v)", len(all.Rows), len(table.Rows), table.Hidden, err)
	}
	in.Exposure = nil
	alone, err := mustPopulation(t, in).Contrast(rows, in.To, false)
	if err != nil || len(alone.Rows) == 0 || !alone.Rows[0].RiskRatio.IsInf() || !strings.Contains(alone.Notes[0], "other crashes only") {
		t.Errorf("without exposure: %+v, %v", alone, err)
	}
}
