package epi

import (
	"math"

	"gonum.org/v1/gonum/mathext"
	"gonum.org/v1/gonum/stat/distuv"
)

// PoissonTail returns P(X ≥ k) for X ~ Poisson(mu), the regularised lower
// incomplete gamma function P(k, mu).
func PoissonTail(k int, mu float64) float64 {
	switch {
	case k <= 0:
		return 1
	case !(mu > 0):
		return 0
	}
	return RegIncGamma(float64(k), mu)
}

// PoissonCDF returns P(X ≤ k) for X ~ Poisson(mu).
func PoissonCDF(k int, mu float64) float64 {
	switch {
	case k < 0:
		return 0
	case !(mu > 0):
		return 1
	}
	return mathext.GammaIncRegComp(float64(k+1), mu)
}

// NegBinTail returns P(X ≥ k) for a negative binomial X with the given mean
// and size (variance mean + mean²/size): I_{1−prob}(k, size), with
// prob = size/(size+mean).
func NegBinTail(k int, mean, size float64) float64 {
	switch {
	case k <= 0:
		return 1
	case !(mean > 0):
		return 0
	}
	return RegIncBeta(float64(k), size, mean/(size+mean))
}

// RegIncGamma returns the regularised lower incomplete gamma function P(a, x);
// NaN unless a is positive.
func RegIncGamma(a, x float64) float64 {
	if !(a > 0) || math.IsNaN(x) {
		return math.NaN()
	}
	if math.IsInf(x, 1) {
		return 1
	}
	return mathext.GammaIncReg(a, math.Max(x, 0))
}

// InvRegIncGamma returns the x with P(a, x) = p, the quantile of a gamma
// distribution of rate 1; +Inf for p = 1, NaN unless a is positive.
func InvRegIncGamma(a, p float64) float64 {
	switch {
	case !(a > 0) || math.IsNaN(p):
		return math.NaN()
	case p >= 1:
		return math.Inf(1)
	case p <= 0:
		return 0
	}
	return mathext.GammaIncRegInv(a, p)
}

// ChiSqTail returns P(X ≥ g) for X ~ χ² with df degrees of freedom.
func ChiSqTail(g, df float64) float64 {
	if !(df > 0) {
		return math.NaN()
	}
	return mathext.GammaIncRegComp(df/2, math.Max(g, 0)/2)
}

// NormalQuantile returns the standard normal quantile of p.
func NormalQuantile(p float64) float64 { return distuv.UnitNormal.Quantile(clamp01(p)) }
