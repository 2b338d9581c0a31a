package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

func askClusters(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Clusters(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	var frames data.Frames
	switch q.Format {
	case FormatAuto, FormatTable:
		frames = data.Frames{clustersTable(answer.Clusters)}
	case FormatNumeric:
		if frames, err = clustersNumeric(answer.Clusters, q.Number); err != nil {
			return nil, err
		}
	default:
		return nil, formatError(q, FormatTable, FormatNumeric)
	}
	var limit []string
	if n := int64(len(answer.Clusters)); answer.Total > n {
		limit = append(limit, fmt.Sprintf("Showing the %d largest of %d clusters; raise the limit or add a filter.", n, answer.Total))
	}
	notify(frames, answer.Meta, limit...)
	return frames, nil
}

// clustersTable is a table with one row a cluster. The trend is a JSON array of
// counts, which a table panel draws as a sparkline.
func clustersTable(rows []query.Cluster) *data.Frame {
	type row = query.Cluster
	f := typed(data.FrameTypeTable,
		filterable(column("cluster", "Cluster", rows, func(r row) string { return r.Key })),
		column("label", "Label", rows, func(r row) string { return r.Label }),
		column("state", "State", rows, func(r row) string { return r.State }),
		filterable(column("class", "Class", rows, func(r row) string { return string(r.Class) })),
		filterable(column("kind", "Kind", rows, func(r row) string { return string(r.Kind) })),
		filterable(column("signature", "Signature", rows, func(r row) string { return r.Signature })),
		column("executables", "Executables", rows, func(r row) string { return strings.Join(r.Executables, ", ") }),
		column("signals", "Signals", rows, func(r row) string { return strings.Join(r.Signals, ", ") }),
		column("crashes", "Crashes", rows, func(r row) int64 { return r.Crashes }),
		column("hosts", "Hosts", rows, func(r row) int64 { return r.Hosts }),
		column("trend", "Trend", rows, func(r row) json.RawMessage { return list(r.Trend) }),
		column("first_seen", "First seen", rows, func(r row) time.Time { return r.FirstSeen }),
		column("last_seen", "Last seen", rows, func(r row) time.Time { return r.LastSeen }),
		column("onset_from", "Onset from", rows, func(r row) *time.Time { return onset(r).from }),
		column("onset_to", "Onset to", rows, func(r row) *time.Time { return onset(r).to }),
		column("verdict", "Verdict", rows, func(r row) string { return r.Verdict }),
		column("grade", "Grade", rows, func(r row) string { return r.Grade }),
		column("need_until", "Gone can be said", rows, func(r row) *time.Time { return known(r.NeedUntil) }),
		column("sentence", "In a sentence", rows, func(r row) string { return r.Sentence }),
	)
	f.Name = "clusters"
	f.Meta.PreferredVisualization = data.VisTypeTable
	return f
}

type interval struct{ from, to *time.Time }

func onset(c query.Cluster) interval {
	if c.Onset == nil {
		return interval{}
	}
	return interval{known(c.Onset.From), known(c.Onset.To)}
}

func formatError(q question, possible ...Format) error {
	return &query.FieldError{Field: "format", Message: fmt.Sprintf("a %s query has no format %.20q; possible are %q", q.Type, q.Format, possible)}
}
