package characteristics

import (
	"context"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/epicurve/epicurve/pkg/epi"
)

// Surges counts the alarms of the CUSUM of clusters of one rate: false ones a year
// while nothing changes, and how soon a rise is seen.
type Surges struct {
	Rate float64 // episodes a day
	// False is the number of alarms per cluster and year of a constant rate,
	// Bursty of days whose rate is drawn anew each day (negative binomial of
	// size 1).
	False, Bursty float64
	// Delay is the median number of days from a rise to the factors of Rises to
	// the alarm; -1 when fewer than half alarm within watchedRise days.
	Delay []int
}

// Rises are the factors by which a rate rises.
var Rises = []float64{1.5, 2, 3, 5}

const (
	surgeClusters = 50  // that share the budget of one false alarm a month
	surgeWarmUp   = 63  // days of the first baseline and its lag
	surgeYear     = 365 // days in which alarms are counted
	watchedRise   = 180
)

// surgeRates are those of table 5.2 of the specification.
var surgeRates = []float64{0.02, 0.1, 0.5, 1, 2, 5, 12}

// DesignedAlarms is the number of false alarms a cluster and year that the budget
// allows.
const DesignedAlarms = surgeYear / (30. * surgeClusters)

// MeasureSurges runs the given number of histories of each rate.
func MeasureSurges(ctx context.Context, histories int) ([]Surges, error) {
	results := make([]Surges, len(surgeRates))
	group, ctx := errgroup.WithContext(ctx)
	group.SetLimit(runtime.GOMAXPROCS(0))
	for i, rate := range surgeRates {
		group.Go(func() error {
			results[i] = measureSurges(rate, histories)
			return ctx.Err()
		})
	}
	return results, group.Wait()
}

func measureSurges(rate float64, histories int) Surges {
	charts := epi.Defaults().NewCharts(surgeClusters)
	s := Surges{Rate: rate}
	delays := make([][]int, len(Rises))
	for h := range histories {
		rng := rand.New(rand.NewPCG(seed(fmt.Sprint("surge ", rate)), uint64(h)))
		s.False += float64(len(alarmsOf(charts, poisson(rng, surgeWarmUp+surgeYear, rate), surgeWarmUp+surgeYear)))
		s.Bursty += float64(len(alarmsOf(charts, negativeBinomialDays(rng, surgeWarmUp+surgeYear, rate, 1), surgeWarmUp+surgeYear)))
		if h%4 == 0 { // delays need no more
			for i, factor := range Rises {
				delays[i] = append(delays[i], riseSeen(charts, rng, rate, factor))
			}
		}
	}
	s.False, s.Bursty = s.False/float64(histories), s.Bursty/float64(histories)
	for _, d := range delays {
		slices.Sort(d)
		median := d[len(d)/2]
		if median > watchedRise {
			median = -1
		}
		s.Delay = append(s.Delay, median)
	}
	return s
}

// alarmsOf lists the alarms after the warm-up.
func alarmsOf(charts *epi.Charts, times []float64, days int) []int {
	return slices.DeleteFunc(charts.Alarms(times, 0, float64(days)), func(day int) bool { return day < surgeWarmUp })
}

// riseSeen returns the number of days from a rise to the end of the day of the
// alarm, more than watchedRise when there is none.
func riseSeen(charts *epi.Charts, rng *rand.Rand, rate, factor float64) int {
	const rise = 2 * surgeWarmUp
	times := poisson(rng, rise, rate)
	for _, t := range poisson(rng, watchedRise, factor*rate) {
		times = append(times, rise+t)
	}
	for _, day := range alarmsOf(charts, times, rise+watchedRise) {
		if day >= rise {
			return day - rise + 1
		}
	}
	return watchedRise + 1
}
