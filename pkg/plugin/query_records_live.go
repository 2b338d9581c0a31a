package plugin

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// livePrefix begins the path of every channel of crashes as they arrive.
const livePrefix = "records/"

// live is what a channel of new crashes shows: a subscriber sends it along, so
// that nothing has to be remembered between a panel's query and its
// subscription, which another process may serve.
type live struct {
	Filters    []query.Filter   `json:"filters,omitempty"`
	Cluster    string           `json:"cluster,omitempty"`
	Suppressed query.Suppressed `json:"suppressed,omitempty"`
	Format     Format           `json:"format,omitempty"`
}

func liveOf(q question) live {
	return live{Filters: q.Filters, Cluster: q.Cluster, Suppressed: q.Suppressed, Format: q.Format}
}

// path is the channel's path. All who ask the same share one channel, so it is
// made of the whole question, and a subscription whose path does not fit its
// question is refused: nobody can put another question on a channel.
func (l live) path() (string, error) {
	text, err := json.Marshal(l)
	if err != nil {
		return "", fmt.Errorf("live channel: %w", err)
	}
	sum := sha256.Sum256(text)
	return livePrefix + base64.RawURLEncoding.EncodeToString(sum[:18]), nil
}

// request is the question of the crashes since from.
func (l live) request(from, to time.Time) (query.Request, error) {
	r := query.Request{
		Type: query.TypeRecords, Range: query.Range{From: from, To: to}, Limit: maxLiveRows,
		Filters: l.Filters, Cluster: l.Cluster, Suppressed: l.Suppressed,
	}
	r.Normalize()
	return r, r.Validate()
}

// frame is the crashes in the channel's shape, the oldest first: new ones are
// appended. The shape is the same for any crashes, none included.
func (l live) frame(records []crash.Record) (*data.Frame, error) {
	records = slices.Clone(records)
	slices.SortStableFunc(records, func(a, b crash.Record) int { return a.Time.Compare(b.Time) })
	if l.Format == FormatLogs {
		return recordsLogs(records)
	}
	return liveTable(records), nil
}

// liveTable is the line list with columns that do not depend on what is known of
// the crashes. Columns are named as dimensions, as in recordsTable.
func liveTable(records []crash.Record) *data.Frame {
	f := typed(data.FrameTypeTable,
		column("time", "Time", records, func(r crash.Record) time.Time { return r.Time }),
		filterable(column("cluster", "Cluster", records, func(r crash.Record) string { return r.ClusterKey() })),
	)
	for _, name := range []string{
		"host.name", "process.executable.name", "service.name", "service.version", "crash.signal", "crash.kind", "crash.signature", "cloud.region",
	} {
		field, ok := crash.FieldByName(name)
		if !ok {
			continue // a test holds the names to be fields
		}
		c := column(field.Name, field.Name, records, func(r crash.Record) string { return fieldText(field, &r) })
		c.Config.Description = field.Help
		f.Fields = append(f.Fields, filterable(c))
	}
	f.Fields = append(f.Fields, column("crash.id", "crash.id", records, func(r crash.Record) string { return r.ID.String() }))
	f.Name = "crashes"
	f.Meta.PreferredVisualization = data.VisTypeTable
	return f
}

// offerLive tells the panel of the channel that continues its answer.
func offerLive(f *data.Frame, l live) error {
	path, err := l.path()
	if err != nil {
		return err
	}
	f.Meta.Custom = map[string]any{"live": map[string]any{"path": path, "question": l}}
	return nil
}
