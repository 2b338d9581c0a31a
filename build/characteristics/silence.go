package characteristics

import (
	"context"
	"hash/fnv"
	"math"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/epicurve/epicurve/pkg/epi"
)

// The span of one history: days before the mark unless said otherwise, days
// watched after it.
const (
	history = 180.0
	watched = 180.0
)

// Silence counts how often a process that never ends is called GONE.
type Silence struct {
	Process   string
	Limit     float64
	Histories int // with enough rows before the mark
	// Random is with the mark at an unrelated time, BurstEnd with the mark,
	// adversarially, just after the last row of a burst.
	Random, BurstEnd Tally
	// Median and P90 are the days to GONE after a real fix; Never counts
	// histories of which no silence is long enough.
	Median, P90 float64
}

// Tally counts wrong calls of one kind of mark.
type Tally struct {
	Histories    int
	Gone         int // ours
	Disappearing int
	Naive        int // known rate at 1 %, one silence
	Restarting   int // the same, its clock starting again after each row
	TwiceLongest int // twice the longest gap
}

// Share is a part of the histories.
func (t Tally) Share(n int) float64 { return float64(n) / math.Max(1, float64(t.Histories)) }

// MeasureSilence runs the given number of histories of each process that the
// thresholds were chosen by.
func MeasureSilence(ctx context.Context, histories int) ([]Silence, error) {
	return measureAll(ctx, processes(), histories, history)
}

// MeasureHeldOut runs processes that nobody looked at when the thresholds were
// chosen.
func MeasureHeldOut(ctx context.Context, histories int) ([]Silence, error) {
	return measureAll(ctx, heldOut(), histories, history)
}

// MeasureSpan runs histories of another length before the mark, in days.
func MeasureSpan(ctx context.Context, histories int, span float64) ([]Silence, error) {
	return measureAll(ctx, processes(), histories, span)
}

func measureAll(ctx context.Context, ps []process, histories int, span float64) ([]Silence, error) {
	results := make([]Silence, len(ps))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range ps {
		group.Go(func() error {
			results[i] = measure(ctx, p, histories, span)
			return ctx.Err()
		})
	}
	return results, group.Wait()
}

func measure(ctx context.Context, p process, histories int, span float64) Silence {
	params := epi.Defaults()
	s := Silence{Process: p.name, Limit: p.limit}
	var delays []float64
	for h := range histories {
		if ctx.Err() != nil {
			return s
		}
		rng := rand.New(rand.NewPCG(seed(p.name), uint64(h)))
		times := p.draw(rng, span+watched+40)
		if watch(&s.Random, params, times, span) {
			s.Histories++
			delays = append(delays, delay(params, times, span))
		}
		watch(&s.BurstEnd, params, times, burstEnd(times, span))
	}
	slices.Sort(delays)
	if n := len(delays); n > 0 {
		s.Median, s.P90 = delays[n/2], delays[min(n*9/10, n-1)]
	}
	return s
}

func seed(name string) uint64 {
	h := fnv.New64a()
	h.Write([]byte(name))
	return h.Sum64()
}

// watch looks daily at one history, and reports whether it has enough rows.
func watch(t *Tally, params epi.Parameters, times []float64, mark float64) bool {
	before, _ := slices.BinarySearch(times, mark)
	if before <= params.MinGaps {
		return false
	}
	t.Histories++
	until := mark + watched
	if _, gone := params.Vanished(times, mark, until); gone {
		t.Gone++
	}
	if disappears(params, times, mark, before) {
		t.Disappearing++
	}
	after, _ := slices.BinarySearch(times, until)
	quiet := longestQuiet(times[before:after], mark, until)
	first := until
	if before < after {
		first = times[before]
	}
	need := math.Ceil(epi.QuietNeededKnown(float64(before)/(mark-times[0]), 0.01))
	count(&t.Naive, first-mark >= need)
	count(&t.Restarting, quiet >= need)
	longest := 0.0
	for i := 1; i < before; i++ {
		longest = math.Max(longest, times[i]-times[i-1])
	}
	count(&t.TwiceLongest, quiet >= math.Ceil(2*longest))
	return true
}

func count(n *int, yes bool) {
	if yes {
		*n++
	}
}

// disappears reports whether a daily look would ever say DISAPPEARING.
func disappears(params epi.Parameters, times []float64, mark float64, before int) bool {
	gaps := make([]float64, 0, before)
	for i := 1; i < before; i++ {
		gaps = append(gaps, times[i]-times[i-1])
	}
	last, start, attempt, lastDay := times[before-1], mark, 1, -1.0
	until := mark + watched
	for _, t := range append(slices.Clone(times[before:]), until) {
		t = math.Min(t, until)
		if t-start >= 1 {
			need := params.Pauses(gaps).RequiredByTail(start-last, epi.AlphaSpend(params.DisappearingAlpha, attempt))
			if math.Max(1, math.Ceil(need)) <= t-start {
				return true
			}
		}
		if t >= until || t > mark+params.Grace {
			return false
		}
		gaps, last, start = append(gaps, t-last), t, t
		if day := math.Floor(t - mark); day != lastDay {
			attempt, lastDay = attempt+1, day
		}
	}
	return false
}

func longestQuiet(rows []float64, mark, until float64) float64 {
	longest, last := 0.0, mark
	for _, t := range rows {
		longest, last = math.Max(longest, t-last), t
	}
	return math.Max(longest, until-last)
}

// delay is the quiet time that the first attempt needs after a real fix.
func delay(params epi.Parameters, times []float64, mark float64) float64 {
	before, _ := slices.BinarySearch(times, mark)
	gaps := make([]float64, 0, before)
	for i := 1; i < before; i++ {
		gaps = append(gaps, times[i]-times[i-1])
	}
	run := mark - times[before-1]
	return params.Pauses(gaps).Required(run, epi.AlphaSpend(params.SilenceAlpha, 1), times[before-1]-times[0])
}

// burstEnd places the mark 0.1 d after the last row of a burst: at the latest
// gap that is among the longest twentieth, and at least a day where any is.
func burstEnd(times []float64, span float64) float64 {
	before, _ := slices.BinarySearch(times, span)
	if before < 2 {
		return span
	}
	gaps := make([]float64, before)
	for i := range gaps {
		gaps[i] = math.Inf(1)
		if i+1 < len(times) {
			gaps[i] = times[i+1] - times[i]
		}
	}
	sorted := slices.Sorted(slices.Values(gaps))
	threshold := math.Max(quantile(sorted, 0.95), math.Min(1, sorted[len(sorted)-1]))
	for i := before - 1; i >= 0; i-- {
		if gaps[i] >= threshold {
			return times[i] + 0.1
		}
	}
	return span
}

// quantile interpolates linearly between order statistics.
func quantile(sorted []float64, p float64) float64 {
	at := p * float64(len(sorted)-1)
	i := int(at)
	if i+1 >= len(sorted) || math.IsInf(sorted[i+1], 1) {
		return sorted[i]
	}
	return sorted[i] + (at-float64(i))*(sorted[i+1]-sorted[i])
}
