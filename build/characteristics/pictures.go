package characteristics

import (
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"

	"github.com/epicurve/epicurve/pkg/epi"
)

// Pictures returns the pictures of docs/statistics.md by file name, drawn from
// what pkg/epi computes.
func Pictures() map[string]string {
	return map[string]string{
		"silence.svg": silencePicture().svg(),
		"onset.svg":   onsetPicture().svg(),
		"surge.svg":   surgePicture().svg(),
		"cases.svg":   casesPicture().svg(),
		"reduced.svg": reducedPicture().svg(),
	}
}

// WritePictures writes the pictures into a folder.
func WritePictures(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	for name, svg := range Pictures() {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(svg), 0o644); err != nil {
			return err
		}
	}
	return nil
}

const (
	blue, red, grey = "#1f60c4", "#c4162a", "#888888"
)

func ticks(format string, at ...float64) []tick {
	var all []tick
	for _, v := range at {
		all = append(all, tick{v, fmt.Sprintf(format, v)})
	}
	return all
}

// silencePicture follows the silence of a bursty cluster: what a known rate says,
// and what its own pauses say.
func silencePicture() chart {
	params := epi.Defaults()
	times := onOff(rand.New(rand.NewPCG(5, 5)), history, 10, 3, func() float64 { return 6 })
	var gaps []float64
	for i := 1; i < len(times); i++ {
		gaps = append(gaps, times[i]-times[i-1])
	}
	last := times[len(times)-1]
	pauses, rate, alpha := params.Pauses(gaps), float64(len(times))/(last-times[0]), epi.AlphaSpend(params.SilenceAlpha, 1)
	need := math.Ceil(pauses.Required(0, alpha, last-times[0]))
	end := math.Ceil(need*1.25/10) * 10
	worst, known, limit := line{name: "at the least favourable scale (decides)", colour: blue}, line{name: "at exactly the old rate", colour: grey}, line{name: "limit of the first attempt, 0.0025", colour: red, dashed: true}
	for q := 0.0; q <= end; q += end / 240 {
		worst.x, worst.y = append(worst.x, q), append(worst.y, pauses.P(0, q))
		known.x, known.y = append(known.x, q), append(known.y, epi.SilenceKnownRate(rate, q))
		limit.x, limit.y = append(limit.x, q), append(limit.y, alpha)
	}
	return chart{
		title: fmt.Sprintf("Silence of a cluster with %d crashes in bursts; longest pause %.0f d", len(times), pauses.Longest()),
		x:     axis{label: "quiet days", max: end, ticks: ticks("%.0f", 0, end/4, end/2, 3*end/4, end)},
		y:     axis{label: "probability", min: 1e-4, max: 1, log: true, ticks: ticks("%g", 1e-4, 1e-3, 1e-2, 0.1, 1)},
		lines: []line{worst, known, limit}, annotations: []annotation{{need, alpha, fmt.Sprintf("GONE possible on day %.0f", need)}},
	}
}

// onsetPicture is the chance that a cluster had begun, before its first crash.
func onsetPicture() chart {
	const first, now = 100.0, 180.0
	c := chart{
		title: "How long before its first crash did it begin?",
		x:     axis{label: "days before the first crash", min: -first, ticks: []tick{{-100, "100"}, {-75, "75"}, {-50, "50"}, {-25, "25"}, {0, "first crash"}}},
		y:     axis{label: "chance that it began by then", max: 1, ticks: ticks("%g", 0, 0.25, 0.5, 0.75, 1)},
	}
	for i, n := range []float64{5, 12, 80} {
		l := line{name: fmt.Sprintf("%.0f crashes in the 80 days since", n), colour: []string{grey, blue, red}[i]}
		for t := 0.0; t <= first; t++ {
			l.x, l.y = append(l.x, t-first), append(l.y, epi.OnsetZeroCDF(n, first, 0, now, t))
		}
		c.lines = append(c.lines, l)
		at := epi.OnsetZeroQuantile(n, first, 0, now, 0.025)
		c.annotations = append(c.annotations, annotation{at - first, 0.025, ""})
	}
	c.annotations[0].text = "earliest date of the interval (2.5 %)"
	return c
}

// surgePicture is the chart of a cluster whose rate doubles.
func surgePicture() chart { return surgeOf(29) }

func surgeOf(seed uint64) chart {
	const days, rise = 90, 45
	plan := epi.Defaults().PlanCusum(1, 1500)
	rng := rand.New(rand.NewPCG(7, seed))
	score, counts := line{name: "score", colour: blue, step: true}, line{name: "crashes a day (×2 from day 45)", colour: grey, step: true}
	limit := line{name: "limit", colour: red, dashed: true, x: []float64{0, days}, y: []float64{plan.H, plan.H}}
	c := chart{title: fmt.Sprintf("Surge chart of a cluster with one crash a day: reference %.1f, limit %.1f", plan.K, plan.H)}
	s := 0.0
	for d := range days {
		rate := 1.0
		if d >= rise {
			rate = 2
		}
		x := float64(len(poisson(rng, 1, rate)))
		s = math.Max(0, s+x-plan.K)
		if len(c.annotations) == 0 { // after an alarm the score begins anew
			score.x, score.y = append(score.x, float64(d)), append(score.y, s)
		}
		counts.x, counts.y = append(counts.x, float64(d)), append(counts.y, x)
		if s >= plan.H && len(c.annotations) == 0 {
			c.annotations = []annotation{{float64(d), s, "alarm on day " + strconv.Itoa(d)}}
		}
	}
	c.x = axis{label: "day", max: days, ticks: ticks("%.0f", 0, 30, 45, 60, 90)}
	c.y = axis{label: "score", max: 16, ticks: ticks("%.0f", 0, 4, 8, 12, 16)}
	c.lines = []line{counts, score, limit}
	return c
}

// casesPicture is the number of cases that make a value visible.
func casesPicture() chart {
	params := epi.Defaults()
	l := line{name: "cases needed when all of them have it", colour: blue, step: true}
	n := params.VerdictMin
	for w := 0.01; w <= 0.85; w += 0.005 {
		for epi.Gain(n, n, w, max(2, int(1/w)), 7) < params.MinGain {
			n++
		}
		l.x, l.y = append(l.x, w), append(l.y, float64(n))
	}
	trusted := line{name: "trustworthy from 30", colour: red, dashed: true, x: []float64{0, 0.85}, y: []float64{30, 30}}
	return chart{
		title: "How many cases show a value that a part of the fleet has, too",
		x:     axis{label: "share of the fleet that has it", max: 0.85, ticks: []tick{{0.01, "1 %"}, {0.25, "25 %"}, {0.5, "50 %"}, {0.66, "66 %"}, {0.8, "80 %"}}},
		y:     axis{label: "cases", max: 80, ticks: ticks("%.0f", 0, 10, 30, 50, 80)},
		lines: []line{l, trusted},
	}
}

// reducedPicture is the interval of the rate ratio after a fix that halves it.
func reducedPicture() chart { return reducedOf(22) }

func reducedOf(seed uint64) chart {
	params := epi.Defaults()
	rng := rand.New(rand.NewPCG(11, seed))
	times := thinned(rng, poisson(rng, history+112, 1.5), 0.5)
	ratio, low, high := line{name: "rate after / before", colour: blue}, line{name: "its interval", colour: grey}, line{name: "", colour: grey}
	c := chart{title: "A fix that halved a rate of 1.5 a day, looked at on days 28, 56 and 112"}
	for d := 3.0; d <= 112; d++ {
		r, _ := params.Reduced(times, 0, history, history+d)
		ratio.x, ratio.y = append(ratio.x, d), append(ratio.y, float64(r.Ratio))
		low.x, low.y = append(low.x, d), append(low.y, float64(r.Lower))
		high.x, high.y = append(high.x, d), append(high.y, float64(r.Upper))
		if r.Reduced {
			c.annotations = []annotation{{d, float64(r.Upper), fmt.Sprintf("REDUCED on day %.0f: %.2f [%.2f, %.2f]", r.Look, float64(r.Ratio), float64(r.Lower), float64(r.Upper))}}
			break
		}
	}
	bar := line{name: "must be below for sure, 0.8", colour: red, dashed: true, x: []float64{0, 112}, y: []float64{params.ReducedBelow, params.ReducedBelow}}
	c.x = axis{label: "days after the mark", max: 112, ticks: ticks("%.0f", 0, 28, 56, 84, 112)}
	c.y = axis{label: "ratio", max: 1.6, ticks: ticks("%g", 0, 0.4, 0.8, 1.2, 1.6)}
	c.lines = []line{ratio, low, bar, high}
	return c
}
