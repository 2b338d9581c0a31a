package plugin

import (
	"context"
	"fmt"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// askContrast lists what is over-represented in a cluster, best first.
func askContrast(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Contrast(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	if q.Format != FormatAuto && q.Format != FormatTable {
		return nil, formatError(q, FormatTable)
	}
	f := contrastTable(answer)
	frames := data.Frames{f}
	notes := answer.Contrast.Notes
	if n := answer.Contrast.Hidden; n > 0 {
		notes = append(notes, fmt.Sprintf("%d values that could well be chance are left out.", n))
	}
	notify(frames, answer.Meta, notes...)
	return frames, nil
}

func contrastTable(answer query.Contrast) *data.Frame {
	rows := answer.Contrast.Rows
	index := make([]int, len(rows))
	for i := range rows {
		index[i] = i
	}
	text := func(name, display string, of func(i int) string) *data.Field { return column(name, display, index, of) }
	number := func(name, display, unit string, of func(i int) *float64) *data.Field {
		f := column(name, display, index, of)
		f.Config.Unit = unit
		return f
	}
	f := typed(data.FrameTypeTable,
		text("dimension", "Dimension", func(i int) string {
			var names []string
			for _, v := range rows[i].Values {
				names = append(names, v.Dimension)
			}
			return strings.Join(names, " and ")
		}),
		text("value", "Value", func(i int) string {
			var values []string
			for _, v := range rows[i].Values {
				values = append(values, orNotKnown(v.Value))
			}
			return strings.Join(values, " and ")
		}),
		column("episodes", "Episodes with it", index, func(i int) int64 { return int64(rows[i].Episodes) }),
		column("of", "Of", index, func(i int) int64 { return int64(rows[i].Of) }),
		number("share", "Share of the crashes", "percentunit", func(i int) *float64 { return finite(rows[i].Share) }),
		number("exposure", "Share of the reference", "percentunit", func(i int) *float64 { return finite(rows[i].Exposure) }),
		number("lift", "Odds ratio", "short", func(i int) *float64 { return finite(rows[i].Lift) }),
		number("lift_lower", "At least", "short", func(i int) *float64 { return finite(rows[i].LiftLower) }),
		number("q", "False discovery rate", "sci", func(i int) *float64 { return finite(rows[i].Q) }),
		text("standing", "Standing", func(i int) string { return standing(rows[i].Candidate, rows[i].Busy, len(rows[i].ExplainedBy) > 0) }),
		text("explained_by", "Explained by", func(i int) string {
			var by []string
			for _, v := range rows[i].ExplainedBy {
				by = append(by, v.Dimension+" "+orNotKnown(v.Value))
			}
			return strings.Join(by, " and ")
		}),
	)
	f.Name = "contrast"
	f.Meta.PreferredVisualization = data.VisTypeTable
	return f
}

// standing says in a word what a row is worth.
func standing(candidate, busy, explained bool) string {
	switch {
	case explained:
		return "explained"
	case busy:
		return "busy"
	case candidate:
		return "candidate"
	default:
		return "weak"
	}
}

func orNotKnown(value string) string {
	if value == "" {
		return notKnown
	}
	return value
}
