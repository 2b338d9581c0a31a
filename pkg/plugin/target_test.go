package plugin

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/epicurve/epicurve/pkg/query"
)

// week is the range of every panel in these tests.
var week = backend.TimeRange{
	From: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
	To:   time.Date(2026, 3, 9, 0, 0, 0, 0, time.UTC),
}

func panelQuery(t *testing.T, model string) backend.DataQuery {
	t.Helper()
	if !json.Valid([]byte(model)) {
		t.Fatalf("test's own model is not JSON: %s", model)
	}
	return backend.DataQuery{RefID: "A", JSON: []byte(model), TimeRange: week, Interval: 10 * time.Minute}
}

func TestParseTarget(t *testing.T) {
	for name, tt := range map[string]struct {
		model string
		want  func(*query.Request)
	}{
		"nothing is the default question": {`{}`, func(r *query.Request) { r.Interval = query.Duration(time.Hour) }},
		"builder": {
			`{"query":{"groupBy":["host.name"],"topK":3,"interval":"1d","timeZone":"Europe/Berlin"}}`,
			func(r *query.Request) {
				r.GroupBy, r.TopK, r.TimeZone = []string{"host.name"}, 3, "Europe/Berlin"
				r.Interval = query.Duration(24 * time.Hour)
			},
		},
		"raw": {
			`{"mode":"raw","raw":"{\"measure\":\"hosts\",\"interval\":600000}","query":{"measure":"share"}}`,
			func(r *query.Request) { r.Measure, r.Interval = query.MeasureHosts, query.Duration(10*time.Minute) },
		},
		"viewer's time zone": {
			`{"query":{"interval":"auto"},"timeZone":"Asia/Tokyo"}`,
			func(r *query.Request) { r.TimeZone, r.Interval = "Asia/Tokyo", query.Duration(time.Hour) },
		},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := parseTarget(panelQuery(t, tt.model))
			if err != nil {
				t.Fatal(err)
			}
			want := query.Request{Range: query.Range{From: week.From, To: week.To}}
			tt.want(&want)
			want.Normalize()
			if diff := cmp.Diff(want, got.Request); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
		})
	}
}

func TestParseTargetRefuses(t *testing.T) {
	for name, tt := range map[string]struct{ model, field, says string }{
		"mode":             {`{"mode":"sql"}`, "mode", `"sql" is not one of builder, raw`},
		"own range":        {`{"query":{"range":{}}}`, "range", "time picker"},
		"interval text":    {`{"query":{"interval":"often"}}`, "interval", `"often" is not a duration`},
		"interval zero":    {`{"query":{"interval":"0s"}}`, "interval", `not a duration`},
		"too many buckets": {`{"query":{"interval":"1s"}}`, "interval", "buckets"},
		"dimension":        {`{"query":{"groupBy":["host"]}}`, "groupBy[0]", "did you mean"},
		"expression":       {`{"query":{"filters":[{"dimension":"host.name","op":"=~","values":["("]}]}}`, "filters[0].values[0]", "missing closing )"},
		"unknown field":    {`{"query":{"colour":1}}`, "", "colour"},
		"raw not JSON":     {`{"mode":"raw","raw":"{"}`, "", "not a JSON object"},
		"raw no object":    {`{"mode":"raw","raw":"[1]"}`, "", "not a JSON object"},
		"wrong type":       {`{"query":{"limit":"many"}}`, "limit", "is a JSON string"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := parseTarget(panelQuery(t, tt.model))
			if !errors.Is(err, query.ErrInvalid) || !strings.Contains(err.Error(), tt.says) {
				t.Fatalf("error = %v, want an invalid query that says %q", err, tt.says)
			}
			fe, _ := errors.AsType[*query.FieldError](err)
			if tt.field != "" && (fe == nil || fe.Field != tt.field) {
				t.Errorf("error is about %+v, want field %s", fe, tt.field)
			}
			status, source := blame(err)
			if status != backend.StatusBadRequest || source != backend.ErrorSourceDownstream {
				t.Errorf("blame = %v %v, want a bad request of the user's", status, source)
			}
		})
	}
}

func TestIntervalFollowsRangeAndResolution(t *testing.T) {
	for name, tt := range map[string]struct {
		span, resolution, want time.Duration
	}{
		"an hour":                    {time.Hour, 2 * time.Second, 30 * time.Second},
		"a week":                     {7 * 24 * time.Hour, 10 * time.Minute, time.Hour},
		"a week on a narrow panel":   {7 * 24 * time.Hour, 5 * time.Hour, 6 * time.Hour},
		"a year":                     {365 * 24 * time.Hour, 6 * time.Hour, 7 * 24 * time.Hour},
		"alert rule, five minutes":   {5 * time.Minute, time.Second, 5 * time.Second},
		"resolution coarser than it": {time.Hour, 2 * time.Hour, 3 * time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			q := backend.DataQuery{TimeRange: backend.TimeRange{From: week.From, To: week.From.Add(tt.span)}, Interval: tt.resolution}
			got, err := intervalOf(nil, q)
			if err != nil || got != tt.want {
				t.Errorf("interval = %v, %v, want %v", got, err, tt.want)
			}
		})
	}
}

func TestExpandMacros(t *testing.T) {
	q := backend.DataQuery{TimeRange: week, Interval: 90 * time.Second}
	in := "$__interval ${__interval} $__interval_ms $__range $__range_s ${__range_ms} $__from ${__to} $host a$"
	want := "1m 1m 90000 604800s 604800 604800000 1772409600000 1773014400000 $host a$"
	if got := expandMacros(in, q); got != want {
		t.Errorf("expandMacros:\n got %s\nwant %s", got, want)
	}
}
