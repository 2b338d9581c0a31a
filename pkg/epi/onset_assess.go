package epi

import (
	"fmt"
	"math"
	"strings"
	"time"
)

// Onset says when a cluster began.
type Onset struct {
	// Censored is true when it may be older than the archive: no date is
	// given then.
	Censored bool `json:"censored"`
	// BeforeArchive is the probability of that, from all episodes as the
	// formula has it; BeforeArchiveBursty after dividing their number by
	// their dispersion, which decides.
	BeforeArchive       float64 `json:"beforeArchive"`
	BeforeArchiveBursty float64 `json:"beforeArchiveBursty"`
	// Earliest and First bound the onset at 95 %; the onset can't be later
	// than the first row.
	Earliest time.Time `json:"earliest,omitzero"`
	Likely   time.Time `json:"likely,omitzero"` // median
	First    time.Time `json:"first"`
	// Ended is the earliest onset if the cluster ended with its last row,
	// as a long unmarked silence suggests.
	EarliestIfEnded time.Time `json:"earliestIfEnded,omitzero"`
	// Phi is the dispersion of daily and weekly counts by which the number
	// of episodes of a bursty cluster was divided; 1 for a steady one.
	Phi float64 `json:"phi"`
	// Change is a later change of rate, where one is established.
	Change *RateChange `json:"change,omitempty"`
	// Events lists every change event inside the interval, not ranked.
	Events []OnsetEvent `json:"events,omitempty"`
}

// OnsetEvent is a change event inside the onset interval.
type OnsetEvent struct {
	At   time.Time `json:"at"`
	What string    `json:"what"`
}

// RateChange is an established change of rate.
type RateChange struct {
	Earliest time.Time `json:"earliest"`
	Likely   time.Time `json:"likely"`
	Latest   time.Time `json:"latest"`
	Before   float64   `json:"before"` // episodes a day
	After    float64   `json:"after"`
	LogBF    float64   `json:"logBF"`
}

// onset dates the cluster's beginning. end is the mark, if any, or now; quiet
// tells that an unmarked silence suggests the end of the cluster.
func (p *Population) onset(m members, clock Clock, end float64, quiet bool) *Onset {
	if len(m.times) < 2 {
		return nil
	}
	a, b := clock.At(p.in.From), clock.At(end)
	times := clock.all(m.times)
	for len(times) > 0 && times[len(times)-1] > b {
		times = times[:len(times)-1]
	}
	if len(times) < 2 || !(b > a) {
		return nil
	}
	t1, n := times[0], float64(len(times))
	spread := b
	if quiet { // an ended cluster is not bursty because it ended
		spread = times[len(times)-1]
	}
	o := &Onset{First: TimeOf(m.times[0]), Phi: 1}
	if p.params.Pauses(gapsOf(times)).Bursty() {
		o.Phi = DailyDispersion(dailyCounts(times, t1, spread))
	}
	effective := math.Max(2, n/o.Phi)
	o.BeforeArchive = OnsetBeforeArchive(n, t1, a, b)
	o.BeforeArchiveBursty = OnsetBeforeArchive(effective, t1, a, b)
	o.Censored = o.BeforeArchiveBursty > p.params.LeftCensored
	tail := (1 - p.params.Confidence) / 2
	if !o.Censored {
		earliest := clock.Wall(OnsetZeroQuantile(effective, t1, a, b, tail))
		o.Earliest = TimeOf(earliest)
		o.Likely = TimeOf(clock.Wall(OnsetZeroQuantile(effective, t1, a, b, 0.5)))
		for _, e := range p.eventsBetween(earliest, m.times[0]) {
			o.Events = append(o.Events, OnsetEvent{At: TimeOf(e.At), What: e.What})
		}
		if last := times[len(times)-1]; quiet && last > t1 {
			o.EarliestIfEnded = TimeOf(clock.Wall(OnsetZeroQuantile(effective, t1, a, last, tail)))
		}
	}
	from := a
	if !o.Censored {
		from = t1
	}
	if quiet {
		b = times[len(times)-1]
	}
	o.Change = p.rateChange(times, from, b, clock)
	return o
}

// rateChange looks for a change of rate by days. The counts are divided by the
// dispersion that is left within the two parts, so that bursts are not taken
// for changes.
func (p *Population) rateChange(times []float64, a, b float64, clock Clock) *RateChange {
	daily := dailyCounts(times, a, b)
	if len(daily) < 4 {
		return nil
	}
	probability, _ := OnsetBuckets(daily, nil, 0.5)
	mode := 0
	for k, x := range probability {
		if x > probability[mode] {
			mode = k
		}
	}
	phi := math.Max(DailyDispersion(daily[:mode+1]), DailyDispersion(daily[mode+1:]))
	scaled := make([]float64, len(daily))
	for i, x := range daily {
		scaled[i] = x / phi
	}
	probability, logBF := OnsetBuckets(scaled, nil, 0.5)
	if logBF <= p.params.OnsetLogBF {
		return nil
	}
	tail := (1 - p.params.Confidence) / 2
	at := func(q float64) time.Time {
		cumulative := 0.0
		for k, x := range probability {
			if cumulative += x; cumulative >= q {
				return TimeOf(clock.Wall(a + float64(k+1)))
			}
		}
		return TimeOf(clock.Wall(b))
	}
	before, after := daily[:mode+1], daily[mode+1:]
	return &RateChange{
		Earliest: at(tail), Likely: at(0.5), Latest: at(1 - tail), LogBF: logBF,
		Before: sum(before) / float64(len(before)), After: sum(after) / float64(len(after)),
	}
}

// String says it in a sentence.
func (o Onset) String() string {
	if o.Censored {
		return fmt.Sprintf("Already present when the archive begins (p = %s that it is older): onset unknown.", probability(o.BeforeArchiveBursty))
	}
	s := fmt.Sprintf("Started between %s and %s (95 %%).", minute(o.Earliest), minute(o.First))
	if !o.EarliestIfEnded.IsZero() {
		s += fmt.Sprintf(" If it ended with its last row, not before %s.", minute(o.EarliestIfEnded))
	}
	var events []string
	for _, e := range o.Events {
		events = append(events, fmt.Sprintf("%s (%s)", e.What, e.At.Format(time.DateOnly)))
	}
	if len(events) > 0 {
		s += " In that interval: " + strings.Join(events, "; ") + "."
	}
	return s
}
