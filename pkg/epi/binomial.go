package epi

import (
	"math"

	"gonum.org/v1/gonum/mathext"
)

// tiny is the tail below which probabilities are summed in logarithms.
const tiny = 1e-290

// BinomTail returns P(X ≥ c) for X ~ Bin(n, w), through the regularised
// incomplete beta function: I_w(c, n−c+1). w outside [0,1] is clamped.
func BinomTail(c, n int, w float64) float64 {
	w = clamp01(w)
	switch {
	case c <= 0:
		return 1
	case c > n || w == 0:
		return 0
	case w == 1:
		return 1
	}
	return RegIncBeta(float64(c), float64(n-c+1), w)
}

// LogBinomTail returns ln P(X ≥ c) for X ~ Bin(n, w). Below about 1e-290 it
// sums the series of ratios of successive terms, which converges because there
// c is far above n·w. It is −Inf only for an impossible event.
func LogBinomTail(c, n int, w float64) float64 {
	if p := BinomTail(c, n, w); p > tiny {
		return math.Log(p)
	}
	w = clamp01(w)
	if c > n || w == 0 {
		return math.Inf(-1)
	}
	sum, term, odds := 1.0, 1.0, w/(1-w)
	for k := c; k < n; k++ {
		term *= float64(n-k) / float64(k+1) * odds
		sum += term
		if term < 1e-17*sum {
			break
		}
	}
	return logChoose(n, c) + float64(c)*math.Log(w) + float64(n-c)*math.Log1p(-w) + math.Log(sum)
}

// MissProb returns the probability that a subpopulation that holds a share of
// the whole is absent from n rows: (1−share)^n.
func MissProb(share float64, n int) float64 {
	return math.Exp(float64(n) * math.Log1p(-clamp01(share)))
}

// RunsForConfidence returns how many silent runs are needed before a failure
// that strikes a run with probability p is excluded at error alpha:
// ln α / ln(1−p) (McKenney, perfbook ch. 11).
func RunsForConfidence(p, alpha float64) float64 {
	return math.Log(alpha) / math.Log1p(-p)
}

// logChoose returns ln of the binomial coefficient.
func logChoose(n, k int) float64 {
	return lgamma(float64(n+1)) - lgamma(float64(k+1)) - lgamma(float64(n-k+1))
}

func lgamma(x float64) float64 {
	v, _ := math.Lgamma(x)
	return v
}

func clamp01(x float64) float64 {
	if !(x > 0) { // NaN too
		return 0
	}
	return math.Min(x, 1)
}

// RegIncBeta returns the regularised incomplete beta function I_x(a, b);
// NaN unless a and b are positive.
func RegIncBeta(a, b, x float64) float64 {
	if !(a > 0) || !(b > 0) || math.IsNaN(x) {
		return math.NaN()
	}
	return mathext.RegIncBeta(a, b, clamp01(x))
}

// InvRegIncBeta returns the x with I_x(a, b) = p, the quantile of a beta
// distribution; NaN unless a and b are positive.
func InvRegIncBeta(a, b, p float64) float64 {
	if !(a > 0) || !(b > 0) || math.IsNaN(p) {
		return math.NaN()
	}
	return mathext.InvRegIncBeta(a, b, clamp01(p))
}
