package epi

import "math"

// ClopperPearson returns the exact two-sided confidence interval of a share
// when c of n had it (Clopper and Pearson 1934). c and n may be real-valued,
// for counts divided by a dispersion. Without data it is [0, 1].
func ClopperPearson(c, n, conf float64) (lower, upper float64) {
	tail := (1 - conf) / 2
	return cpLower(c, n, tail), cpUpper(c, n, tail)
}

// CPLower returns the one-sided lower confidence bound of a share.
func CPLower(c, n, conf float64) float64 { return cpLower(c, n, 1-conf) }

// CPUpper returns the one-sided upper confidence bound of a share.
func CPUpper(c, n, conf float64) float64 { return cpUpper(c, n, 1-conf) }

func cpLower(c, n, tail float64) float64 {
	if c <= 0 || n <= 0 {
		return 0
	}
	return InvRegIncBeta(math.Min(c, n), math.Max(n-c, 0)+1, tail)
}

func cpUpper(c, n, tail float64) float64 {
	if c >= n || n <= 0 {
		return 1
	}
	return InvRegIncBeta(math.Max(c, 0)+1, n-c, 1-tail)
}

// PoissonRateCI returns the exact two-sided confidence interval of a rate when
// n events were seen in a span of the given length (Garwood 1936).
func PoissonRateCI(n, span, conf float64) (lower, upper float64) {
	tail := (1 - conf) / 2
	if n > 0 {
		lower = InvRegIncGamma(n, tail) / span
	}
	return lower, InvRegIncGamma(n+1, 1-tail) / span
}

// PoissonRateUpper returns the one-sided upper confidence bound of a rate;
// with no events in q days it is 3.0/q at 95 %.
func PoissonRateUpper(n, span, conf float64) float64 {
	return InvRegIncGamma(n+1, conf) / span
}

// RateQuantile returns the p-quantile of a rate whose posterior is
// Gamma(n+a, span); a = ½ is the Jeffreys prior.
func RateQuantile(n, span, a, p float64) float64 { return InvRegIncGamma(n+a, p) / span }

// RateRatio returns the ratio of the rate n1/e1 to the rate n0/e0 with its
// exact conditional interval: given the total, n1 is binomial with
// probability e1·ratio/(e1·ratio+e0). Counts may be real-valued. The ratio and
// its upper bound are +Inf when n0 = 0.
func RateRatio(n1, e1, n0, e0, conf float64) (ratio, lower, upper float64) {
	lo, hi := ClopperPearson(n1, n1+n0, conf)
	scale := e0 / e1
	ratio = math.Inf(1)
	if n0 > 0 {
		ratio = n1 / n0 * scale
	}
	upper = math.Inf(1)
	if hi < 1 {
		upper = hi / (1 - hi) * scale
	}
	return ratio, lo / (1 - lo) * scale, upper
}

// RateRatioP returns the exact two-sided p of equal rates: the probability of
// every split of the total that is no more likely than the one seen.
func RateRatioP(n1 int, e1 float64, n0 int, e0 float64) float64 {
	n, w := n1+n0, e1/(e1+e0)
	if n == 0 || math.IsNaN(w) {
		return 1
	}
	logs := make([]float64, n+1)
	for k := range logs {
		logs[k] = logChoose(n, k) + float64(k)*math.Log(w) + float64(n-k)*math.Log1p(-w)
	}
	return minimumLikelihood(logs, n1)
}

// minimumLikelihood sums the outcomes that are no more likely than the one
// seen, with R's allowance of 1e-7 for rounding. logs are ln probabilities up
// to a common constant.
func minimumLikelihood(logs []float64, seen int) float64 {
	top := math.Inf(-1)
	for _, l := range logs {
		top = math.Max(top, l)
	}
	var extreme, total float64
	for _, l := range logs {
		p := math.Exp(l - top)
		total += p
		if l <= logs[seen]+1e-7 {
			extreme += p
		}
	}
	return math.Min(1, extreme/total)
}
