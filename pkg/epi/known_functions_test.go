package epi_test

import (
	"encoding/json"
	"math"
	"slices"
	"testing"

	"github.com/epicurve/epicurve/pkg/epi"
)

type answerFunction func(t *testing.T, in answerInputs) []float64

// answerFunctions are the functions of section 13 of the specification, by the
// names that the known answers use.
var answerFunctions = map[string]answerFunction{
	"PoissonTail": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.PoissonTail(in.integer(t, "k"), in.number(t, "mu")))
	},
	"BinomTail": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.BinomTail(in.integer(t, "c"), in.integer(t, "n"), in.number(t, "w")))
	},
	"LogBinomTail": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.LogBinomTail(in.integer(t, "c"), in.integer(t, "n"), in.number(t, "w")))
	},
	"RunsForConfidence": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.RunsForConfidence(in.number(t, "p"), in.number(t, "alpha")))
	},
	"ClopperPearson": func(t *testing.T, in answerInputs) []float64 {
		lo, hi := epi.ClopperPearson(in.number(t, "c"), in.number(t, "n"), in.numberOr(t, "conf", 0.95))
		return []float64{lo, hi}
	},
	"CPLower": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.CPLower(in.number(t, "c"), in.number(t, "n"), in.numberOr(t, "conf", 0.95)))
	},
	"CPUpper": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.CPUpper(in.number(t, "c"), in.number(t, "n"), in.numberOr(t, "conf", 0.95)))
	},
	"MissProb": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.MissProb(in.number(t, "share"), in.integer(t, "n")))
	},
	"PoissonRateCI": func(t *testing.T, in answerInputs) []float64 {
		lo, hi := epi.PoissonRateCI(in.number(t, "n"), in.number(t, "T"), in.numberOr(t, "conf", 0.95))
		return []float64{lo, hi}
	},
	"PoissonRateUpper": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.PoissonRateUpper(in.number(t, "n"), in.number(t, "T"), in.numberOr(t, "conf", 0.95)))
	},
	"RegIncBeta": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.RegIncBeta(in.number(t, "a"), in.number(t, "b"), in.number(t, "x")))
	},
	"InvRegIncBeta": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.InvRegIncBeta(in.number(t, "a"), in.number(t, "b"), in.number(t, "p")))
	},
	"RegIncGamma": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.RegIncGamma(in.number(t, "a"), in.number(t, "x")))
	},
	"InvRegIncGamma": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.InvRegIncGamma(in.number(t, "a"), in.number(t, "p")))
	},
	"NormalQuantile": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.NormalQuantile(in.number(t, "p")))
	},

	"FisherGreater": func(t *testing.T, in answerInputs) []float64 {
		a, b, c, d := corners(t, in)
		return one(epi.FisherGreater(a, b, c, d))
	},
	"FisherTwoSided": func(t *testing.T, in answerInputs) []float64 {
		a, b, c, d := corners(t, in)
		return one(epi.FisherTwoSided(a, b, c, d))
	},
	"RiskRatioMacroBase": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.RiskRatioMacroBase(in.number(t, "a"), in.number(t, "b"), in.number(t, "c"), in.number(t, "d")))
	},
	"BH": func(t *testing.T, in answerInputs) []float64 { return epi.BH(in.list(t, "p")) },
	"BinaryKL": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.BinaryKL(in.number(t, "s"), in.number(t, "w")))
	},
	"Gain": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.Gain(in.integer(t, "n"), in.integer(t, "c"), in.number(t, "w"), in.integer(t, "K"), in.integer(t, "D")))
	},
	"ExpectedShare": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.ExpectedShare(in.number(t, "s"), in.number(t, "wBest"), in.number(t, "wU"), in.number(t, "wBoth")))
	},
	"MantelHaenszelExactP": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.MantelHaenszelExactP(strata(t, in)))
	},
	"ChiSqTail": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.ChiSqTail(in.number(t, "g"), in.number(t, "df")))
	},

	"PAllOne": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.PAllOne(in.integer(t, "k"), in.integer(t, "N")))
	},
	"PAllOneWeighted": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.PAllOneWeighted(in.integer(t, "k"), in.list(t, "w")))
	},
	"PMaxGE": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.PMaxGE(in.integer(t, "m"), in.integer(t, "n"), in.integer(t, "N")))
	},
	"PMaxBound": func(t *testing.T, in answerInputs) []float64 {
		if in.has("w") {
			return one(epi.PMaxBound(in.integer(t, "m"), in.integer(t, "n"), in.list(t, "w")))
		}
		return one(epi.PMaxBoundEqual(in.integer(t, "m"), in.integer(t, "n"), in.integer(t, "N")))
	},
	"NEff":         func(t *testing.T, in answerInputs) []float64 { return one(epi.NEff(in.list(t, "counts"))) },
	"NEffUnbiased": func(t *testing.T, in answerInputs) []float64 { return one(epi.NEffUnbiased(in.list(t, "counts"))) },
	"Gini": func(t *testing.T, in answerInputs) []float64 {
		counts := in.list(t, "counts")
		return one(epi.Gini(counts, int(in.numberOr(t, "N", float64(len(counts))))))
	},

	"OnsetZeroQuantile": func(t *testing.T, in answerInputs) []float64 {
		n, t1, a, b := zeroOnset(t, in)
		var qs []float64
		for _, p := range in.list(t, "p") {
			qs = append(qs, epi.OnsetZeroQuantile(n, t1, a, b, p))
		}
		return qs
	},
	"OnsetZeroCDF": func(t *testing.T, in answerInputs) []float64 {
		n, t1, a, b := zeroOnset(t, in)
		var ps []float64
		for _, x := range in.list(t, "x") {
			ps = append(ps, epi.OnsetZeroCDF(n, t1, a, b, x))
		}
		return ps
	},
	"OnsetBeforeArchive": func(t *testing.T, in answerInputs) []float64 {
		n, t1, a, b := zeroOnset(t, in)
		return one(epi.OnsetBeforeArchive(n, t1, a, b))
	},
	"OnsetBuckets": func(t *testing.T, in answerInputs) []float64 {
		p, _ := buckets(t, in)
		return p
	},
	"OnsetBucketsLogBF": func(t *testing.T, in answerInputs) []float64 {
		_, logBF := buckets(t, in)
		return one(logBF)
	},
	"OnsetBucketsMode": func(t *testing.T, in answerInputs) []float64 {
		p, _ := buckets(t, in)
		mode := float64(slices.Index(p, slices.Max(p)) + 1)
		// the coal-mining series is by year, from 1851
		return []float64{mode, in.numberOr(t, "start", 1850) + mode}
	},
	"OnsetTwoRateMean":  func(t *testing.T, in answerInputs) []float64 { return one(twoRate(t, in).Mean) },
	"OnsetTwoRateLogBF": func(t *testing.T, in answerInputs) []float64 { return one(twoRate(t, in).LogBF) },
	"OnsetTwoRateMedian": func(t *testing.T, in answerInputs) []float64 {
		return one(twoRate(t, in).Quantile(0.5))
	},
	"OnsetTwoRateQuantiles": func(t *testing.T, in answerInputs) []float64 {
		change, ps := twoRate(t, in), []float64{0.025, 0.5, 0.975}
		if in.has("p") {
			ps = in.list(t, "p")
		}
		var qs []float64
		for _, p := range ps {
			qs = append(qs, change.Quantile(p))
		}
		return qs
	},

	"SilenceKnownRate": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.SilenceKnownRate(in.number(t, "rate"), in.number(t, "quiet")))
	},
	"SilencePredictive": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.SilencePredictive(in.number(t, "n"), in.number(t, "T0"), in.number(t, "q"), in.numberOr(t, "a", 0), in.numberOr(t, "b", 0)))
	},
	"PredictiveCDF": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.PredictiveCDF(in.integer(t, "k"), in.number(t, "n"), in.number(t, "T0"), in.number(t, "q"), in.numberOr(t, "a", 0.5)))
	},
	"PredictiveTail": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.PredictiveTail(in.integer(t, "k"), in.number(t, "n"), in.number(t, "T0"), in.number(t, "q"), in.numberOr(t, "a", 0.5)))
	},
	"QuietNeededKnown": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.QuietNeededKnown(in.number(t, "rate"), in.number(t, "alpha")))
	},
	"QuietNeededPredictive": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.QuietNeededPredictive(in.number(t, "n")+in.numberOr(t, "a", 0), in.number(t, "T0"), in.number(t, "alpha")))
	},
	"AlphaSpend": func(t *testing.T, in answerInputs) []float64 {
		var parts []float64
		for _, j := range in.list(t, "j") {
			parts = append(parts, epi.AlphaSpend(in.number(t, "alpha"), int(j)))
		}
		return parts
	},
	"GapBeyondMax": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.GapBeyondMax(in.number(t, "m"), in.number(t, "kappa")))
	},
	"SilenceP": func(t *testing.T, in answerInputs) []float64 {
		history := epi.Defaults().Pauses(in.list(t, "gaps"))
		var ps []float64
		for _, q := range in.list(t, "q") {
			ps = append(ps, history.P(in.numberOr(t, "r", 0), q))
		}
		return ps
	},
	"SilenceRequired": func(t *testing.T, in answerInputs) []float64 {
		history := epi.Defaults().Pauses(in.list(t, "gaps"))
		return one(history.Required(in.numberOr(t, "r", 0), in.number(t, "alpha"), in.number(t, "span")))
	},
	"Bursty": func(t *testing.T, in answerInputs) []float64 {
		if epi.Defaults().Pauses(in.list(t, "gaps")).Bursty() {
			return one(1)
		}
		return one(0)
	},
	"EValueSilence": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.EValueSilence(in.number(t, "rate"), in.number(t, "quiet")))
	},
	"SPRTBounds": func(t *testing.T, in answerInputs) []float64 {
		lo, hi := epi.SPRTBounds(in.number(t, "alpha"), in.number(t, "beta"))
		return []float64{lo, hi}
	},

	"CusumK": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.CusumK(in.number(t, "l0"), in.number(t, "l1")))
	},
	"CusumARL": func(t *testing.T, in answerInputs) []float64 {
		h, k := in.number(t, "h"), in.number(t, "k")
		return one(epi.CusumARL(h, k, in.number(t, "lambda"), epi.CusumLattice(h, k)))
	},
	"EarsC2": func(t *testing.T, in answerInputs) []float64 {
		return epi.EarsC2(in.list(t, "x"), in.numberOr(t, "alpha", 0.001), in.numberOr(t, "minSigma", 0.5))
	},
	"SqrtZ": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.SqrtZ(in.number(t, "x"), in.number(t, "mean")))
	},
	"Dispersion": func(t *testing.T, in answerInputs) []float64 { return one(epi.Dispersion(in.list(t, "y"))) },
	"NegBinTail": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.NegBinTail(in.integer(t, "k"), in.number(t, "mean"), in.number(t, "size")))
	},
	"RateQuantile": func(t *testing.T, in answerInputs) []float64 {
		var qs []float64
		for _, p := range in.list(t, "p") {
			qs = append(qs, epi.RateQuantile(in.number(t, "n"), in.number(t, "T"), in.numberOr(t, "a", 0.5), p))
		}
		return qs
	},

	"RateRatio": func(t *testing.T, in answerInputs) []float64 {
		ratio, lo, hi := epi.RateRatio(in.number(t, "n1"), in.number(t, "e1"), in.number(t, "n0"), in.number(t, "e0"), in.numberOr(t, "conf", 0.95))
		return []float64{ratio, lo, hi}
	},
	"RateRatioP": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.RateRatioP(in.integer(t, "n1"), in.number(t, "e1"), in.integer(t, "n0"), in.number(t, "e0")))
	},
	"TimeScanGain": func(t *testing.T, in answerInputs) []float64 {
		a, b := in.number(t, "A"), in.number(t, "B")
		return one(epi.TimeScan(in.list(t, "t"), a, b, int(in.numberOr(t, "D", math.Ceil(b-a)))).Gain)
	},
	"LabelMixGain": func(t *testing.T, in answerInputs) []float64 {
		return one(epi.LabelMixGain(in.list(t, "a"), in.list(t, "b")))
	},
}

func one(x float64) []float64 { return []float64{x} }

func corners(t *testing.T, in answerInputs) (a, b, c, d int) {
	return in.integer(t, "a"), in.integer(t, "b"), in.integer(t, "c"), in.integer(t, "d")
}

// strata reads tables whose numbers R lists by columns: a, c, b, d.
func strata(t *testing.T, in answerInputs) []epi.Table2x2 {
	t.Helper()
	var rows [][4]int
	if err := json.Unmarshal(in["strata"], &rows); err != nil {
		t.Fatalf("strata: %v", err)
	}
	var tables []epi.Table2x2
	for _, r := range rows {
		tables = append(tables, epi.Table2x2{A: r[0], C: r[1], B: r[2], D: r[3]})
	}
	return tables
}

func zeroOnset(t *testing.T, in answerInputs) (n, t1, a, b float64) {
	a, b = in.number(t, "A"), in.number(t, "B")
	if in.has("t") {
		times := in.list(t, "t")
		return float64(len(times)), slices.Min(times), a, b
	}
	return in.number(t, "n"), in.number(t, "t1"), a, b
}

func buckets(t *testing.T, in answerInputs) (p []float64, logBF float64) {
	var exposure []float64
	for _, name := range []string{"e", "E", "exposure"} {
		if in.has(name) {
			exposure = in.list(t, name)
		}
	}
	return epi.OnsetBuckets(in.list(t, "y"), exposure, in.numberOr(t, "a", 0.5))
}

func twoRate(t *testing.T, in answerInputs) epi.ChangePoint {
	times := slices.Sorted(slices.Values(in.list(t, "t")))
	return epi.OnsetTwoRate(times, in.number(t, "A"), in.number(t, "B"), in.numberOr(t, "a", 0.5))
}
