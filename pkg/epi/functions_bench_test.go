package epi_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

const million = 1_000_000

// BenchmarkFunctions measures every exported function at the scale of 10^6 rows:
// slices of that length, or counts of that size. Those that the evaluation calls
// on short lists only (exact anchors) have the largest input that makes sense,
// and say so in their name.
func BenchmarkFunctions(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // an input, not a secret
	ps, counts, days := make([]float64, million), make([]float64, million), make([]float64, million)
	weights := make([]float64, million)
	occurrences := make([]epi.Occurrence, million)
	for i := range ps {
		ps[i], counts[i], days[i], weights[i] = rng.Float64(), float64(rng.IntN(5)), 100*rng.Float64(), 1e-6
		occurrences[i] = epi.Occurrence{Host: "host", Boot: "boot", PID: int64(rng.IntN(million)), Time: days[i]}
	}
	sorted := slices.Sorted(slices.Values(days))
	charts := epi.Defaults().NewCharts(50)
	strata := make([]epi.Table2x2, 52)
	for i := range strata {
		strata[i] = epi.Table2x2{A: 3, B: 20, C: 30, D: 400}
	}
	params, spent := epi.Defaults(), 0.0
	in := year()
	p := mustPopulation(b, in)
	largest := p.Clusters()[0].Rows

	for _, f := range []struct {
		name string
		do   func()
	}{
		{"BinomTail", func() { epi.BinomTail(10_200, million, 0.01) }},
		{"LogBinomTail", func() { epi.LogBinomTail(20_000, million, 0.01) }},
		{"MissProb", func() { epi.MissProb(1e-6, million) }},
		{"RunsForConfidence", func() { epi.RunsForConfidence(1e-6, 0.01) }},
		{"RegIncBeta", func() { epi.RegIncBeta(1e4, 1e6, 0.01) }},
		{"InvRegIncBeta", func() { epi.InvRegIncBeta(1e4, 1e6, 0.025) }},
		{"RegIncGamma", func() { epi.RegIncGamma(million, million) }},
		{"InvRegIncGamma", func() { epi.InvRegIncGamma(million, 0.8) }},
		{"ChiSqTail", func() { epi.ChiSqTail(50, 10) }},
		{"NormalQuantile", func() { epi.NormalQuantile(0.999) }},
		{"PoissonTail", func() { epi.PoissonTail(million+2000, million) }},
		{"PoissonCDF", func() { epi.PoissonCDF(million-2000, million) }},
		{"NegBinTail", func() { epi.NegBinTail(million, 9e5, 1e5) }},
		{"ClopperPearson", func() { epi.ClopperPearson(1e4, million, 0.95) }},
		{"CPLower", func() { epi.CPLower(1e4, million, 0.95) }},
		{"CPUpper", func() { epi.CPUpper(1e4, million, 0.95) }},
		{"PoissonRateCI", func() { epi.PoissonRateCI(million, 365, 0.95) }},
		{"PoissonRateUpper", func() { epi.PoissonRateUpper(million, 365, 0.95) }},
		{"RateQuantile", func() { epi.RateQuantile(million, 56, 0.5, 0.8) }},
		{"RateRatio", func() { epi.RateRatio(4e5, 100, 6e5, 100, 0.95) }},
		{"RateRatioP", func() { epi.RateRatioP(499_000, 100, 501_000, 100) }},
		{"FisherGreater", func() { epi.FisherGreater(100, 900, 9_000, 990_000) }},
		{"FisherTwoSided", func() { epi.FisherTwoSided(100, 900, 9_000, 990_000) }},
		{"MantelHaenszelExactP/52strata", func() { epi.MantelHaenszelExactP(strata) }},
		{"RiskRatioMacroBase", func() { epi.RiskRatioMacroBase(100, 900, 9_000, 990_000) }},
		{"BH", func() { epi.BH(ps) }},
		{"BinaryKL", func() { epi.BinaryKL(0.9, 0.01) }},
		{"Gain", func() { epi.Gain(million, 10_000, 0.005, 400, 7) }},
		{"ExpectedShare", func() { epi.ExpectedShare(0.9, 0.01, 0.2, 0.01) }},
		{"LabelMixGain", func() { epi.LabelMixGain(counts, days) }},
		{"NEff", func() { epi.NEff(counts) }},
		{"NEffUnbiased", func() { epi.NEffUnbiased(counts) }},
		{"Gini", func() { epi.Gini(counts, million) }},
		{"PAllOne", func() { epi.PAllOne(5, million) }},
		{"PAllOneWeighted", func() { epi.PAllOneWeighted(5, weights) }},
		{"PMaxBound", func() { epi.PMaxBound(3, 30, weights) }},
		{"PMaxBoundEqual", func() { epi.PMaxBoundEqual(3, 30, million) }},
		{"PMaxGE/30on200", func() { epi.PMaxGE(3, 30, 200) }},
		{"CusumK", func() { epi.CusumK(5, 10) }},
		{"CusumLattice", func() { epi.CusumLattice(8.3, 7.2) }},
		{"CusumARL", func() { epi.CusumARL(8.3, 7.2, 5, 10) }},
		{"PlanCusum", func() { params.PlanCusum(5, 1500) }},
		{"EarsC2", func() { epi.EarsC2(counts, 0.001, 0.5) }},
		{"SqrtZ", func() { epi.SqrtZ(9, 4) }},
		{"Dispersion", func() { epi.Dispersion(counts) }},
		{"DailyDispersion", func() { epi.DailyDispersion(counts) }},
		{"OnsetZeroQuantile", func() { epi.OnsetZeroQuantile(million, 10, 0, 365, 0.025) }},
		{"OnsetZeroCDF", func() { epi.OnsetZeroCDF(million, 10, 0, 365, 9.9) }},
		{"OnsetBeforeArchive", func() { epi.OnsetBeforeArchive(million, 10, 0, 365) }},
		{"OnsetBuckets/365days", func() { epi.OnsetBuckets(counts[:365], days[:365], 0.5) }},
		{"SilenceKnownRate", func() { epi.SilenceKnownRate(1, 10) }},
		{"SilencePredictive", func() { epi.SilencePredictive(million, 365, 1, 0.5, 0) }},
		{"PredictiveCDF", func() { epi.PredictiveCDF(10, million, 365, 1, 0.5) }},
		{"PredictiveTail", func() { epi.PredictiveTail(10, million, 365, 1, 0.5) }},
		{"QuietNeededKnown", func() { epi.QuietNeededKnown(1, 0.005) }},
		{"QuietNeededPredictive", func() { epi.QuietNeededPredictive(million, 365, 0.005) }},
		{"AlphaSpend", func() { spent = epi.AlphaSpend(0.005, 3) }},
		{"GapBeyondMax", func() { epi.GapBeyondMax(million, 3) }},
		{"EValueSilence", func() { epi.EValueSilence(1, 10) }},
		{"SPRTBounds", func() { epi.SPRTBounds(0.01, 0.05) }},
		{"CensoredRate", func() { epi.CensoredRate(1e5, million) }},
		{"Ascertainment", func() { epi.Ascertainment(900_000, million) }},
		{"Duplicates", func() { epi.Duplicates(occurrences) }},
		{"Horizon", func() { epi.Horizon(100, days) }},
		{"Charts.Alarms", func() { charts.Alarms(sorted, 0, 100) }},
		{"Reduced", func() { params.Reduced(sorted, 0, 50, 100) }},
		{"CoreSpans", func() { params.CoreSpans(counts, counts) }},
		{"Quality", func() {
			if _, err := p.Quality(in.To); err != nil {
				b.Fatal(err)
			}
		}},
		{"Blind", func() {
			if _, err := p.Blind(nil, in.To); err != nil {
				b.Fatal(err)
			}
		}},
		{"Contrast/largest", func() {
			if _, err := p.Contrast(largest, in.To, false); err != nil {
				b.Fatal(err)
			}
		}},
		{"Clusters", func() { p.Clusters() }},
		{"Select", func() { p.Select(func(row int32) bool { return row%2 == 0 }) }},
	} {
		_ = spent
		b.Run(f.name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				f.do()
			}
		})
	}
}
