package epi

import "math"

// OnsetZeroQuantile returns the p-quantile of the onset of a cluster without
// any crash before it, given its first of n crashes at t1 and the window
// [a, b]: the rate is constant after the onset, its prior 1/rate, the onset
// uniform, so the posterior on [a, t1] is proportional to (b−τ)^(−n). The
// scaled form can't overflow. n may be real-valued (divided by a dispersion)
// and counts as at least 2; a first crash at or before a gives a.
func OnsetZeroQuantile(n, t1, a, b, p float64) float64 {
	if t1 <= a || b <= t1 {
		return math.Min(math.Max(t1, a), b)
	}
	n = math.Max(n, 2)
	e := math.Exp(-onsetExponent(n, t1, a, b))
	return b - (b-t1)*math.Pow(e+p*(1-e), -1/(n-1))
}

// OnsetZeroCDF returns the posterior probability that the onset was before x.
func OnsetZeroCDF(n, t1, a, b, x float64) float64 {
	if x <= a {
		return 0
	}
	if x >= t1 {
		return 1
	}
	n = math.Max(n, 2)
	// ((b−x)^(1−n) − (b−a)^(1−n)) / ((b−t1)^(1−n) − (b−a)^(1−n))
	whole := onsetExponent(n, t1, a, b)
	part := (n - 1) * math.Log((b-t1)/(b-x)) // ≤ 0
	return (math.Exp(part) - math.Exp(-whole)) / -math.Expm1(-whole)
}

// OnsetBeforeArchive returns the probability that the cluster is older than
// the archive, which begins at a: 1/(1+BF) with
// BF = (((b−a)/(b−t1))^(n−1) − 1)/(n−1).
func OnsetBeforeArchive(n, t1, a, b float64) float64 {
	if t1 <= a || b <= t1 {
		return 1
	}
	n = math.Max(n, 2)
	exponent := onsetExponent(n, t1, a, b)
	if exponent > 700 {
		return math.Exp(-exponent) * (n - 1)
	}
	return 1 / (1 + math.Expm1(exponent)/(n-1))
}

func onsetExponent(n, t1, a, b float64) float64 {
	return (n - 1) * math.Log((b-a)/(b-t1))
}
