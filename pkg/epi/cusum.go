package epi

import (
	"math"

	"gonum.org/v1/gonum/mat"
)

// CusumK returns the reference value of a Poisson CUSUM that tells rate l1 from
// l0: (l1−l0)/ln(l1/l0) (Lucas 1985).
func CusumK(l0, l1 float64) float64 { return (l1 - l0) / math.Log(l1/l0) }

// CusumARL returns the average number of buckets until S ← max(0, S+x−k)
// reaches h from 0, for Poisson counts of mean lambda, exactly, by the Markov
// chain on the lattice of 1/denom (Brook and Evans 1972). h and k must be
// multiples of 1/denom. +Inf when it can't be reached within float64.
func CusumARL(h, k, lambda float64, denom int) float64 {
	limit, drift := int(math.Round(h*float64(denom))), int(math.Round(k*float64(denom)))
	if limit <= 0 {
		return 1
	}
	// (I−P)·a = 1 over the states below the limit
	system := mat.NewDense(limit, limit, nil)
	counts := poissonMasses((limit+drift)/denom+2, lambda)
	for s := range limit {
		system.Set(s, s, 1)
		for x, p := range counts {
			next := max(0, s+x*denom-drift)
			if next >= limit {
				break
			}
			system.Set(s, next, system.At(s, next)-p)
		}
	}
	ones := mat.NewVecDense(limit, nil)
	for s := range limit {
		ones.SetVec(s, 1)
	}
	var arl mat.VecDense
	err := arl.SolveVec(system, ones)
	if v := arl.RawVector().Data; len(v) > 0 && v[0] >= 1 && (err == nil || v[0] < 1e14) {
		return v[0]
	}
	return math.Inf(1)
}

func poissonMasses(upTo int, lambda float64) []float64 {
	masses := make([]float64, upTo+1)
	for x := range masses {
		masses[x] = math.Exp(float64(x)*math.Log(lambda) - lambda - lgamma(float64(x+1)))
	}
	return masses
}

// CusumLattice finds the denominator that makes h and k whole, up to 1000.
func CusumLattice(h, k float64) int {
	for _, denom := range []int{1, 2, 4, 5, 10, 20, 25, 40, 50, 100, 200, 250, 500, 1000} {
		d := float64(denom)
		if math.Abs(h*d-math.Round(h*d)) < 1e-9*d && math.Abs(k*d-math.Round(k*d)) < 1e-9*d {
			return denom
		}
	}
	return 1000
}

// CusumPlan is a chart for one baseline rate.
type CusumPlan struct {
	Rate float64 `json:"rate"` // λ0, episodes a day over φ
	K    float64 `json:"k"`    // reference value
	H    float64 `json:"h"`    // limit: alarm when S ≥ H
	ARL  float64 `json:"arl"`  // days between false alarms
}

// PlanCusum chooses the smallest limit on the lattice at which false alarms
// are at least arl0 days apart at rate l0 (at least BaselineFloor).
func (p Parameters) PlanCusum(l0, arl0 float64) CusumPlan {
	l0 = math.Max(l0, p.BaselineFloor)
	l1 := math.Max(p.SurgeRatio*l0, l0+p.SurgeStep)
	denom := 20
	if l0 >= 1 {
		denom = 10
	}
	k := math.Round(CusumK(l0, l1)*float64(denom)) / float64(denom)
	arl := func(states int) float64 { return CusumARL(float64(states)/float64(denom), k, l0, denom) }
	lo, hi := 0, 2*denom
	for arl(hi) < arl0 && hi < 4096 {
		lo, hi = hi, hi*2
	}
	for hi-lo > 1 {
		if mid := (lo + hi) / 2; arl(mid) < arl0 {
			lo = mid
		} else {
			hi = mid
		}
	}
	return CusumPlan{Rate: l0, K: k, H: float64(hi) / float64(denom), ARL: arl(hi)}
}

// EarsC2 returns the upper bounds of the CDC's EARS C2 chart for buckets 9, 10,
// …: the mean of seven buckets ending two before, plus z_α times their standard
// deviation, at least minSigma. A comparison, not a default: it raises 3 to 9
// false alarms per cluster and year.
func EarsC2(x []float64, alpha, minSigma float64) []float64 {
	const window, lag = 7, 2
	z := NormalQuantile(1 - alpha)
	var bounds []float64
	for i := window + lag; i < len(x); i++ {
		base := x[i-window-lag : i-lag]
		mean := sum(base) / window
		variance := Dispersion(base) * mean
		if mean == 0 {
			variance = 0
		}
		bounds = append(bounds, mean+z*math.Max(math.Sqrt(variance), minSigma))
	}
	return bounds
}

// SqrtZ returns the variance-stabilised deviation 2(√x − √mean), about standard
// normal for Poisson counts: the fallback rule that PromQL can compute.
func SqrtZ(x, mean float64) float64 { return 2 * (math.Sqrt(x) - math.Sqrt(mean)) }
