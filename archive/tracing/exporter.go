package tracing

import (
	"bytes"
	"compress/gzip"
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"go.opentelemetry.io/collector/pdata/pcommon"
	"go.opentelemetry.io/collector/pdata/ptrace"
	"go.opentelemetry.io/otel/attribute"
	"go.opentelemetry.io/otel/codes"
	"go.opentelemetry.io/otel/sdk/trace"
)

const sendTimeout = 10 * time.Second

// exporter posts spans; those that can't be sent are lost, and the SDK says so.
type exporter struct {
	url    string
	client *http.Client
}

var _ trace.SpanExporter = (*exporter)(nil)

// ExportSpans implements [trace.SpanExporter].
func (e *exporter) ExportSpans(ctx context.Context, spans []trace.ReadOnlySpan) error {
	if len(spans) == 0 {
		return nil
	}
	body, err := encode(spans)
	if err != nil {
		return fmt.Errorf("encode spans: %w", err)
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, e.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	req.Header.Set("Content-Type", "application/x-protobuf")
	req.Header.Set("Content-Encoding", "gzip")
	resp, err := e.client.Do(req)
	if err != nil {
		return fmt.Errorf("send spans: %w", err)
	}
	defer resp.Body.Close()                               //nolint:errcheck // it was read
	io.Copy(io.Discard, io.LimitReader(resp.Body, 1<<16)) //nolint:errcheck // only the status counts
	if resp.StatusCode/100 != 2 {
		return fmt.Errorf("send spans: %s answered %s", e.url, resp.Status)
	}
	return nil
}

// Shutdown implements [trace.SpanExporter]; nothing is kept between sendings.
func (e *exporter) Shutdown(context.Context) error { return nil }

// encode makes an ExportTraceServiceRequest, compressed. All spans are of one
// resource, for a process has one provider.
func encode(spans []trace.ReadOnlySpan) ([]byte, error) {
	traces := ptrace.NewTraces()
	rs := traces.ResourceSpans().AppendEmpty()
	put(rs.Resource().Attributes(), spans[0].Resource().Attributes())
	scopes := make(map[string]ptrace.SpanSlice)
	for _, s := range spans {
		scope := s.InstrumentationScope()
		to, ok := scopes[scope.Name]
		if !ok {
			ss := rs.ScopeSpans().AppendEmpty()
			ss.Scope().SetName(scope.Name)
			ss.Scope().SetVersion(scope.Version)
			to = ss.Spans()
			scopes[scope.Name] = to
		}
		fill(to.AppendEmpty(), s)
	}
	plain, err := new(ptrace.ProtoMarshaler).MarshalTraces(traces)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	z := gzip.NewWriter(&b)
	if _, err := z.Write(plain); err != nil {
		return nil, err
	}
	err = z.Close()
	return b.Bytes(), err
}

func fill(to ptrace.Span, s trace.ReadOnlySpan) {
	to.SetName(s.Name())
	to.SetTraceID(pcommon.TraceID(s.SpanContext().TraceID()))
	to.SetSpanID(pcommon.SpanID(s.SpanContext().SpanID()))
	to.TraceState().FromRaw(s.SpanContext().TraceState().String())
	if s.Parent().HasSpanID() {
		to.SetParentSpanID(pcommon.SpanID(s.Parent().SpanID()))
	}
	to.SetKind(ptrace.SpanKind(s.SpanKind())) // the same numbers
	to.SetStartTimestamp(pcommon.NewTimestampFromTime(s.StartTime()))
	to.SetEndTimestamp(pcommon.NewTimestampFromTime(s.EndTime()))
	put(to.Attributes(), s.Attributes())
	for _, e := range s.Events() {
		event := to.Events().AppendEmpty()
		event.SetName(e.Name)
		event.SetTimestamp(pcommon.NewTimestampFromTime(e.Time))
		put(event.Attributes(), e.Attributes)
	}
	switch st := s.Status(); st.Code {
	case codes.Error:
		to.Status().SetCode(ptrace.StatusCodeError)
		to.Status().SetMessage(st.Description)
	case codes.Ok:
		to.Status().SetCode(ptrace.StatusCodeOk)
	}
}

func put(to pcommon.Map, attributes []attribute.KeyValue) {
	for _, a := range attributes {
		switch name := string(a.Key); a.Value.Type() {
		case attribute.BOOL:
			to.PutBool(name, a.Value.AsBool())
		case attribute.INT64:
			to.PutInt(name, a.Value.AsInt64())
		case attribute.FLOAT64:
			to.PutDouble(name, a.Value.AsFloat64())
		default:
			to.PutStr(name, a.Value.String())
		}
	}
}
