package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

func askRecords(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Records(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	f, err := recordsFrame(answer.Records, q)
	if err != nil {
		return nil, err
	}
	var limit []string
	if len(answer.Records) >= q.Limit {
		limit = append(limit, fmt.Sprintf("Showing the newest %d crashes; there may be more. Raise the limit or narrow the range.", len(answer.Records)))
	}
	frames := data.Frames{f}
	notify(frames, answer.Meta, limit...)
	return frames, nil
}

func recordsFrame(records []crash.Record, q question) (*data.Frame, error) {
	switch q.Format {
	case FormatAuto, FormatTable, FormatLogs:
	default:
		return nil, formatError(q, FormatTable, FormatLogs)
	}
	if q.Live {
		l := liveOf(q)
		f, err := l.frame(records)
		if err != nil {
			return nil, err
		}
		return f, offerLive(f, l)
	}
	if q.Format == FormatLogs {
		return recordsLogs(records)
	}
	return recordsTable(records), nil
}

// recordsTable is the line list: one row a crash, newest first, with every
// attribute that at least one of the crashes has. Columns are named as
// dimensions, so that a click on a cell can become a filter.
func recordsTable(records []crash.Record) *data.Frame {
	f := typed(data.FrameTypeTable,
		column("time", "Time", records, func(r crash.Record) time.Time { return r.Time }),
		filterable(column("cluster", "Cluster", records, func(r crash.Record) string { return r.ClusterKey() })),
	)
	for _, field := range crash.Fields() {
		if !someHave(field, records) {
			continue
		}
		c := column(field.Name, field.Name, records, func(r crash.Record) string { return fieldText(field, &r) })
		c.Config.Description = field.Help
		if field.Dimension {
			filterable(c)
		}
		f.Fields = append(f.Fields, c)
	}
	f.Fields = append(f.Fields, column("crash.id", "crash.id", records, func(r crash.Record) string { return r.ID.String() }))
	f.Name = "crashes"
	f.Meta.PreferredVisualization = data.VisTypeTable
	return f
}

func someHave(field crash.Field, records []crash.Record) bool {
	return slices.ContainsFunc(records, func(r crash.Record) bool { return fieldText(field, &r) != "" })
}

func fieldText(field crash.Field, r *crash.Record) string {
	switch {
	case field.Bool != nil && !*field.Bool(r):
		return "" // a flag that is not set is not news
	case field.Strings != nil:
		return joinLines(*field.Strings(r))
	default:
		return field.Text(r)
	}
}

// recordsLogs is the line list as log lines, for Explore and logs panels.
func recordsLogs(records []crash.Record) (*data.Frame, error) {
	n := len(records)
	times, ids := make([]time.Time, n), make([]string, n)
	bodies, severities := make([]string, n), make([]string, n)
	labels := make([]json.RawMessage, n)
	for i := range records {
		r := &records[i]
		times[i], ids[i] = r.Time, r.ID.String()
		bodies[i], severities[i] = logLine(r), "critical"
		b, err := json.Marshal(logLabels(r))
		if err != nil {
			return nil, fmt.Errorf("labels of crash %s: %w", r.ID, err)
		}
		labels[i] = b
	}
	f := typed(data.FrameTypeLogLines,
		data.NewField("timestamp", nil, times),
		data.NewField("body", nil, bodies),
		data.NewField("severity", nil, severities),
		data.NewField("id", nil, ids),
		data.NewField("labels", nil, labels),
	)
	f.Name = "crashes"
	f.Meta.PreferredVisualization = data.VisTypeLogs
	return f, nil
}

func logLabels(r *crash.Record) map[string]string {
	m := map[string]string{}
	for _, field := range crash.Fields() {
		if s := fieldText(field, r); s != "" {
			m[field.Name] = s
		}
	}
	return m
}
