package population

import (
	"math"

	"github.com/epicurve/epicurve/pkg/epi"
)

// beyondReach reports whether so few episodes can't show that all of them are on
// the wanted values, even though every single one is: the gain of the perfect
// case, n·ln(1/w) − ln K − ln(choices) − ½ ln n, is below what a candidate needs
// (sections 2.2 and 9.3 of the specification). The share w of the fleet that had
// the values on those days is counted here anew, from the files.
func (k *checker) beyondReach(v epi.Verdict, want []Condition) bool {
	w := k.p.matchedShare(k.selector, want)
	columns := float64(len(k.p.columns()))
	choices, values := columns, 1.0
	if len(want) == 2 {
		choices = columns * (columns - 1) / 2
	}
	for _, c := range want {
		values *= float64(k.p.exposedValues(c.Column))
	}
	n := float64(v.Episodes)
	return w > 0 && n*math.Log(1/w)-math.Log(values)-math.Log(choices)-0.5*math.Log(n) < epi.Defaults().MinGain
}

// matchedShare returns the share of the fleet with some values on the days of the
// selected rows, each day weighing as its rows do.
func (p *Population) matchedShare(s Selector, want []Condition) float64 {
	rows := map[int64]float64{}
	var total float64
	for _, r := range p.Rows {
		if s.Matches(r) {
			rows[r.Time.Truncate(day).Unix()]++
			total++
		}
	}
	all, with := map[int64]float64{}, map[int64]float64{}
	for _, d := range p.HostDays() {
		at := d.Day.Unix()
		if rows[at] == 0 || p.dark(d) {
			continue
		}
		all[at]++
		if Selector(want).Matches(Row{Values: d.Values}) {
			with[at]++
		}
	}
	var share float64
	for at, n := range rows {
		if all[at] > 0 {
			share += n / total * with[at] / all[at]
		}
	}
	return share
}

// dark reports whether nothing was seen of a host's day.
func (p *Population) dark(d HostDay) bool {
	for _, o := range p.Outages {
		if (o.Region == "" || o.Region == d.Values[Region]) && !o.From.After(d.Day) && !o.To.Before(d.Day.Add(day)) {
			return true
		}
	}
	return false
}

// exposedValues counts the values of a column in the fleet.
func (p *Population) exposedValues(column string) int {
	seen := map[string]bool{}
	for _, d := range p.HostDays() {
		seen[(Row{Values: d.Values}).value(column)] = true
	}
	return len(seen)
}
