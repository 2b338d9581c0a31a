package plugin

import (
	"context"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// askSplit says whether a cluster is one disease or two, in one row.
func askSplit(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Split(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	if q.Format != FormatAuto && q.Format != FormatTable {
		return nil, formatError(q, FormatTable)
	}
	rows := []query.Split{answer}
	f := typed(data.FrameTypeTable,
		column("verdict", "One or two", rows, func(r query.Split) string { return string(r.Split.Verdict) }),
		column("sentence", "In a sentence", rows, func(r query.Split) string { return r.Split.Sentence }),
		column("by", "Parted by", rows, func(r query.Split) string { return r.Split.By }),
		column("gain", "Gain (nats)", rows, func(r query.Split) *float64 { return finite(r.Split.Gain) }),
		column("tried", "Partings tried", rows, func(r query.Split) int64 { return int64(r.Split.Tried) }),
	)
	f.Name = "split"
	f.Meta.PreferredVisualization = data.VisTypeTable
	frames := data.Frames{f}
	notify(frames, answer.Meta)
	return frames, nil
}
