package plugin

import (
	"strconv"
	"strings"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/gtime"
)

// expandMacros replaces Grafana's global variables on the server, where alert
// rules and shared dashboards are evaluated without a browser. The values hold
// no quotation marks, so that they fit inside and outside of JSON strings.
func expandMacros(text string, q backend.DataQuery) string {
	if !strings.Contains(text, "$") {
		return text
	}
	interval := q.Interval
	if interval <= 0 {
		interval = time.Minute
	}
	span := q.TimeRange.To.Sub(q.TimeRange.From)
	var pairs []string
	for _, m := range []struct{ name, value string }{
		// The longer name comes first: strings.Replacer tries in order.
		{"__interval_ms", strconv.FormatInt(interval.Milliseconds(), 10)},
		{"__interval", gtime.FormatInterval(interval)},
		{"__range_ms", strconv.FormatInt(span.Milliseconds(), 10)},
		{"__range_s", strconv.FormatInt(int64(span.Seconds()), 10)},
		{"__range", strconv.FormatInt(int64(span.Seconds()), 10) + "s"},
		{"__from", strconv.FormatInt(q.TimeRange.From.UnixMilli(), 10)},
		{"__to", strconv.FormatInt(q.TimeRange.To.UnixMilli(), 10)},
	} {
		pairs = append(pairs, "${"+m.name+"}", m.value, "$"+m.name, m.value)
	}
	return strings.NewReplacer(pairs...).Replace(text)
}
