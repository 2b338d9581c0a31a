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
		f, err := clustersTable(answer)
		if err != nil {
			return nil, err
		}
		frames = data.Frames{f}
	case FormatNumeric:
		frames = clustersNumeric(answer)
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
func clustersTable(answer query.Clusters) (*data.Frame, error) {
	n := len(answer.Clusters)
	cols := struct {
		key, class, kind, signature, executables, signals []string
		crashes, hosts                                    []int64
		first, last                                       []time.Time
		trend                                             []json.RawMessage
	}{}
	for _, c := range answer.Clusters {
		trend, err := json.Marshal(append([]int64{}, c.Trend...))
		if err != nil {
			return nil, fmt.Errorf("trend of cluster %s: %w", c.Key, err)
		}
		cols.key = append(cols.key, c.Key)
		cols.class = append(cols.class, string(c.Class))
		cols.kind = append(cols.kind, string(c.Kind))
		cols.signature = append(cols.signature, c.Signature)
		cols.executables = append(cols.executables, strings.Join(c.Executables, ", "))
		cols.signals = append(cols.signals, strings.Join(c.Signals, ", "))
		cols.crashes = append(cols.crashes, c.Crashes)
		cols.hosts = append(cols.hosts, c.Hosts)
		cols.first = append(cols.first, c.FirstSeen)
		cols.last = append(cols.last, c.LastSeen)
		cols.trend = append(cols.trend, trend)
	}
	f := typed(data.FrameTypeTable,
		column("cluster", "Cluster", cols.key, n),
		column("class", "Class", cols.class, n),
		column("kind", "Kind", cols.kind, n),
		column("signature", "Signature", cols.signature, n),
		column("executables", "Executables", cols.executables, n),
		column("signals", "Signals", cols.signals, n),
		column("crashes", "Crashes", cols.crashes, n),
		column("hosts", "Hosts", cols.hosts, n),
		column("first_seen", "First seen", cols.first, n),
		column("last_seen", "Last seen", cols.last, n),
		column("trend", "Trend", cols.trend, n),
	)
	f.Name = "clusters"
	f.Meta.PreferredVisualization = data.VisTypeTable
	return f, nil
}

// clustersNumeric is one number a cluster, the crashes in the range, labelled
// with what the cluster is: the shape that alert rules take.
func clustersNumeric(answer query.Clusters) data.Frames {
	if len(answer.Clusters) == 0 {
		return data.Frames{typed(data.FrameTypeNumericMulti)}
	}
	var frames data.Frames
	for _, c := range answer.Clusters {
		frames = append(frames, typed(data.FrameTypeNumericMulti, data.NewField("crashes", data.Labels{
			"cluster": c.Key, "crash_class": string(c.Class), "crash_kind": string(c.Kind), "crash_signature": c.Signature,
		}, []int64{c.Crashes})))
	}
	return frames
}

// column is a table's column with a machine's name and a person's; values may
// be nil when there are no rows.
func column[T any](name, display string, values []T, rows int) *data.Field {
	if values == nil {
		values = make([]T, 0, rows)
	}
	f := data.NewField(name, nil, values)
	f.Config = &data.FieldConfig{DisplayNameFromDS: display}
	return f
}

func formatError(q question, possible ...Format) error {
	return &query.FieldError{Field: "format", Message: fmt.Sprintf("a %s query has no format %.20q; possible are %q", q.Type, q.Format, possible)}
}
