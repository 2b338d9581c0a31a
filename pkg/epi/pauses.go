package epi

import (
	"math"
	"slices"
)

// Pauses is the history of a cluster's closed gaps, from which the worst-scale
// silence is judged: it assumes nothing about the process except that its
// pauses, at some scale, are no heavier than a power tail. Build it with
// [Parameters.Pauses].
type Pauses struct {
	gaps   []float64 // descending
	sums   []float64 // sums[k] = the k longest gaps together
	scales []int
	bursty bool
	params Parameters
}

// Pauses orders closed gaps, in days of operational time, and finds the scales
// at which silence is judged. Gaps that are negative or not finite count as 0.
func (p Parameters) Pauses(gaps []float64) Pauses {
	h := Pauses{gaps: slices.Clone(gaps), params: p}
	for i, g := range h.gaps {
		if !(g > 0) || math.IsInf(g, 0) {
			h.gaps[i] = 0
		}
	}
	slices.SortFunc(h.gaps, func(a, b float64) int { return -cmpFloat(a, b) })
	h.sums = make([]float64, len(h.gaps)+1)
	for i, g := range h.gaps {
		h.sums[i+1] = h.sums[i] + g
	}
	if h.Enough() {
		h.findScales()
	}
	return h
}

// Enough reports whether there are enough closed gaps to judge by.
func (h Pauses) Enough() bool { return len(h.gaps) >= max(h.params.MinGaps, 1) }

// Bursty reports whether a few pauses are far longer than the rest.
func (h Pauses) Bursty() bool { return h.bursty }

// Longest returns the longest closed gap, in days; 0 without any.
func (h Pauses) Longest() float64 {
	if len(h.gaps) == 0 {
		return 0
	}
	return h.gaps[0]
}

// findScales sets the scales k: every separated k below MinGaps, a grid from
// MinGaps upwards in steps of about √2, and all gaps together.
func (h *Pauses) findScales() {
	n, least := len(h.gaps), h.params.MinGaps
	for k := 1; k < min(least, n); k++ {
		if h.gaps[k-1] >= h.params.SeparatedBy*h.gaps[k] {
			h.scales = append(h.scales, k)
		}
	}
	h.bursty = len(h.scales) > 0 || h.longestExcess() >= h.params.BurstyFactor*h.median()/math.Ln2
	for _, k := range []int{least, least + 2} {
		if k < n {
			h.scales = append(h.scales, k)
		}
	}
	for k := 2 * least; k < n; k *= 2 {
		h.scales = append(h.scales, k)
		if k+k/2 < n {
			h.scales = append(h.scales, k+k/2)
		}
	}
	h.scales = append(h.scales, n)
}

// longestExcess is the mean excess of the MinGaps longest gaps over the next.
func (h Pauses) longestExcess() float64 {
	k := min(h.params.MinGaps, len(h.gaps))
	return (h.sums[k] - float64(k)*h.next(k)) / float64(k)
}

func (h Pauses) median() float64 {
	n := len(h.gaps)
	return (h.gaps[(n-1)/2] + h.gaps[n/2]) / 2
}

// next returns the longest gap that is not among the k longest, 0 if none.
func (h Pauses) next(k int) float64 {
	if k < len(h.gaps) {
		return h.gaps[k]
	}
	return 0
}

// index returns the tail index at scale k.
func (h Pauses) index(k int) float64 {
	if h.bursty {
		return float64(min(k, h.params.BurstyIndex))
	}
	return float64(min(k, h.params.SteadyIndex))
}

// tail returns, at scale k, the silence that must pass before anything is
// learnt and the mean excess, when run days were silent at the clock's start.
func (h Pauses) tail(k int, run float64) (waiting, mean float64) {
	g := h.next(k)
	return math.Max(0, g-run), (h.sums[k] - float64(k)*g + math.Max(0, run-g)) / float64(k)
}

// P returns the worst-scale probability of a further silence of quiet days,
// given that run days of silence had passed when the clock was started. It
// falls with quiet, and is 1 with fewer than MinGaps gaps.
func (h Pauses) P(run, quiet float64) float64 {
	if !h.Enough() {
		return 1
	}
	worst := 0.0
	for _, k := range h.scales {
		waiting, mean := h.tail(k, run)
		x := quiet - waiting
		switch {
		case !(x > 0):
			return 1
		case mean > 0:
			a := h.index(k)
			worst = math.Max(worst, math.Pow(1+x/(a*mean), -a))
		}
	}
	return worst
}

// Required returns the quiet days after the clock's start at which P falls to
// alpha at every scale, but at least the longest gaps' and the shortest quiet
// time that a history of span days allows. It is known in advance; +Inf with
// fewer than MinGaps gaps.
func (h Pauses) Required(run, alpha, span float64) float64 {
	if !h.Enough() {
		return math.Inf(1)
	}
	factor := h.params.SteadyGapFactor
	if h.bursty {
		factor = h.params.BurstyGapFactor
	}
	return max(h.RequiredByTail(run, alpha), factor*h.gaps[0]-run, h.params.minQuiet(span))
}

// RequiredByTail is Required without its two floors.
func (h Pauses) RequiredByTail(run, alpha float64) float64 {
	if !h.Enough() {
		return math.Inf(1)
	}
	need := 0.0
	for _, k := range h.scales {
		waiting, mean := h.tail(k, run)
		a := h.index(k)
		need = math.Max(need, waiting+a*mean*(math.Pow(alpha, -1/a)-1))
	}
	return need
}

// minQuiet returns the least quiet time for a history of span days.
func (p Parameters) minQuiet(span float64) float64 {
	return math.Min(p.QuietMax, math.Max(p.QuietMin, p.QuietArea/math.Max(span, 1e-9)))
}

func cmpFloat(a, b float64) int {
	switch {
	case a < b:
		return -1
	case a > b:
		return 1
	default:
		return 0
	}
}
