package store

import (
	"math"

	"github.com/epicurve/epicurve/pkg/query"
)

// ExposureSeries makes the answer to a TypeExposure question of the coverage of
// each group, by any key, and of the groups' labels under the same keys.
func ExposureSeries(req query.Request, b Buckets, by map[string]*Coverage, labels map[string]map[string]string) query.Timeseries {
	out := query.Timeseries{Interval: query.Duration(b.Interval), Times: b.Starts, Series: []query.Series{}}
	if len(req.GroupBy) == 0 && len(by) == 0 {
		by = map[string]*Coverage{"": NewCoverage(b, req.Range)}
	}
	for key, c := range by {
		s := query.Series{Labels: labels[key]}
		if s.Labels == nil {
			s.Labels = map[string]string{}
		}
		for i := range c.Days {
			s.Values = append(s.Values, &c.Days[i])
			s.Total += c.Days[i]
		}
		// Rounded, so that the order doesn't depend on that of additions.
		s.Total = math.Round(s.Total/LeastExposure) * LeastExposure
		if s.Total == 0 && len(req.GroupBy) > 0 {
			continue
		}
		out.Series = append(out.Series, s)
	}
	SortSeries(out.Series, req.GroupBy)
	if len(out.Series) > req.TopK {
		rest := query.Series{Labels: map[string]string{}, Other: true, Values: make([]*float64, len(b.Starts))}
		for i := range rest.Values {
			sum := 0.0
			for _, s := range out.Series[req.TopK:] {
				sum += *s.Values[i]
			}
			rest.Values[i] = &sum
			rest.Total += sum
		}
		rest.Total = math.Round(rest.Total/LeastExposure) * LeastExposure
		out.Series = append(out.Series[:req.TopK], rest)
	}
	return out
}
