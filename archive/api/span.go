package api

import (
	"context"

	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/trace"
)

// child begins a span within that of a request; it does nothing where requests
// are not traced.
func child(ctx context.Context, name string) (context.Context, trace.Span) {
	return trace.SpanFromContext(ctx).TracerProvider().Tracer("github.com/epicurve/epicurve/archive/api").Start(ctx, name)
}

// ended ends a span, with an error if there was one.
func ended(span trace.Span, err error) {
	if err != nil {
		span.SetStatus(codes.Error, asProblem(err).Detail)
	}
	span.End()
}
