package query

import "github.com/epicurve/epicurve/pkg/epi"

// RateConfidence is the confidence of the interval of a rate.
const RateConfidence = 0.95

// RateInterval returns the exact interval of a rate of n crashes in some
// host-days (Garwood 1936).
func RateInterval(n, hostDays float64) (low, high float64) {
	return epi.PoissonRateCI(n, hostDays, RateConfidence)
}
