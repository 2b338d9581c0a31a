package epi

import "math"

// Dispersion returns the variance of counts over their mean: 1 for a Poisson
// process, more when crashes come in bursts. Fewer than two counts, or none
// above zero, give 1.
func Dispersion(y []float64) float64 {
	if len(y) < 2 {
		return 1
	}
	mean := sum(y) / float64(len(y))
	if !(mean > 0) {
		return 1
	}
	var squares float64
	for _, x := range y {
		squares += (x - mean) * (x - mean)
	}
	return squares / float64(len(y)-1) / mean
}

// weeksForDispersion is the least number of weeks whose sums are compared.
const weeksForDispersion = 8

// DailyDispersion returns how much more than a Poisson process daily counts
// vary: the largest of 1, the dispersion of the days and, from eight weeks on,
// that of the sums of seven days, aligned to the end.
func DailyDispersion(daily []float64) float64 {
	phi := math.Max(1, Dispersion(daily))
	var weeks []float64
	for i := len(daily) % 7; i+7 <= len(daily); i += 7 {
		weeks = append(weeks, sum(daily[i:i+7]))
	}
	if len(weeks) >= weeksForDispersion {
		phi = math.Max(phi, Dispersion(weeks))
	}
	return phi
}

func sum(xs []float64) float64 {
	var s float64
	for _, x := range xs {
		s += x
	}
	return s
}

// dailyCounts counts the times in whole days from a up to b; the last, partial
// day belongs to the day before it.
func dailyCounts(t []float64, a, b float64) []float64 {
	days := int(b - a)
	if days < 1 {
		return nil
	}
	y := make([]float64, days)
	for _, x := range t {
		if x >= a && x <= b {
			y[min(int(x-a), days-1)]++
		}
	}
	return y
}
