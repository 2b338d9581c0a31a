package characteristics

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/epicurve/epicurve/pkg/epi"
)

// Reduced counts how often a process is called REDUCED when nothing changed, when
// half of its crashes are gone from the mark on, and when nine of ten are.
type Reduced struct {
	Process   string
	Histories int
	False     float64
	// Half and Tenth are the shares called REDUCED by the first and the last
	// look.
	Half, Tenth [2]float64
}

// MeasureReduced runs the given number of histories of each process.
func MeasureReduced(ctx context.Context, histories int) ([]Reduced, error) {
	ps := processes()
	results := make([]Reduced, len(ps))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, p := range ps {
		group.Go(func() error {
			results[i] = measureReduced(p, histories)
			return ctx.Err()
		})
	}
	return results, group.Wait()
}

func measureReduced(p process, histories int) Reduced {
	params := epi.Defaults()
	last := params.ReducedLooks[len(params.ReducedLooks)-1]
	m := Reduced{Process: p.name}
	var wrong int
	var half, tenth [2]int
	for h := range histories {
		rng := rand.New(rand.NewPCG(seed(p.name+" reduced"), uint64(h)))
		times := p.draw(rng, history+last+1)
		if before, _ := slices.BinarySearch(times, history); before <= params.MinGaps {
			continue
		}
		m.Histories++
		if r, ok := params.Reduced(times, 0, history, history+last); ok && r.Reduced {
			wrong++
		}
		for _, part := range []struct {
			keep   float64
			counts *[2]int
		}{{0.5, &half}, {0.1, &tenth}} {
			if r, ok := params.Reduced(thinned(rng, times, part.keep), 0, history, history+last); ok && r.Reduced {
				part.counts[1]++
				if r.Look == params.ReducedLooks[0] {
					part.counts[0]++
				}
			}
		}
	}
	n := float64(max(1, m.Histories))
	m.False = float64(wrong) / n
	for i := range half {
		m.Half[i], m.Tenth[i] = float64(half[i])/n, float64(tenth[i])/n
	}
	return m
}

// thinned keeps a share of the crashes after the mark.
func thinned(r *rand.Rand, times []float64, keep float64) []float64 {
	return slices.DeleteFunc(slices.Clone(times), func(t float64) bool { return t >= history && r.Float64() >= keep })
}
