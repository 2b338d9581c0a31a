package epi

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"time"
)

// Interval is a span of days.
type Interval struct {
	From, To float64
}

// controlDays is the span whose rate says how many episodes to expect.
const controlDays = 56

// maxControlWidth bounds the interval judged, in days.
const maxControlWidth = 14

// Blind finds the intervals in which the feed of a scope looks dead: so few
// episodes of anything, less than BlindExposure of what is usual, where at least
// ControlMean were expected at the rate of the 56 days before, that their chance
// is below ControlP. It catches a live exporter with a broken parser too;
// heartbeats, where there are any, are better: the end of the cluster that most
// crashes belong to looks the same. Evaluate therefore looks again without the
// question's own cluster and the largest other one before its clock stands still.
func (p *Population) Blind(scope Predicate, now float64) ([]Interval, error) {
	if err := p.in.checkPredicate("scope", scope); err != nil {
		return nil, err
	}
	var times []float64
	for _, row := range p.episodes {
		t := p.in.Crashes.Time[row]
		if t <= now && scope.matches(p.in.Crashes.Codes, int(row)) {
			times = append(times, t)
		}
	}
	return p.params.BlindIntervals(times, p.in.From, math.Min(now, p.in.To)), nil
}

// BlindIntervals finds the blind intervals of ascending episode times in
// [from, to]. Over-dispersed counts are divided by their dispersion first, and
// ControlP by the number of intervals that were looked at.
func (p Parameters) BlindIntervals(times []float64, from, to float64) []Interval {
	begin, end := math.Floor(from), math.Floor(to)
	return p.blindDays(dailyCounts(times, begin, end), begin)
}

// blindDays finds the blind intervals of daily counts that begin on a day.
func (p Parameters) blindDays(daily []float64, begin float64) []Interval {
	expected := make([]float64, len(daily)) // over φ, on suspected days
	blind := make([]bool, len(daily))
	looks := 1.0
	for day := maxControlWidth; day < len(daily); day++ {
		rate, phi := controlRate(daily, blind, day)
		width := int(math.Max(1, math.Ceil(p.ControlMean*phi/math.Max(rate, 1e-9))))
		if width > maxControlWidth || day+width > len(daily) {
			continue
		}
		looks += 1 / float64(width)
		usual, observed := rate*float64(width), sum(daily[day:day+width])
		if observed >= p.BlindExposure*usual || PoissonCDF(int(observed/phi), usual/phi) > p.ControlP {
			continue
		}
		for i := day; i < day+width; i++ {
			blind[i], expected[i] = true, rate/phi
		}
	}
	found := trimmed(blind, daily, begin)
	return slices.DeleteFunc(found, func(i Interval) bool {
		a, b := int(i.From-begin), int(i.To-begin)
		return PoissonCDF(int(sum(daily[a:b])), sum(expected[a:b])) > p.ControlP/looks
	})
}

// deadFeed returns a note when nothing else was seen lately where much was
// expected, "" when all is well.
func (p *Population) deadFeed(m members, now float64) string {
	begin, end := math.Floor(p.in.From), math.Floor(now)
	daily := make([]float64, max(0, int(end-begin)))
	count := func(rows []int32, one float64) {
		for _, row := range rows {
			if day := int(math.Floor(p.in.Crashes.Time[row]) - begin); day >= 0 && day < len(daily) {
				daily[day] += one
			}
		}
	}
	count(p.episodes, 1)
	count(m.episodes, -1) // its own silence is the question
	blind := p.params.blindDays(daily, begin)
	if n := len(blind); n > 0 && blind[n-1].To >= end {
		return fmt.Sprintf("since %s next to no other crashes were seen either: the feed may be dead", TimeOf(blind[n-1].From).Format(time.DateOnly))
	}
	return ""
}

// controlRate returns the rate a day and the dispersion of the days before,
// blind days left out.
func controlRate(daily []float64, blind []bool, day int) (rate, phi float64) {
	var seen []float64
	for i := max(0, day-controlDays); i < day; i++ {
		if !blind[i] {
			seen = append(seen, daily[i])
		}
	}
	if len(seen) == 0 {
		return 0, 1
	}
	return sum(seen) / float64(len(seen)), math.Max(1, Dispersion(seen))
}

// trimmed joins blind days into intervals and takes off days with episodes at
// both ends.
func trimmed(blind []bool, daily []float64, begin float64) []Interval {
	var found []Interval
	for i := 0; i < len(blind); i++ {
		if !blind[i] {
			continue
		}
		j := i
		for j < len(blind) && blind[j] {
			j++
		}
		a, b := i, j
		for a < b && daily[a] > 0 {
			a++
		}
		for b > a && daily[b-1] > 0 {
			b--
		}
		if a == b { // never quite silent: keep it whole
			a, b = i, j
		}
		found = append(found, Interval{begin + float64(a), begin + float64(b)})
		i = j
	}
	return found
}

// CensoredRate returns the rate per host-hour when hosts are limited to a few
// reports an hour: a host-hour at its limit is only known to have crashed, so
// λ = −ln(1−f) from the share f of host-hours with a crash. +Inf when every
// host-hour had one.
func CensoredRate(hit, hostHours float64) float64 {
	if !(hostHours > 0) {
		return 0
	}
	return -math.Log1p(-clamp01(hit / hostHours))
}

// Ascertainment returns the share of crashes that became records: cores parsed
// over crashes known from elsewhere (restarts, the kernel log), with its 95 %
// interval. A constant share cancels out of every comparison; when it changes,
// give the changed span as an Outage with Seen = after/before.
func Ascertainment(parsed, known int) (share, lower, upper float64) {
	if known <= 0 {
		return 0, 0, 1
	}
	parsed = min(parsed, known)
	lower, upper = ClopperPearson(float64(parsed), float64(known), 0.95)
	return float64(parsed) / float64(known), lower, upper
}

// Occurrence identifies a row for the search for duplicates.
type Occurrence struct {
	Host, Boot string
	PID        int64
	Time       float64 // days
	// Rank orders what rows of one crash say: the lowest is kept, of equals
	// the earliest.
	Rank int
}

// duplicateSlack is how far apart two reports of one crash may be: 1 s.
const duplicateSlack = 1.0 / 86400

// Duplicates returns, ascending, the indexes of rows that repeat another one:
// the same host, boot and process within a second of the first.
func Duplicates(rows []Occurrence) []int {
	type process struct {
		host, boot string
		pid        int64
	}
	type kept struct {
		first float64 // time of the first row of the crash
		row   int
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	byTime := func(a, b int) int { return cmp.Compare(rows[a].Time, rows[b].Time) }
	if !slices.IsSortedFunc(order, byTime) { // an archive delivers them so
		slices.SortStableFunc(order, byTime)
	}
	last := map[process]kept{}
	var repeated []int
	for _, i := range order {
		r := rows[i]
		key := process{r.Host, r.Boot, r.PID}
		k, seen := last[key]
		switch {
		case !seen || r.Time-k.first > duplicateSlack*(1+1e-6):
			last[key] = kept{r.Time, i}
		case r.Rank < rows[k.row].Rank:
			repeated = append(repeated, k.row)
			last[key] = kept{k.first, i}
		default:
			repeated = append(repeated, i)
		}
	}
	slices.Sort(repeated)
	return repeated
}

// Horizon returns the moment up to which rows can be taken as complete: now
// less the 99th percentile of the days from crash to ingest. A row that comes
// later still opens the silence again.
func Horizon(now float64, delays []float64) float64 {
	if len(delays) == 0 {
		return now
	}
	sorted := slices.Sorted(slices.Values(delays))
	i := min(int(math.Ceil(0.99*float64(len(sorted)))), len(sorted)) - 1
	return now - math.Max(0, sorted[max(i, 0)])
}
