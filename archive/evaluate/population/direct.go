package population

import (
	"fmt"
	"slices"
	"time"

	"github.com/epicurve/epicurve/pkg/epi"
)

// Direct evaluates with the statistics alone, without an archive: what a wired
// evaluation is compared with.
type Direct struct {
	p       *Population
	in      epi.Input
	archive *epi.Population
	columns []int
}

// NewDirect prepares a population.
func NewDirect(p *Population, traffic bool) (*Direct, error) {
	in := p.Input(traffic)
	archive, err := epi.NewPopulation(in)
	if err != nil {
		return nil, fmt.Errorf("population %s: %w", p.Name, err)
	}
	return &Direct{p: p, in: in, archive: archive, columns: p.columns()}, nil
}

// Archive returns the prepared population.
func (d *Direct) Archive() *epi.Population { return d.archive }

// Rows returns the rows a selector picks.
func (d *Direct) Rows(s Selector) []int32 {
	return d.archive.Select(func(row int32) bool { return s.Matches(d.p.Rows[row]) })
}

// Assess implements Evaluator.
func (d *Direct) Assess(s Selector, marks []Mark, now time.Time) (epi.Assessment, error) {
	q := epi.Question{Name: s.String(), Rows: d.Rows(s), Now: epi.DayOf(now)}
	for _, m := range marks {
		removed, err := d.factors(m.Removed)
		if err != nil {
			return epi.Assessment{}, err
		}
		q.Marks = append(q.Marks, epi.Mark{At: epi.DayOf(m.At), What: m.What, Removed: removed})
	}
	return d.archive.Evaluate(q)
}

// Split implements Evaluator.
func (d *Direct) Split(s Selector, by string, now time.Time) (epi.Split, error) {
	how, err := d.splitBy(by)
	if err != nil {
		return epi.Split{}, err
	}
	return d.archive.SplitRows(d.Rows(s), how, epi.DayOf(now))
}

// SplitUnlabelled is Split without the mix of classes and signatures, as if
// they were not known.
func (d *Direct) SplitUnlabelled(s Selector, by string, now time.Time) (epi.Split, error) {
	how, err := d.splitBy(by)
	if err != nil {
		return epi.Split{}, err
	}
	if how != nil {
		how.Unlabelled = true
	}
	return d.archive.SplitRows(d.Rows(s), how, epi.DayOf(now))
}

// splitBy reads "class", "signature", "column=value", or "" for a search.
func (d *Direct) splitBy(by string) (*epi.SplitBy, error) {
	switch by {
	case "":
		return nil, nil
	case "class", "signature":
		return &epi.SplitBy{Label: by}, nil
	}
	conditions, err := ParseSelector(by)
	if err != nil {
		return nil, err
	}
	if c := conditions[0]; c.Column == "class" || c.Column == "signature" {
		return &epi.SplitBy{Label: c.Column, Value: c.Values[0]}, nil
	}
	factors, err := d.factors(conditions)
	if err != nil {
		return nil, err
	}
	return &epi.SplitBy{Factor: &factors[0]}, nil
}

func (d *Direct) factors(conditions []Condition) (epi.Predicate, error) {
	var factors epi.Predicate
	for _, c := range conditions {
		at := slices.IndexFunc(d.columns, func(i int) bool { return Columns[i] == c.Column })
		if at < 0 {
			return nil, fmt.Errorf("column %q is not a dimension of population %s", c.Column, d.p.Name)
		}
		v := slices.Index(d.in.Dimensions[at].Values, c.Values[0])
		if v < 0 {
			return nil, fmt.Errorf("population %s has no %s %q", d.p.Name, c.Column, c.Values[0])
		}
		factors = append(factors, epi.Factor{Dimension: at, Value: int32(v)})
	}
	return factors, nil
}
