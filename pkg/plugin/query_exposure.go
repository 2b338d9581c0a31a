package plugin

import (
	"context"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// measureExposure names the values of an exposure query: host-days at risk.
const measureExposure query.Measure = "host-days"

// askExposure is a time series of the host-days that were watched; a gap in it
// is a time of which nothing can be said. As numbers it is the coverage of each
// group, for alert rules.
func askExposure(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Exposure(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	q.Measure = measureExposure
	if _, err := series(answer, q); err != nil {
		return nil, err // the answer is not one
	}
	var frames data.Frames
	switch q.Format {
	case FormatAuto, FormatSeries:
		blankCutBuckets(answer, q)
		return series(answer, q)
	case FormatQuality:
		frames = qualityTable(answer.Quality)
		notify(frames, answer.Meta)
		return frames, nil
	case FormatNumeric:
		frames = coverageNumeric(answer, q)
		notify(frames, answer.Meta)
		return frames, nil
	default:
		return nil, formatError(q, FormatSeries, FormatNumeric, FormatQuality)
	}
}

// coverageNumeric is one number a group: the exposure of the newest bucket that
// is over, as a share of what is usual, the median of the buckets before it. A
// group that went dark is 0. A group that is usually not watched has no number.
func coverageNumeric(answer query.Timeseries, q question) data.Frames {
	var frames data.Frames
	for _, s := range answer.Series {
		share, ok := coverage(answer, s, q.Range)
		if !ok {
			continue
		}
		labels := labelsOf(s.Labels)
		if s.Other {
			labels = otherLabels(q.GroupBy)
		}
		f := data.NewField("coverage", labels, []float64{share})
		f.Config = &data.FieldConfig{Unit: "percentunit"}
		frames = append(frames, typed(data.FrameTypeNumericMulti, f))
	}
	if len(frames) == 0 {
		return data.Frames{typed(data.FrameTypeNumericMulti)}
	}
	return frames
}

// coverage is false when there are no two whole buckets within the range, or
// when nothing is usual.
func coverage(answer query.Timeseries, s query.Series, r query.Range) (share float64, ok bool) {
	var seen []float64
	for i, at := range answer.Times {
		if !whole(answer, at, r) {
			continue
		}
		v := 0.0
		if s.Values[i] != nil {
			v = *s.Values[i]
		}
		seen = append(seen, v)
	}
	if len(seen) < 2 {
		return 0, false
	}
	newest, before := seen[len(seen)-1], seen[:len(seen)-1]
	slices.Sort(before)
	usual := before[len(before)/2]
	if usual == 0 {
		return 0, false
	}
	return newest / usual, true
}

// whole reports whether the range holds all of the bucket that begins at a time.
func whole(answer query.Timeseries, at time.Time, r query.Range) bool {
	return !at.Before(r.From) && !at.Add(time.Duration(answer.Interval)).After(r.To)
}

// blankCutBuckets makes the first and the last bucket unknown where the range
// cuts them off: on a curve they would look as if exporters had been silent.
func blankCutBuckets(answer query.Timeseries, q question) {
	n := len(answer.Times)
	if n < 3 {
		return
	}
	for _, i := range []int{0, n - 1} {
		if whole(answer, answer.Times[i], q.Range) {
			continue
		}
		for _, s := range answer.Series {
			s.Values[i] = nil
		}
	}
}
