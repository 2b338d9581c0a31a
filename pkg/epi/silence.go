package epi

import "math"

// SilenceKnownRate returns exp(−rate·quiet): the chance of so long a silence
// if the crashes were a Poisson process of exactly that rate (McKenney's rule).
func SilenceKnownRate(rate, quiet float64) float64 { return math.Exp(-rate * quiet) }

// SilencePredictive returns the chance of no event in q days after n events in
// span days, the rate being Gamma(a, b): ((span+b)/(span+b+q))^(n+a). a = 0 is
// the conditional test of Solow (1993), a = ½ the Jeffreys predictive.
func SilencePredictive(n, span, q, a, b float64) float64 {
	return math.Exp(-(n + a) * math.Log1p(q/(span+b)))
}

// PredictiveCDF returns P(at most k events in q days | n in span days), the
// rate being Gamma(a): a negative binomial of size n+a.
func PredictiveCDF(k int, n, span, q, a float64) float64 {
	if k < 0 {
		return 0
	}
	return RegIncBeta(n+a, float64(k+1), span/(span+q))
}

// PredictiveTail returns P(at least k events in q days | n in span days).
func PredictiveTail(k int, n, span, q, a float64) float64 {
	if k <= 0 {
		return 1
	}
	return RegIncBeta(float64(k), n+a, q/(span+q))
}

// QuietNeededKnown returns the silence after which a process of known rate is
// excluded at error alpha: −ln α / rate.
func QuietNeededKnown(rate, alpha float64) float64 { return -math.Log(alpha) / rate }

// QuietNeededPredictive returns the same when the rate is known only from n
// events in span days: span·(α^(−1/n) − 1).
func QuietNeededPredictive(n, span, alpha float64) float64 {
	return span * math.Expm1(-math.Log(alpha)/n)
}

// AlphaSpend returns the part of an error budget that attempt j may spend:
// α/(j(j+1)), which sums to α over all attempts.
func AlphaSpend(alpha float64, j int) float64 {
	return alpha / (float64(j) * float64(j+1))
}

// GapBeyondMax returns the exact chance that the next gap of an exponential
// process exceeds kappa times the longest of m: m·B(m, κ+1).
func GapBeyondMax(m, kappa float64) float64 {
	return math.Exp(math.Log(m) + lgamma(m) + lgamma(kappa+1) - lgamma(m+kappa+1))
}

// EValueSilence returns the evidence of a silence against a process of the
// given rate as an e-value, exp(rate·quiet): the likelihood ratio of rate 0.
func EValueSilence(rate, quiet float64) float64 { return math.Exp(rate * quiet) }

// SPRTBounds returns the lower and upper bounds of Wald's sequential
// probability ratio test, in logarithms.
func SPRTBounds(alpha, beta float64) (lower, upper float64) {
	return math.Log(beta / (1 - alpha)), math.Log((1 - beta) / alpha)
}
