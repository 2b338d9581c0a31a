package plugin

import (
	"context"
	"flag"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"github.com/grafana/grafana-plugin-sdk-go/experimental"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/epicurve/epicurve/pkg/plugin/metrics"
)

var update = flag.Bool("update", false, "write the golden files anew")

// TestGoldenFrames asks an archive on a certain day and compares every data frame.
func TestGoldenFrames(t *testing.T) {
	url := startArchiveAt(t, goldenDay)
	fill(t, url, outbreak(week.From), watched(week.From))
	mark(t, url, fixOf("return_to_null/return_to_null in leafd", week.From.Add(6*24*time.Hour)))
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
		"verdict":                 `{"query":{"type":"verdict","cluster":"misaligned_stack/misaligned_stack in leafd"}}`,
		"verdict_curve":           `{"format":"curve","query":{"type":"verdict","cluster":"return_to_null/return_to_null in leafd"}}`,
		"contrast":                `{"query":{"type":"contrast","cluster":"misaligned_stack/misaligned_stack in leafd"}}`,
		"split":                   `{"query":{"type":"split","cluster":"return_to_null/return_to_null in leafd"}}`,
		"ledger":                  `{"query":{"type":"ledger"}}`,
		"ledger_fixes":            `{"format":"fixes","query":{"type":"ledger"}}`,
		"annotations":             `{"query":{"type":"annotations"}}`,
		"annotations_fixes":       `{"kinds":["fix"],"query":{"type":"annotations"}}`,
		"exposure":                `{"query":{"type":"exposure","groupBy":["cloud.region"],"interval":"1d"}}`,
		"exposure_numeric":        `{"format":"numeric","query":{"type":"exposure","groupBy":["cloud.region"],"interval":"1d"}}`,
		"exposure_quality":        `{"format":"quality","query":{"type":"exposure"}}`,
		"clusters_surge":          `{"format":"numeric","number":"surge","query":{"type":"clusters"}}`,
		"clusters_one_host":       `{"format":"numeric","number":"one-host","query":{"type":"clusters"}}`,
		"exposure_no_data":        `{"query":{"type":"exposure","groupBy":["host.name"],"filters":[{"dimension":"host.name","op":"=","values":["nobody"]}],"interval":"1d"}}`,
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
			settle(t, resp.Frames)
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
	ds := open(context.WithoutCancel(t.Context()), settings, metrics.New(prometheus.NewRegistry()))
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

// settle blanks what other rooms word and rounds what they estimate, so that the
// golden files hold the plugin to its shape and not the statistics to a text.
func settle(t *testing.T, frames data.Frames) {
	t.Helper()
	words := []string{"sentence", "verdict_sentence", "proof", "text", "would_change"}
	for _, f := range frames {
		f.Meta.Notices = nil
		for _, field := range f.Fields {
			for row := range field.Len() {
				switch v := field.At(row).(type) {
				case string:
					if slices.Contains(words, field.Name) && v != "" {
						field.Set(row, "…")
					}
				case *float64:
					if v != nil && !f.Meta.Type.IsTimeSeries() {
						rounded, err := strconv.ParseFloat(strconv.FormatFloat(*v, 'g', 2, 64), 64)
						if err != nil {
							t.Fatal(err)
						}
						field.Set(row, &rounded)
					}
				}
			}
		}
	}
}

// TestAnswersSaySomething checks what settle takes out of the golden files.
func TestAnswersSaySomething(t *testing.T) {
	url := startArchiveAt(t, goldenDay)
	fill(t, url, outbreak(week.From), watched(week.From))
	mark(t, url, fixOf("return_to_null/return_to_null in leafd", week.From.Add(6*24*time.Hour)))
	ds := instance(t, url, nil)
	const cluster = `"cluster":"misaligned_stack/misaligned_stack in leafd"`
	for name, tt := range map[string]struct{ model, field, says string }{
		"verdict":    {`{"query":{"type":"verdict",` + cluster + `}}`, "verdict_sentence", "leaf-07"},
		"clusters":   {`{"query":{"type":"clusters",` + cluster + `}}`, "sentence", "leaf-07"},
		"contrast":   {`{"query":{"type":"contrast",` + cluster + `}}`, "value", "leaf-07"},
		"split":      {`{"query":{"type":"split","cluster":"return_to_null"}}`, "sentence", ""},
		"proof":      {`{"query":{"type":"ledger",` + cluster + `}}`, "proof", "leaf-07"},
		"annotation": {`{"kinds":["fix"],"query":{"type":"annotations"}}`, "text", "read the &lt;slot&gt; before"},
	} {
		t.Run(name, func(t *testing.T) {
			resp := ask(t, ds, tt.model)
			if resp.Error != nil {
				t.Fatal(resp.Error)
			}
			field, _ := resp.Frames[0].FieldByName(tt.field)
			if field == nil || field.Len() == 0 {
				t.Fatalf("no %s", tt.field)
			}
			if text, _ := field.At(0).(string); text == "" || !strings.Contains(text, tt.says) {
				t.Errorf("%s = %q, want it to speak of %q", tt.field, text, tt.says)
			}
		})
	}
	t.Run("missing cluster", func(t *testing.T) {
		resp := ask(t, ds, `{"query":{"type":"verdict","cluster":"other/nobody"}}`)
		if resp.Error == nil || resp.Status != 404 || !strings.Contains(resp.Error.Error(), "no crash in the archive") {
			t.Errorf("answer = %d %v, want 404 that says what is missing", resp.Status, resp.Error)
		}
	})
}
