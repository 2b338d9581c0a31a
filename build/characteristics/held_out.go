package characteristics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// heldOut are processes of other kinds than those that the thresholds were chosen
// by (section 6.7 of the specification names the kinds).
func heldOut() []process {
	return []process{
		{"three states: 12/d, 1/d, silent", 0.01, threeStates},
		{"off uniform 1 to 20 d", 0.01, func(r *rand.Rand, h float64) []float64 {
			return onOff(r, h, 10, 3, func() float64 { return 1 + 19*r.Float64() })
		}},
		{"off Pareto(2.5)", 0.01, func(r *rand.Rand, h float64) []float64 {
			return onOff(r, h, 10, 3, func() float64 { return 4 * math.Pow(1-r.Float64(), -1/2.5) })
		}},
		{"off lognormal(5 d, σ=1.5)", 0.01, func(r *rand.Rand, h float64) []float64 {
			return onOff(r, h, 10, 2, func() float64 { return 5 * math.Exp(1.5*r.NormFloat64()) })
		}},
		{"gamma gaps, shape 0.3", 0.01, func(r *rand.Rand, h float64) []float64 {
			return renewal(r, h, 1, func() float64 { return gamma(r, 0.3) / 0.3 })
		}},
		{"lognormal gaps, σ=1.5", 0.01, func(r *rand.Rand, h float64) []float64 {
			return renewal(r, h, 1, func() float64 { return math.Exp(1.5*r.NormFloat64() - 1.125) })
		}},
		{"Cox process, memory 10 d", 0.01, func(r *rand.Rand, h float64) []float64 { return cox(r, h, 2, 10) }},
		{"Cox process, memory 30 d", 0.01, func(r *rand.Rand, h float64) []float64 { return cox(r, h, 2, 30) }},
		{"office hours", 0.01, officeHours},
		{"bursts every two months", 0.01, func(r *rand.Rand, h float64) []float64 { return cron(r, h, 61, 15, 3) }},
		{"growth, doubling every 60 d", 0.01, growth},
		{"rare crash loops (10 rows) every 15 d", 0.01, func(r *rand.Rand, h float64) []float64 { return crashLoops(r, h, 1./15, 10) }},
	}
}

// threeStates jumps between a fast, a slow and a silent state.
func threeStates(r *rand.Rand, h float64) []float64 {
	rates, stays := []float64{12, 1, 0}, []float64{2, 10, 8}
	var out []float64
	state := r.IntN(3)
	for t := -30 * r.ExpFloat64(); t < h; state = (state + 1 + r.IntN(2)) % 3 {
		end := t + stays[state]*r.ExpFloat64()
		if rate := rates[state]; rate > 0 {
			for at := t + r.ExpFloat64()/rate; at < end; at += r.ExpFloat64() / rate {
				out = append(out, at)
			}
		}
		t = end
	}
	return window(out, h)
}

// renewal draws independent gaps of a mean, started well before time 0.
func renewal(r *rand.Rand, h, mean float64, gap func() float64) []float64 {
	var out []float64
	for t := -30 * mean * (1 + r.Float64()); t < h; {
		t += gap()
		out = append(out, t)
	}
	return window(out, h)
}

// cox is Poisson with a rate whose logarithm wanders around that of a mean and
// forgets where it was within a memory, in days.
func cox(r *rand.Rand, h, mean, memory float64) []float64 {
	const step, sigma = 0.25, 1.2
	keep := math.Exp(-step / memory)
	x := sigma * r.NormFloat64()
	var out []float64
	for t := 0.0; t < h; t += step {
		for range len(poisson(r, 1, step*mean*math.Exp(x-sigma*sigma/2))) {
			out = append(out, t+step*r.Float64())
		}
		x = keep*x + math.Sqrt(1-keep*keep)*sigma*r.NormFloat64()
	}
	return window(out, h)
}

// officeHours is 4 a day, from 8 to 18 h on five days of seven.
func officeHours(r *rand.Rand, h float64) []float64 {
	shift := r.IntN(7)
	return slices.DeleteFunc(poisson(r, h, 4*24./10), func(t float64) bool {
		hour := 24 * (t - math.Floor(t))
		return (int(t)+shift)%7 >= 5 || hour < 8 || hour >= 18
	})
}

// growth begins at one a day and doubles every 60 days, up to 20 a day.
func growth(r *rand.Rand, h float64) []float64 {
	const most = 20
	return slices.DeleteFunc(poisson(r, h, most), func(t float64) bool {
		return r.Float64()*most > math.Min(most, math.Exp2(t/60))
	})
}
