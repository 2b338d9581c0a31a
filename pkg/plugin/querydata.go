package plugin

import (
	"context"
	"fmt"
	"sync"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"github.com/grafana/grafana-plugin-sdk-go/backend/tracing"
	"github.com/grafana/grafana-plugin-sdk-go/data"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
	"golang.org/x/sync/errgroup"

	"github.com/epicurve/epicurve/pkg/query"
)

// maxConcurrent bounds the questions that one panel request has open at the
// archive at once.
const maxConcurrent = 4

// asker asks one question and shapes the answer.
type asker func(ctx context.Context, c *query.Client, q question) (data.Frames, error)

// askers lists what the data source can ask.
func askers() map[query.Type]asker {
	return map[query.Type]asker{
		query.TypeTimeseries:  askTimeseries,
		query.TypeClusters:    askClusters,
		query.TypeContrast:    askContrast,
		query.TypeVerdict:     askVerdict,
		query.TypeSplit:       askSplit,
		query.TypeRecords:     askRecords,
		query.TypeLedger:      askLedger,
		query.TypeAnnotations: askAnnotations,
		query.TypeExposure:    askExposure,
	}
}

// QueryData answers the queries of a panel, an alert rule or an expression,
// each by itself: one that fails leaves the others alone.
func (d *Datasource) QueryData(ctx context.Context, req *backend.QueryDataRequest) (*backend.QueryDataResponse, error) {
	resp := backend.NewQueryDataResponse()
	var (
		mu sync.Mutex
		g  errgroup.Group
	)
	g.SetLimit(maxConcurrent)
	for _, q := range req.Queries {
		g.Go(func() error {
			r := d.answer(ctx, q)
			mu.Lock()
			defer mu.Unlock()
			resp.Responses[q.RefID] = r
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		return nil, fmt.Errorf("queries: %w", err) // unreachable: no query returns an error
	}
	return resp, nil
}

// answer answers one query, in a span of its own.
func (d *Datasource) answer(ctx context.Context, dq backend.DataQuery) backend.DataResponse {
	ctx, span := tracing.DefaultTracer().Start(ctx, "epicurve query", trace.WithAttributes(attribute.String("refId", dq.RefID)))
	defer span.End()
	end := d.metrics.Begin()
	kind, r := d.shaped(ctx, dq)
	end(kind, r)
	span.SetAttributes(attribute.String("query.type", string(kind)), attribute.Int("frames", len(r.Frames)))
	if r.Error != nil {
		span.RecordError(r.Error)
		span.SetStatus(codes.Error, r.Error.Error())
	}
	return r
}

// shaped returns a query's type, "" when it can't be read, and the answer.
func (d *Datasource) shaped(ctx context.Context, dq backend.DataQuery) (query.Type, backend.DataResponse) {
	if d.broken != nil {
		return "", failure(d.broken)
	}
	q, err := parseTarget(dq)
	if err != nil {
		return "", failure(err)
	}
	ask, ok := askers()[q.Type]
	if !ok {
		return "", failure(&query.FieldError{Field: "type", Message: fmt.Sprintf("%q can't be shown in a panel yet", q.Type)})
	}
	frames, err := ask(ctx, d.archive, q)
	if err != nil {
		return q.Type, failure(err)
	}
	explain(frames, q)
	for _, f := range frames {
		f.RefID = dq.RefID
	}
	return q.Type, backend.DataResponse{Frames: frames}
}
