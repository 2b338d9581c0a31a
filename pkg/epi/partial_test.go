package epi_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

// forget takes a dimension out of the exposure.
func forget(in *epi.Input, dimension int) {
	in.Dimensions = slices.Clone(in.Dimensions)
	in.Dimensions[dimension].Values = append(slices.Clone(in.Dimensions[dimension].Values), "")
	none := make([]int32, len(in.Exposure.Day))
	for i := range none {
		none[i] = int32(len(in.Dimensions[dimension].Values) - 1)
	}
	in.Exposure = &epi.Exposure{Day: in.Exposure.Day, Weight: in.Exposure.Weight, Codes: slices.Clone(in.Exposure.Codes)}
	in.Exposure.Codes[dimension] = none
}

// TestExposureThatDoesNotTell: senders that leave the kernel out of the exposure
// must not make every kernel look like an excess; what the crashes alone can show
// is shown.
func TestExposureThatDoesNotTell(t *testing.T) {
	const region, kernel = 2, 4
	in, rows := sick(spread(60, func(i int) int { return i * 7 % 60 }))
	forget(&in, kernel)
	a := mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To, Detail: true})
	if a.Verdict.Kind != epi.KindScattered || len(a.Verdict.Busy) != 0 || strings.Contains(a.Sentence, "∞") {
		t.Errorf("scattered: %s", a.Sentence)
	}
	if notes := strings.Join(a.Notes, "\n"); !strings.Contains(notes, "no exposure is known by kernel: compared with the other crashes only") {
		t.Errorf("notes: %s", notes)
	}
	for _, c := range a.Verdict.Common {
		if c.Values[0].Dimension == "kernel" && c.Reference != "other crashes" {
			t.Errorf("kernel is compared with the %s", c.Reference)
		}
	}

	in, rows = sick(spread(60, func(i int) int { return 5 * (i % 12) })) // all of one region
	forget(&in, region)
	a = mustEvaluate(t, mustPopulation(t, in), epi.Question{Rows: rows, Now: in.To, Detail: true})
	v := a.Verdict
	if v.Kind != epi.KindAll || v.Best.Values[0].Dimension != "region" || v.Best.Reference != "other crashes" || !strings.Contains(a.Sentence, "no exposure is known by region") {
		t.Errorf("one region: %s", a.Sentence)
	}
	roundTrip(t, a)

	few, rows := course(every(0.5, 1, 30), 60, func(in *epi.Input) { forget(in, len(in.Dimensions)-1) })
	b := mustEvaluate(t, mustPopulation(t, few), epi.Question{Rows: rows, Now: few.To})
	if strings.Contains(b.Sentence, "∞") || len(b.Verdict.Untold) != 1 {
		t.Errorf("without other crashes: %s", b.Sentence)
	}
}
