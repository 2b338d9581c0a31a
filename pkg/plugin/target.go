package plugin

import (
	"bytes"
	"encoding/json"
	"fmt"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/gtime"

	"github.com/epicurve/epicurve/pkg/query"
)

// Format is the shape that an answer's data frames take.
type Format string

// The formats. The default of every query type is FormatAuto.
const (
	FormatAuto  Format = ""
	FormatTable Format = "table"
	FormatLogs  Format = "logs" // records as log lines
	// FormatNumeric is one labelled number per cluster, or per group of an
	// exposure query, for alert rules.
	FormatNumeric Format = "numeric"
	FormatCurve   Format = "curve"   // of a verdict: the silence over time
	FormatFixes   Format = "fixes"   // of the ledger: one row a fix
	FormatQuality Format = "quality" // of exposure: what the data can't show
	// FormatSeries is an exposure query's own: a time series.
	FormatSeries Format = "series"
)

// target is a panel's query as the front end saves it: a question of the query
// model without its time range, which Grafana brings, either as an object
// (builder) or as text (raw), and what concerns the display alone.
type target struct {
	Mode     string          `json:"mode"` // "builder" (default) or "raw"
	Query    json.RawMessage `json:"query"`
	Raw      string          `json:"raw"`
	Format   Format          `json:"format"`
	Number   Number          `json:"number"`   // of clusters as numbers; empty is "crashes"
	Live     bool            `json:"live"`     // of crashes: new ones are to follow
	Kinds    []string        `json:"kinds"`    // of annotations; none is all
	TimeZone string          `json:"timeZone"` // of the viewer, used when the question names none
}

// question is a target made ready: checked, with its time range and interval.
type question struct {
	query.Request
	Format Format
	Number Number   // of clusters as numbers; empty is "crashes"
	Live   bool     // of crashes: new ones are to follow
	Kinds  []string // of annotations; none is all
}

// parseTarget reads a panel's query. The errors wrap query.ErrInvalid.
func parseTarget(q backend.DataQuery) (question, error) {
	var t target
	if err := json.Unmarshal(q.JSON, &t); err != nil {
		return question{}, fmt.Errorf("%w: panel query: %w", query.ErrInvalid, err)
	}
	text, err := t.text(q)
	if err != nil {
		return question{}, err
	}
	fields := map[string]json.RawMessage{}
	if err := json.Unmarshal(text, &fields); err != nil {
		return question{}, fmt.Errorf("%w: not a JSON object: %w", query.ErrInvalid, err)
	}
	if err := renameFilters(fields); err != nil {
		return question{}, err
	}
	if err := completeFields(fields, t, q); err != nil {
		return question{}, err
	}
	body, err := json.Marshal(fields)
	if err != nil {
		return question{}, fmt.Errorf("%w: %w", query.ErrInvalid, err)
	}
	req, err := query.Parse(body)
	if err != nil {
		return question{}, err
	}
	return question{Request: req, Format: t.Format, Number: t.Number, Live: t.Live, Kinds: t.Kinds}, nil
}

// text returns the question's JSON with the macros expanded.
func (t target) text(q backend.DataQuery) ([]byte, error) {
	switch t.Mode {
	case "raw":
		return []byte(expandMacros(t.Raw, q)), nil
	case "", "builder":
		if len(bytes.TrimSpace(t.Query)) == 0 {
			return []byte(`{}`), nil // the default question
		}
		return []byte(expandMacros(string(t.Query), q)), nil
	default:
		return nil, &query.FieldError{Field: "mode", Message: fmt.Sprintf("%.20q is not one of builder, raw", t.Mode)}
	}
}

// completeFields adds what Grafana knows: the time range, the viewer's time
// zone, and an interval where the question leaves it open.
func completeFields(fields map[string]json.RawMessage, t target, q backend.DataQuery) error {
	if _, ok := fields["range"]; ok {
		return &query.FieldError{Field: "range", Message: "comes from the dashboard's time picker; leave it out"}
	}
	set := func(name string, v any) error {
		b, err := json.Marshal(v)
		if err != nil {
			return fmt.Errorf("%w: %s: %w", query.ErrInvalid, name, err)
		}
		fields[name] = b
		return nil
	}
	if err := set("range", query.Range{From: q.TimeRange.From.UTC(), To: q.TimeRange.To.UTC()}); err != nil {
		return err
	}
	if _, ok := fields["timeZone"]; !ok && t.TimeZone != "" {
		if err := set("timeZone", t.TimeZone); err != nil {
			return err
		}
	}
	if _, given := fields["interval"]; !given && !hasBuckets(fields["type"]) {
		return nil
	}
	interval, err := intervalOf(fields["interval"], q)
	if err != nil {
		return err
	}
	if interval == 0 {
		delete(fields, "interval")
		return nil
	}
	return set("interval", query.Duration(interval))
}

// hasBuckets reports whether a question's type is, or defaults to, one that is
// answered by buckets of time.
func hasBuckets(given json.RawMessage) bool {
	var t query.Type
	if len(given) > 0 && json.Unmarshal(given, &t) != nil {
		return false // the parser will say what is wrong with it
	}
	return t == "" || t == query.TypeTimeseries || t == query.TypeExposure
}

// intervalOf returns the width of a bucket. An interval that is left open, or
// "auto", is the smallest customary one that is no finer than the panel's
// resolution and cuts the range into at most query.DefaultBuckets.
func intervalOf(given json.RawMessage, q backend.DataQuery) (time.Duration, error) {
	span := q.TimeRange.To.Sub(q.TimeRange.From)
	if len(given) > 0 && !bytes.Equal(given, []byte("null")) {
		var text string
		if err := json.Unmarshal(given, &text); err != nil {
			var d query.Duration
			if err := json.Unmarshal(given, &d); err != nil {
				return 0, &query.FieldError{Field: "interval", Message: err.Error()}
			}
			return time.Duration(d), nil
		}
		if text != "" && text != "auto" {
			d, err := gtime.ParseDuration(text)
			if err != nil || d <= 0 {
				return 0, &query.FieldError{Field: "interval", Message: fmt.Sprintf("%.40q is not a duration such as \"10m\", \"1h\", \"1d\" or \"auto\"", text)}
			}
			return d, nil
		}
	}
	if span <= 0 {
		return 0, nil
	}
	d := query.NiceInterval(span, query.DefaultBuckets)
	if q.Interval > d {
		d = query.NiceInterval(span, max(1, int(span/q.Interval)))
	}
	return d, nil
}
