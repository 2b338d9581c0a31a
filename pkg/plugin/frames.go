package plugin

import (
	"encoding/json"
	"strings"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// typed returns a frame of a type of Grafana's data plane contract. Every frame
// of ours comes from here: alerting guesses about frames without a type.
func typed(t data.FrameType, fields ...*data.Field) *data.Frame {
	f := data.NewFrame("", fields...)
	f.Meta = &data.FrameMeta{Type: t, TypeVersion: data.FrameTypeVersion{0, 1}}
	return f
}

// notify puts what the reader must know about an answer onto its first frame.
func notify(frames data.Frames, m query.Meta, more ...string) {
	if len(frames) == 0 {
		return
	}
	meta := frames[0].Meta
	if m.Partial {
		meta.Notices = append(meta.Notices, data.Notice{
			Severity: data.NoticeSeverityWarning,
			Text:     "Part of the archive did not answer: the numbers are too low.",
		})
	}
	for _, text := range append(more, m.Notices...) {
		meta.Notices = append(meta.Notices, data.Notice{Severity: data.NoticeSeverityInfo, Text: text})
	}
}

// explain writes the question as it was asked onto every frame, for the query
// inspector.
func explain(frames data.Frames, q question) {
	text, err := json.MarshalIndent(q.Request, "", "  ")
	if err != nil {
		return // a request that was parsed from JSON is printable
	}
	for _, f := range frames {
		f.Meta.ExecutedQueryString = "POST /api/v1/query\n" + string(text)
	}
}

// labelName is a dimension's name as a label: dots become underscores, so that
// alert templates ({{ $labels.host_name }}) and notification policies take it.
func labelName(dimension string) string { return strings.ReplaceAll(dimension, ".", "_") }

func labelsOf(values map[string]string) data.Labels {
	if len(values) == 0 {
		return nil
	}
	l := make(data.Labels, len(values))
	for name, value := range values {
		l[labelName(name)] = value
	}
	return l
}
