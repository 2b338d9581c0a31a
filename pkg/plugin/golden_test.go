package plugin

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"testing"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGoldenFrames asks a real archive and compares every data frame.
func TestGoldenFrames(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the archive")
	}
	url := startArchive(t)
	fill(t, url, outbreak(week.From), nil)
	ds := instance(t, url, nil)
	for name, model := range map[string]string{
		"timeseries_total":        `{"query":{"interval":"1d"}}`,
		"timeseries_by_class":     `{"query":{"groupBy":["crash.class"],"interval":"1d"}}`,
		"timeseries_by_two":       `{"query":{"groupBy":["cloud.region","crash.class"],"interval":"1w"}}`,
		"timeseries_top_other":    `{"query":{"groupBy":["host.name"],"topK":2,"interval":"1d"}}`,
		"timeseries_hosts":        `{"query":{"measure":"hosts","interval":"1d"}}`,
		"timeseries_share":        `{"query":{"measure":"share","groupBy":["crash.class"],"interval":"1d"}}`,
		"timeseries_rate_unknown": `{"query":{"measure":"rate","interval":"1d"}}`,
		"timeseries_no_data":      `{"query":{"groupBy":["crash.class"],"filters":[{"dimension":"host.name","op":"=","values":["nobody"]}]}}`,
		"clusters":                `{"query":{"type":"clusters"}}`,
		"clusters_limited":        `{"query":{"type":"clusters","limit":1}}`,
		"clusters_numeric":        `{"format":"numeric","query":{"type":"clusters"}}`,
		"clusters_no_data":        `{"query":{"type":"clusters","filters":[{"dimension":"host.name","op":"=","values":["nobody"]}]}}`,
		"clusters_numeric_none":   `{"format":"numeric","query":{"type":"clusters","filters":[{"dimension":"host.name","op":"=","values":["nobody"]}]}}`,
		"records":                 `{"query":{"type":"records","limit":5}}`,
		"records_logs":            `{"format":"logs","query":{"type":"records","limit":3}}`,
		"records_no_data":         `{"query":{"type":"records","filters":[{"dimension":"host.name","op":"=~","values":["no.*"]}]}}`,
	} {
		t.Run(name, func(t *testing.T) {
			resp := ask(t, ds, model)
			if resp.Error != nil {
				t.Fatal(resp.Error)
			}
			if err := breach(resp.Frames); err != nil {
				t.Errorf("data plane contract: %v", err)
			}
			for _, f := range resp.Frames {
				if f.Meta.ExecutedQueryString == "" {
					t.Error("no executed query for the inspector")
				}
			}
			golden := filepath.Join("testdata", "golden", name+".jsonc")
			if *update {
				// The checker wants a folder and, to write, no file of old.
				if err := os.MkdirAll(filepath.Dir(golden), 0o750); err != nil {
					t.Fatal(err)
				}
				if err := os.Remove(golden); err != nil && !os.IsNotExist(err) {
					t.Fatal(err)
				}
			}
			experimental.CheckGoldenJSONResponse(t, filepath.Join("testdata", "golden"), name, &resp, *update)
		})
	}
}

// TestBreachFindsBreaches holds the contract checker itself to its job.
func TestBreachFindsBreaches(t *testing.T) {
	series := func(name string, labels data.Labels) *data.Frame {
		return typed(data.FrameTypeTimeSeriesMulti,
			data.NewField("time", nil, []int64{}), data.NewField(name, labels, []float64{}))
	}
	for name, frames := range map[string]data.Frames{
		"nothing":     {},
		"no type":     {data.NewFrame("")},
		"no time":     {series("v", nil)},
		"same labels": {typed(data.FrameTypeNumericMulti, data.NewField("v", nil, []int64{1})), typed(data.FrameTypeNumericMulti, data.NewField("v", nil, []int64{2}))},
		"two numbers": {typed(data.FrameTypeNumericMulti, data.NewField("v", nil, []int64{1, 2}))},
		"logs":        {typed(data.FrameTypeLogLines)},
	} {
		if breach(frames) == nil {
			t.Errorf("%s: breach found nothing", name)
		}
	}
}

// instance makes a data source as the SDK does.
func instance(t *testing.T, url string, edit func(*backend.DataSourceInstanceSettings)) *Datasource {
	t.Helper()
	settings := *pluginContext(url).DataSourceInstanceSettings
	if edit != nil {
		edit(&settings)
	}
	inst, err := New(context.WithoutCancel(t.Context()), settings)
	if err != nil {
		t.Fatal(err)
	}
	ds, ok := inst.(*Datasource)
	if !ok {
		t.Fatalf("New returned a %T", inst)
	}
	t.Cleanup(ds.Dispose)
	return ds
}

func ask(t *testing.T, ds *Datasource, model string) backend.DataResponse {
	t.Helper()
	resp, err := ds.QueryData(t.Context(), &backend.QueryDataRequest{
		PluginContext: pluginContext(""), Queries: []backend.DataQuery{panelQuery(t, model)},
	})
	if err != nil {
		t.Fatal(err)
	}
	return resp.Responses["A"]
}
