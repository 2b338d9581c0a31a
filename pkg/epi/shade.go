package epi

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// Why a span is shaded.
const (
	ShadeBlind = "blind" // next to no other crash was seen
	ShadeCores = "cores" // crashes of its programs left fewer cores than at other times
)

// Shade is a span in which only a part of a cluster's crashes would have been
// seen although hosts were reporting. The clock of silence runs slower in it, and
// stands still where nothing would have been seen.
type Shade struct {
	Why string `json:"why"`
	// Scope is what was shaded: "the fleet", "region=westus3", "its programs".
	Scope string    `json:"scope"`
	From  time.Time `json:"from"`
	To    time.Time `json:"to"`
	// Seen is the share of the crashes that was seen, 0 to 1.
	Seen float64 `json:"seen"`
	// Observed is the number of other episodes seen in a blind span, Expected
	// how many the weeks before let expect; of cores, the number of crashes with
	// a core and the number known.
	Observed float64 `json:"observed"`
	Expected float64 `json:"expected"`
}

// shade is a Shade as the clock needs it.
type shade struct {
	scope    Predicate
	from, to float64
	seen     float64
	public   Shade
}

func newShade(why, words string, scope Predicate, span Interval, seen float64) shade {
	return shade{
		scope: scope, from: span.From, to: span.To, seen: seen,
		public: Shade{Why: why, Scope: words, From: TimeOf(span.From), To: TimeOf(span.To), Seen: seen},
	}
}

// shades returns what dims the view of a question up to now, by time. The best
// explanation, if any, says where the cluster is.
func (p *Population) shades(m members, best *Explanation, now float64) []shade {
	all := p.blindShades(m, now)
	if c := p.coresOf(m, best, now); c != nil {
		all = append(all, c.shades...)
	}
	slices.SortStableFunc(all, func(a, b shade) int {
		return cmp.Or(cmpFloat(a.from, b.from), cmp.Compare(a.public.Scope, b.public.Scope))
	})
	return all
}

// shaded takes out of a rate by day what shades hid. within selects the part of
// the fleet whose rate it is.
func (f *fleet) shaded(rate []float64, within Predicate, shades []shade) []float64 {
	if len(shades) == 0 {
		return rate
	}
	left := slices.Clone(rate)
	for i := range left {
		day := float64(f.first) + float64(i)
		for _, s := range shades {
			if overlap := math.Min(day+1, s.to) - math.Max(day, s.from); overlap > 0 {
				left[i] *= 1 - overlap*(1-s.seen)*f.part(i, within, s.scope)
			}
		}
	}
	return left
}

// part returns the share of a day's exposure within a part of the fleet that a
// scope holds.
func (f *fleet) part(day int, within, scope Predicate) float64 {
	if len(scope) == 0 {
		return 1
	}
	var all, scoped float64
	for _, s := range f.daily[day] {
		if !f.inStratum(within, s.stratum) {
			continue
		}
		all += s.share
		if f.inStratum(scope, s.stratum) {
			scoped += s.share
		}
	}
	if all == 0 {
		return 0
	}
	return scoped / all
}

// inStratum reports whether a stratum has all of a predicate's attributes.
func (f *fleet) inStratum(p Predicate, s int32) bool {
	for _, factor := range p {
		if column := f.strata[factor.Dimension]; column == nil || column[s] != factor.Value {
			return false
		}
	}
	return true
}

// shadedCalendar is the clock of an archive without exposure: the calendar, less
// what was shaded everywhere.
func (p *Population) shadedCalendar(shades []shade, until float64) Clock {
	whole := slices.DeleteFunc(slices.Clone(shades), func(s shade) bool { return len(s.scope) > 0 })
	if len(whole) == 0 {
		return Clock{}
	}
	f := &fleet{first: dayFloor(p.in.From)}
	rate := make([]float64, int(math.Ceil(p.in.To))-int(f.first))
	for i := range rate {
		rate[i] = 1
	}
	return newClock(f.first, f.shaded(rate, nil, whole), p.in.From, until)
}
