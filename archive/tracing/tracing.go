// Package tracing sends spans of the archive's work to an OpenTelemetry collector
// over OTLP/HTTP. Trace context comes and goes in the W3C headers.
//
// The spans are encoded by collector/pdata, which the archive has for logs
// anyway: OpenTelemetry's own exporter would bring gRPC along.
package tracing

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"time"

	"go.opentelemetry.io/contrib/instrumentation/net/http/otelhttp"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/propagation"
	"go.opentelemetry.io/otel/sdk/resource"
	"go.opentelemetry.io/otel/sdk/trace"
)

// Config says where spans go. An empty Endpoint traces nothing.
type Config struct {
	Endpoint string  // URL, such as http://localhost:4318/v1/traces
	Ratio    float64 // of the traces that begin here; others are decided by who began them
	Version  string  // of this build
}

// Tracer makes spans of requests.
type Tracer struct {
	provider *trace.TracerProvider // nil for none
}

// New returns a tracer; close it to send what it still holds.
func New(c Config) (*Tracer, error) {
	if c.Endpoint == "" {
		return &Tracer{}, nil
	}
	u, err := url.Parse(c.Endpoint)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, fmt.Errorf("tracing endpoint %q: want the URL of an OTLP/HTTP receiver, such as http://localhost:4318/v1/traces", c.Endpoint)
	}
	if !(c.Ratio >= 0 && c.Ratio <= 1) {
		return nil, fmt.Errorf("tracing ratio %v: want 0 to 1", c.Ratio)
	}
	if u.Path == "" || u.Path == "/" {
		u.Path = "/v1/traces"
	}
	return &Tracer{provider: trace.NewTracerProvider(
		trace.WithBatcher(&exporter{url: u.String(), client: &http.Client{Timeout: sendTimeout}}),
		trace.WithSampler(trace.ParentBased(trace.TraceIDRatioBased(c.Ratio))),
		trace.WithResource(resource.NewSchemaless(attribute.String("service.name", "epicurve-archive"), attribute.String("service.version", c.Version))),
	)}, nil
}

// Handler makes a span of each request, in the trace that it came with. name
// says what the request's route is called.
func (t *Tracer) Handler(h http.Handler, name func(*http.Request) string) http.Handler {
	if t.provider == nil {
		return h
	}
	return otelhttp.NewHandler(h, "archive", otelhttp.WithTracerProvider(t.provider), otelhttp.WithPropagators(propagation.TraceContext{}),
		otelhttp.WithSpanNameFormatter(func(_ string, r *http.Request) string { return name(r) }))
}

// closeTimeout bounds the sending of the last spans.
const closeTimeout = 10 * time.Second

// Close sends the spans that are left.
func (t *Tracer) Close(ctx context.Context) error {
	if t.provider == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), closeTimeout)
	defer cancel()
	return t.provider.Shutdown(ctx)
}
