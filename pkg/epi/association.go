package epi

import (
	"cmp"
	"math"
	"slices"
)

// FisherGreater returns the one-sided exact p of the 2×2 table [a b; c d]:
// the chance of a or more in the corner, given the margins (Fisher 1935).
func FisherGreater(a, b, c, d int) float64 {
	logs, lo := hypergeometric(a+b, c+d, a+c)
	if len(logs) == 0 {
		return 1
	}
	return math.Exp(logSumExp(logs[max(a-lo, 0):]) - logSumExp(logs))
}

// FisherTwoSided returns the two-sided exact p of the 2×2 table [a b; c d]: the
// chance of every table that is no more likely than this one.
func FisherTwoSided(a, b, c, d int) float64 {
	logs, lo := hypergeometric(a+b, c+d, a+c)
	if a < lo || a-lo >= len(logs) {
		return 1
	}
	return minimumLikelihood(logs, a-lo)
}

// hypergeometric returns the ln probabilities of drawing lo, lo+1, … marked
// items when drawn of marked+plain items are drawn, and lo.
func hypergeometric(marked, plain, drawn int) (logs []float64, lo int) {
	lo = max(0, drawn-plain)
	hi := min(marked, drawn)
	if hi < lo {
		return nil, lo
	}
	logs = make([]float64, hi-lo+1)
	logs[0] = logChoose(marked, lo) + logChoose(plain, drawn-lo) - logChoose(marked+plain, drawn)
	for k := lo; k < hi; k++ { // p(k+1)/p(k)
		up, down := float64(marked-k)*float64(drawn-k), float64(k+1)*float64(plain-drawn+k+1)
		logs[k-lo+1] = logs[k-lo] + math.Log(up/down)
	}
	return logs, lo
}

// Table2x2 is one stratum: A and B of the first row, C and D of the second.
type Table2x2 struct{ A, B, C, D int }

// MantelHaenszelExactP returns the two-sided exact conditional p of no
// association in any stratum: the sum of the corners is a convolution of
// hypergeometric distributions. It is the anchor of calendar matching, not
// part of the default method.
func MantelHaenszelExactP(strata []Table2x2) float64 {
	dist, seen := []float64{1}, 0
	for _, t := range strata {
		logs, lo := hypergeometric(t.A+t.B, t.C+t.D, t.A+t.C)
		next := make([]float64, len(dist)+len(logs)-1)
		for i, p := range dist {
			for j, l := range logs {
				next[i+j] += p * math.Exp(l)
			}
		}
		dist = next
		seen += t.A - lo
	}
	if seen < 0 || seen >= len(dist) {
		return 1
	}
	logs := make([]float64, len(dist))
	for i, p := range dist {
		logs[i] = math.Log(p)
	}
	return minimumLikelihood(logs, seen)
}

// RiskRatioMacroBase returns (a/(a+c))/(b/(b+d)), the risk of being an outlier
// with the value against without it, as MacroBase ranks. It is +Inf when every
// outlier has the value, and 0 when no row has it.
func RiskRatioMacroBase(a, b, c, d float64) float64 {
	switch {
	case a+c == 0 || a == 0:
		return 0
	case b+d == 0:
		return 0
	case b == 0:
		return math.Inf(1)
	}
	return (a / (a + c)) / (b / (b + d))
}

// BH returns the q-values of Benjamini and Hochberg (1995) for p-values in any
// order: the false discovery rate at which each would be the last accepted.
func BH(p []float64) []float64 {
	order := make([]int, len(p))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(i, j int) int { return cmp.Compare(p[i], p[j]) })
	q, least := make([]float64, len(p)), 1.0
	for rank := len(order); rank > 0; rank-- {
		i := order[rank-1]
		least = math.Min(least, p[i]*float64(len(p))/float64(rank))
		q[i] = least
	}
	return q
}

func logSumExp(logs []float64) float64 {
	if len(logs) == 0 {
		return math.Inf(-1)
	}
	top := slices.Max(logs)
	if math.IsInf(top, -1) {
		return top
	}
	var sum float64
	for _, l := range logs {
		sum += math.Exp(l - top)
	}
	return top + math.Log(sum)
}
