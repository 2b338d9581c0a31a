package main

import (
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"go.opentelemetry.io/collector/pdata/ptrace"
)

// spans is an OTLP receiver that keeps what it got.
type spans struct {
	mu  sync.Mutex
	all []ptrace.Span
	of  []string // service.name, one a request
}

// ServeHTTP implements [http.Handler].
func (s *spans) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	z, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(z)
	if err != nil || r.URL.Path != "/v1/traces" || r.Header.Get("Content-Type") != "application/x-protobuf" {
		http.Error(w, "not OTLP traces", http.StatusBadRequest)
		return
	}
	traces, err := new(ptrace.ProtoUnmarshaler).UnmarshalTraces(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, rs := range traces.ResourceSpans().All() {
		name, _ := rs.Resource().Attributes().Get("service.name")
		s.of = append(s.of, name.AsString())
		for _, ss := range rs.ScopeSpans().All() {
			for _, span := range ss.Spans().All() {
				s.all = append(s.all, span)
			}
		}
	}
}

// TestTraces sends a request of a trace to a real archive: its spans reach the
// receiver at shutdown, within that trace.
func TestTraces(t *testing.T) {
	got := &spans{}
	receiver := httptest.NewServer(got)
	defer receiver.Close()
	p := start(t, filepath.Join(t.TempDir(), "archive.duckdb"), "--tracing.endpoint", receiver.URL, "--tracing.ratio", "0")
	const traceID, parent = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
	req, err := http.NewRequest(http.MethodPost, p.url+"/api/v1/query", strings.NewReader(`{"type":"records","range":{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}}`))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("traceparent", "00-"+traceID+"-"+parent+"-01")
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		t.Fatalf("exit: %v\n%s", err, p.log)
	}
	got.mu.Lock()
	defer got.mu.Unlock()
	byName := make(map[string]ptrace.Span)
	for _, s := range got.all {
		byName[s.Name()] = s
		if s.TraceID().String() != traceID {
			t.Errorf("span %s is of trace %s; traces that begin here are not wanted", s.Name(), s.TraceID())
		}
	}
	request, inner := byName["query"], byName["answer records"]
	if len(got.all) != 2 || request.ParentSpanID().String() != parent || inner.ParentSpanID() != request.SpanID() || request.Kind() != ptrace.SpanKindServer {
		t.Errorf("spans %v; want query under %s, and answer records under it", byName, parent)
	}
	if len(got.of) == 0 || got.of[0] != "epicurve-archive" {
		t.Errorf("service names %q", got.of)
	}
}
