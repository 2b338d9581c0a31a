package plugin

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// notKnown is shown for a dimension that a crash has no value of.
const notKnown = "(not known)"

func askTimeseries(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Timeseries(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	return series(answer, q)
}

// series checks an answer and makes its frames.
func series(answer query.Timeseries, q question) (data.Frames, error) {
	for i, s := range answer.Series {
		if len(s.Values) != len(answer.Times) {
			return nil, fmt.Errorf("%w: series %d has %d values for %d times", query.ErrNotArchive, i, len(s.Values), len(answer.Times))
		}
	}
	if !slices.IsSortedFunc(answer.Times, time.Time.Compare) {
		return nil, fmt.Errorf("%w: times of the series are not in ascending order", query.ErrNotArchive)
	}
	frames := timeseriesFrames(answer, q)
	notify(frames, answer.Meta)
	return frames, nil
}

// timeseriesFrames makes one frame a series (timeseries-multi); no series at
// all make one frame without fields, which alerting takes for "no data".
func timeseriesFrames(answer query.Timeseries, q question) data.Frames {
	if len(answer.Series) == 0 {
		return data.Frames{typed(data.FrameTypeTimeSeriesMulti)}
	}
	frames := make(data.Frames, 0, len(answer.Series))
	for _, s := range answer.Series {
		labels := labelsOf(s.Labels)
		if s.Other {
			labels = otherLabels(q.GroupBy)
		}
		at := data.NewField(data.TimeSeriesTimeFieldName, nil, slices.Clone(answer.Times))
		at.Config = &data.FieldConfig{Interval: float64(time.Duration(answer.Interval).Milliseconds())}
		v := data.NewField(string(q.Measure), labels, s.Values)
		v.Config = valueConfig(q.Measure, displayName(s, q))
		frames = append(frames, typed(data.FrameTypeTimeSeriesMulti, at, v))
	}
	return frames
}

// otherLabels gives the series that sums the rest a label set of its own, so
// that alert rules keep it apart.
func otherLabels(groupBy []string) data.Labels {
	l := data.Labels{}
	for _, d := range groupBy {
		l[labelName(d)] = query.OtherSeries
	}
	return l
}

func displayName(s query.Series, q question) string {
	if s.Other {
		return "all others"
	}
	if len(q.GroupBy) == 0 {
		return string(q.Measure)
	}
	names := make([]string, len(q.GroupBy))
	for i, d := range q.GroupBy {
		names[i] = s.Labels[d]
		if names[i] == "" {
			names[i] = notKnown
		}
	}
	return strings.Join(names, " / ")
}

func valueConfig(m query.Measure, name string) *data.FieldConfig {
	c := &data.FieldConfig{DisplayNameFromDS: name}
	switch m {
	case query.MeasureShare:
		c.Unit = "percentunit"
	case query.MeasureRate:
		c.Unit = "suffix: /host-day"
	case query.MeasureCrashes, query.MeasureHosts:
		c.Unit = "short"
		var none uint16
		c.Decimals = &none
	}
	return c
}
