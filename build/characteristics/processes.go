package characteristics

import (
	"math"
	"math/rand/v2"
	"slices"
)

// process is a kind of crash process that never ends: whoever calls it gone is
// wrong. draw returns its ascending times in [0, horizon) days.
type process struct {
	name string
	// limit is the highest rate of false GONE, with a mark at an unrelated
	// time, that counts as kept: 1 % but for the infinite-variance process.
	limit float64
	draw  func(rng *rand.Rand, horizon float64) []float64
}

// processes are those of table 6.7 of the specification.
func processes() []process {
	return []process{
		{"Poisson 12/day", 0.01, func(r *rand.Rand, h float64) []float64 { return poisson(r, h, 12) }},
		{"Poisson 1/day", 0.01, func(r *rand.Rand, h float64) []float64 { return poisson(r, h, 1) }},
		{"Poisson 1/week", 0.01, func(r *rand.Rand, h float64) []float64 { return poisson(r, h, 1./7) }},
		{"on 3 d @10/d, off Exp(10 d)", 0.01, func(r *rand.Rand, h float64) []float64 {
			return onOff(r, h, 10, 3, func() float64 { return 10 * r.ExpFloat64() })
		}},
		{"on 5 d @12/d, off Exp(30 d)", 0.01, func(r *rand.Rand, h float64) []float64 {
			return onOff(r, h, 12, 5, func() float64 { return 30 * r.ExpFloat64() })
		}},
		{"off lognormal(7 d, σ=1)", 0.01, func(r *rand.Rand, h float64) []float64 {
			return onOff(r, h, 10, 2, func() float64 { return 7 * math.Exp(r.NormFloat64()) })
		}},
		{"off Pareto(1.5): infinite variance", 0.02, func(r *rand.Rand, h float64) []float64 {
			return onOff(r, h, 10, 2, func() float64 { return 2 * math.Pow(1-r.Float64(), -1/1.5) })
		}},
		{"5/d with a ~14 d pause every ~60 d", 0.01, func(r *rand.Rand, h float64) []float64 { return withPauses(r, h, 5, 60, 14) }},
		{"crash loops (20 rows) every 3 d", 0.01, func(r *rand.Rand, h float64) []float64 { return crashLoops(r, h, 1./3, 20) }},
		{"weekly cron burst", 0.01, func(r *rand.Rand, h float64) []float64 { return cron(r, h, 7, 8, 0.5) }},
		{"monthly cron burst", 0.01, func(r *rand.Rand, h float64) []float64 { return cron(r, h, 30.4, 20, 2) }},
		{"Hawkes, branching 0.9", 0.01, func(r *rand.Rand, h float64) []float64 { return hawkes(r, h, 0.15, 0.9, 1) }},
		{"Weibull gaps k=0.5", 0.01, func(r *rand.Rand, h float64) []float64 { return weibull(r, h, 0.5, 2) }},
		{"negative-binomial days, size 0.15", 0.01, func(r *rand.Rand, h float64) []float64 { return negativeBinomialDays(r, h, 2, 0.15) }},
	}
}

// poisson draws a homogeneous process by its gaps.
func poisson(r *rand.Rand, h, rate float64) []float64 {
	var out []float64
	for t := r.ExpFloat64() / rate; t < h; t += r.ExpFloat64() / rate {
		out = append(out, t)
	}
	return out
}

// onOff is Poisson of the given rate while on, silent while off.
func onOff(r *rand.Rand, h, rate, on float64, off func() float64) []float64 {
	var out []float64
	running := r.IntN(2) == 0
	for t := -30 * r.ExpFloat64(); t < h; running = !running {
		if !running {
			t += off()
			continue
		}
		end := t + on*r.ExpFloat64()
		for at := t + r.ExpFloat64()/rate; at < end; at += r.ExpFloat64() / rate {
			if at >= 0 && at < h {
				out = append(out, at)
			}
		}
		t = end
	}
	return out
}

// withPauses cuts pauses of 0.6 to 1.4 times a length into a Poisson process.
func withPauses(r *rand.Rand, h, rate, every, length float64) []float64 {
	times := poisson(r, h, rate)
	for t := every * r.ExpFloat64(); t < h; {
		end := t + length*(0.6+0.8*r.Float64())
		times = slices.DeleteFunc(times, func(x float64) bool { return x >= t && x <= end })
		t = end + every*r.ExpFloat64()
	}
	return times
}

// crashLoops starts loops of geometric length within an hour.
func crashLoops(r *rand.Rand, h, rate, mean float64) []float64 {
	var out []float64
	for _, start := range poisson(r, h, rate) {
		n := 1 + int(math.Log(1-r.Float64())/math.Log1p(-1/mean))
		for range n {
			out = append(out, start+r.Float64()/24)
		}
	}
	return window(out, h)
}

// cron bursts at a fixed period.
func cron(r *rand.Rand, h, period, mean, width float64) []float64 {
	var out []float64
	for start := period * r.Float64(); start < h; start += period {
		for range len(poisson(r, 1, mean)) {
			out = append(out, start+width*r.Float64())
		}
	}
	return window(out, h)
}

// hawkes excites itself: each event has on average branching children.
func hawkes(r *rand.Rand, h, base, branching, decay float64) []float64 {
	queue := poisson(r, h, base)
	var out []float64
	for len(queue) > 0 {
		t := queue[len(queue)-1]
		queue = queue[:len(queue)-1]
		out = append(out, t)
		for range len(poisson(r, 1, branching)) {
			if child := t + r.ExpFloat64()/decay; child < h {
				queue = append(queue, child)
			}
		}
	}
	return window(out, h)
}

// weibull is a renewal process, started well before time 0.
func weibull(r *rand.Rand, h, shape, mean float64) []float64 {
	scale := mean / math.Gamma(1+1/shape)
	var out []float64
	for t := -20 * mean * r.Float64(); t < h; {
		t += scale * math.Pow(r.ExpFloat64(), 1/shape)
		out = append(out, t)
	}
	return window(out, h)
}

// negativeBinomialDays draws each day's rate from a gamma distribution.
func negativeBinomialDays(r *rand.Rand, h, mean, size float64) []float64 {
	var out []float64
	for day := range int(h) {
		for range len(poisson(r, 1, gamma(r, size)*mean/size)) {
			out = append(out, float64(day)+r.Float64())
		}
	}
	return window(out, h)
}

// gamma draws from a gamma distribution of scale 1 (Marsaglia and Tsang 2000).
func gamma(r *rand.Rand, shape float64) float64 {
	if shape < 1 {
		return gamma(r, shape+1) * math.Pow(1-r.Float64(), 1/shape)
	}
	d := shape - 1./3
	c := 1 / math.Sqrt(9*d)
	for {
		x := r.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-r.Float64()) < 0.5*x*x+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// window orders times and keeps those in [0, h).
func window(times []float64, h float64) []float64 {
	times = slices.DeleteFunc(times, func(t float64) bool { return t < 0 || t >= h })
	slices.Sort(times)
	return times
}
