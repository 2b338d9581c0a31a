package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"html"
	"slices"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/data"

	"github.com/epicurve/epicurve/pkg/query"
)

// askAnnotations lists what happened to clusters, in the shape that Grafana
// draws on panels. Grafana shows titles and texts as HTML, and signatures come
// from programs: everything is escaped.
func askAnnotations(ctx context.Context, c *query.Client, q question) (data.Frames, error) {
	answer, err := c.Annotations(ctx, q.Request)
	if err != nil {
		return nil, err
	}
	if q.Format != FormatAuto && q.Format != FormatTable {
		return nil, formatError(q, FormatTable)
	}
	for _, kind := range q.Kinds {
		if !slices.Contains(query.AnnotationKinds(), query.AnnotationKind(kind)) {
			return nil, &query.FieldError{Field: "kinds", Message: fmt.Sprintf("%.40q is not one of %v", kind, query.AnnotationKinds())}
		}
	}
	rows := slices.DeleteFunc(answer.Annotations, func(a query.Annotation) bool {
		return len(q.Kinds) > 0 && !slices.Contains(q.Kinds, string(a.Kind))
	})
	type row = query.Annotation
	f := typed(data.FrameTypeTable,
		column("time", "Time", rows, func(r row) time.Time { return r.Time }),
		column("timeEnd", "Until", rows, func(r row) *time.Time { return known(r.TimeEnd) }),
		column("title", "Title", rows, func(r row) string { return html.EscapeString(r.Title) }),
		column("text", "Text", rows, func(r row) string { return html.EscapeString(r.Text) }),
		column("tags", "Tags", rows, func(r row) json.RawMessage { return list([]string{string(r.Kind), html.EscapeString(r.Cluster)}) }),
		column("id", "Id", rows, func(r row) string { return fmt.Sprintf("%s %s %d", r.Kind, r.Cluster, r.Time.UnixMilli()) }),
	)
	f.Name = "annotations"
	frames := data.Frames{f}
	notify(frames, answer.Meta)
	return frames, nil
}
