package epi

import (
	"math"
	"sort"

	"gonum.org/v1/gonum/integrate/quad"
)

// legendrePoints is the number of Gauss–Legendre nodes a piece. The density is
// smooth between two rows, so a few are enough.
const legendrePoints = 8

// ChangePoint is the posterior of the moment at which a Poisson process
// changed from one unknown rate to another (Raftery and Akman 1986).
type ChangePoint struct {
	Mean float64
	// LogBF is ln of the Bayes factor of a change against none.
	LogBF float64

	times      []float64
	a, b       float64
	shape      float64
	top        float64   // ln density at its largest
	edges      []float64 // a, the rows, b
	cumulative []float64 // posterior up to each edge, not normalised
}

// OnsetTwoRate computes the posterior of a change in [a, b] for crashes at
// ascending times t within it, with a Gamma(shape, shape·(b−a)/n) prior on both
// rates and a uniform prior on the moment. Without crashes, or with an empty
// window, it is the zero value: no evidence of a change.
func OnsetTwoRate(t []float64, a, b, shape float64) ChangePoint {
	if len(t) == 0 || !(b > a) || !(shape > 0) {
		return ChangePoint{}
	}
	c := ChangePoint{times: t, a: a, b: b, shape: shape, top: math.Inf(-1)}
	c.edges = append(append([]float64{a}, t...), b)
	for i := range c.edges[1:] {
		// the density is convex within a piece, so it is largest at an edge
		c.top = max(c.top, c.logDensity(i, c.edges[i]), c.logDensity(i, c.edges[i+1]))
	}
	c.cumulative = make([]float64, len(c.edges))
	var moment float64
	for i := range c.edges[1:] {
		mass, first := c.integrate(i, c.edges[i+1])
		c.cumulative[i+1] = c.cumulative[i] + mass
		moment += first
	}
	total, n, rate := c.total(), float64(len(t)), c.rate()
	c.Mean = moment / total
	changed := math.Log(total) + c.top - math.Log(b-a) + 2*shape*math.Log(rate) - 2*lgamma(shape)
	c.LogBF = changed - logNoChange(n, b-a, rate, shape)
	return c
}

func (c ChangePoint) rate() float64  { return c.shape * (c.b - c.a) / float64(len(c.times)) }
func (c ChangePoint) total() float64 { return c.cumulative[len(c.cumulative)-1] }

// logDensity is ln of the posterior at x in piece i, up to a constant.
func (c ChangePoint) logDensity(i int, x float64) float64 {
	before, after, rate := c.shape+float64(i), c.shape+float64(len(c.times)-i), c.rate()
	return lgamma(before) + lgamma(after) - before*math.Log(rate+x-c.a) - after*math.Log(rate+c.b-x)
}

// integrate returns the mass of piece i up to x, and its first moment.
func (c ChangePoint) integrate(i int, x float64) (mass, moment float64) {
	lo := c.edges[i]
	if !(x > lo) {
		return 0, 0
	}
	var nodes, weights [legendrePoints]float64
	quad.Legendre{}.FixedLocations(nodes[:], weights[:], lo, x)
	for k, node := range nodes {
		m := weights[k] * math.Exp(c.logDensity(i, node)-c.top)
		mass += m
		moment += m * node
	}
	return mass, moment
}

// Quantile returns the p-quantile of the moment of change, to 1e-9 of the
// piece between two rows in which it lies.
func (c ChangePoint) Quantile(p float64) float64 {
	if len(c.edges) == 0 {
		return 0
	}
	want := clamp01(p) * c.total()
	i := sort.SearchFloat64s(c.cumulative, want) - 1
	if i < 0 {
		return c.a
	}
	if i >= len(c.edges)-1 {
		return c.b
	}
	lo, hi := c.edges[i], c.edges[i+1]
	for hi-lo > 1e-9*(c.edges[i+1]-c.edges[i]) {
		mid := lo + (hi-lo)/2
		if mid <= lo || mid >= hi {
			break
		}
		if mass, _ := c.integrate(i, mid); c.cumulative[i]+mass < want {
			lo = mid
		} else {
			hi = mid
		}
	}
	return (lo + hi) / 2
}

// logNoChange is ln of the evidence for one constant rate.
func logNoChange(n, exposure, rate, shape float64) float64 {
	return lgamma(shape+n) - (shape+n)*math.Log(rate+exposure) + shape*math.Log(rate) - lgamma(shape)
}

// OnsetBuckets computes the same from counts y in buckets with exposures e
// (nil for equal ones): p[k] is the posterior probability that bucket k is the
// last before the change, for all but the last bucket. Without counts all are
// equally likely and logBF is 0. Counts may be real-valued.
func OnsetBuckets(y, e []float64, shape float64) (p []float64, logBF float64) {
	m := len(y)
	if m < 2 || (e != nil && len(e) != m) {
		return nil, 0
	}
	counts, exposures := make([]float64, m), make([]float64, m)
	var n, total float64
	for i := range y {
		n += y[i]
		if e == nil {
			total++
		} else {
			total += e[i]
		}
		counts[i], exposures[i] = n, total
	}
	p = make([]float64, m-1)
	if !(n > 0) || !(total > 0) {
		for k := range p {
			p[k] = 1 / float64(m-1)
		}
		return p, 0
	}
	rate := shape * total / n
	for k := range p {
		before, after := shape+counts[k], shape+n-counts[k]
		p[k] = lgamma(before) + lgamma(after) - before*math.Log(rate+exposures[k]) - after*math.Log(rate+total-exposures[k])
	}
	whole := logSumExp(p)
	for k := range p {
		p[k] = math.Exp(p[k] - whole)
	}
	changed := whole - math.Log(float64(m-1)) + 2*shape*math.Log(rate) - 2*lgamma(shape)
	return p, changed - logNoChange(n, total, rate, shape)
}
