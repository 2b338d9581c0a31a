package epi

import (
	"math"
	"slices"
)

// NEff returns the effective number of groups, 1/Σp² (inverse Simpson index);
// 0 without crashes.
func NEff(counts []float64) float64 {
	n, squares := 0.0, 0.0
	for _, c := range counts {
		n += c
		squares += c * c
	}
	if squares == 0 {
		return 0
	}
	return n * n / squares
}

// NEffUnbiased returns the unbiased effective number n(n−1)/Σc(c−1); +Inf when
// no group has two crashes.
func NEffUnbiased(counts []float64) float64 {
	n, pairs := 0.0, 0.0
	for _, c := range counts {
		n += c
		pairs += c * (c - 1)
	}
	if pairs == 0 {
		return math.Inf(1)
	}
	return n * (n - 1) / pairs
}

// Gini returns the Gini coefficient of counts over total groups, those without
// crashes included. For display only: with fewer crashes than hosts it is high
// under perfect scatter.
func Gini(counts []float64, total int) float64 {
	full := make([]float64, max(total, len(counts)))
	copy(full, counts)
	slices.Sort(full)
	m := len(full)
	var weighted, sum float64
	for i, c := range full {
		weighted += float64(2*(i+1)-m-1) * c
		sum += c
	}
	if sum == 0 {
		return 0
	}
	return weighted / (float64(m) * sum)
}

// PAllOne returns the probability that k crashes all fall on one of n equally
// exposed hosts: n^(1−k).
func PAllOne(k, n int) float64 { return math.Pow(float64(n), float64(1-k)) }

// PAllOneWeighted returns the same for unequal exposure: Σ w^k.
func PAllOneWeighted(k int, w []float64) float64 {
	var sum float64
	for _, x := range w {
		sum += math.Pow(x, float64(k))
	}
	return sum
}

// PMaxBound returns the union bound Σ P(Bin(n, w_i) ≥ m) on the probability
// that some host gets m or more of n crashes. Verdicts use the bound.
func PMaxBound(m, n int, w []float64) float64 {
	var sum float64
	for _, x := range w {
		sum += BinomTail(m, n, x)
	}
	return math.Min(1, sum)
}

// PMaxBoundEqual is PMaxBound for hosts equally exposed hosts.
func PMaxBoundEqual(m, n, hosts int) float64 {
	if hosts <= 0 {
		return 0
	}
	return math.Min(1, float64(hosts)*BinomTail(m, n, 1/float64(hosts)))
}

// PMaxGE returns exactly the probability that some of hosts equally exposed
// hosts gets m or more of n crashes, by recursion over hosts: the number on
// host j given the rest r is Bin(r, 1/j). It costs hosts·n·m and is the anchor
// of PMaxBound.
func PMaxGE(m, n, hosts int) float64 {
	if m <= 0 {
		return 1
	}
	if n < m || hosts <= 0 {
		return 0
	}
	// scaled[r] is P(no host so far ≥ m, r crashes left)
	left := make([]float64, n+1)
	left[n] = 1
	for j := hosts; j > 1; j-- {
		left = shareOut(left, m, 1/float64(j))
	}
	var none float64
	for r := range m {
		none += left[r]
	}
	return 1 - none
}

// shareOut gives one host its binomial part, below m, of what is left.
func shareOut(left []float64, m int, p float64) []float64 {
	next := make([]float64, len(left))
	for r, weight := range left {
		if weight == 0 {
			continue
		}
		term := math.Exp(float64(r) * math.Log1p(-p)) // P(Bin(r,p)=0)
		for x := 0; x <= min(m-1, r); x++ {
			next[r-x] += weight * term
			term *= float64(r-x) / float64(x+1) * p / (1 - p)
		}
	}
	return next
}
