package api

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"

	"github.com/epicurve/epicurve/archive/store/duckdb"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
	"github.com/epicurve/epicurve/pkg/query"
)

// serve runs an API over a real, empty store.
func serve(t *testing.T, c Config) (url string) {
	t.Helper()
	s, err := duckdb.Open(context.Background(), filepath.Join(t.TempDir(), "a.duckdb"), duckdb.Options{MemoryLimit: "256MB"})
	if err != nil {
		t.Fatal(err)
	}
	c.Store, c.Storage, c.Version = s, "duckdb", "1.2.3"
	srv := httptest.NewServer(New(c).Handler())
	t.Cleanup(func() {
		srv.Close()
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return srv.URL
}

var noon = time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)

func crashes(n int) []crash.Record {
	records := make([]crash.Record, n)
	for i := range records {
		records[i] = crash.Record{
			ID: crash.ID{7, byte(i >> 8), byte(i)}, Time: noon.Add(time.Duration(i) * time.Second), SchemaVersion: 1, Source: crash.SourceCore,
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: "abort in leafd"},
			Fault:   crash.Fault{Signal: "SIGABRT"}, Process: crash.Process{Executable: "leafd"},
			Host: crash.Host{Name: fmt.Sprintf("host-%d", i%3)},
		}
	}
	return records
}

func marshal(t *testing.T, records []crash.Record) []byte {
	t.Helper()
	b, err := otlp.Marshal(records, nil)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func post(t *testing.T, url, contentType, encoding string, body []byte) (int, http.Header, []byte) {
	t.Helper()
	req, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	req.Header.Set("Content-Type", contentType)
	if encoding != "" {
		req.Header.Set("Content-Encoding", encoding)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	reply, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, reply
}

func gzipped(b []byte) []byte {
	var out bytes.Buffer
	z := gzip.NewWriter(&out)
	z.Write(b) //nolint:errcheck // a buffer takes everything
	z.Close()
	return out.Bytes()
}

func zstded(t *testing.T, b []byte) []byte {
	z, err := zstd.NewWriter(nil)
	if err != nil {
		t.Fatal(err)
	}
	return z.EncodeAll(b, nil)
}

func client(t *testing.T, url string) *query.Client {
	c, err := query.NewClient(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func hour() query.Request {
	return query.Request{Range: query.Range{From: noon, To: noon.Add(time.Hour)}, GroupBy: []string{"host.name"}, Interval: query.Duration(time.Hour)}
}

func TestIngestAndAsk(t *testing.T) {
	url := serve(t, Config{})
	pb := marshal(t, crashes(30))
	js, err := otlp.MarshalJSON(crashes(40), nil)
	if err != nil {
		t.Fatal(err)
	}
	for _, tc := range []struct {
		name, contentType, encoding string
		body                        []byte
	}{
		{"protobuf", typeProtobuf, "", pb},
		{"protobuf gzip, resent", typeProtobuf, "gzip", gzipped(pb)},
		{"protobuf zstd, resent", typeProtobuf, "zstd", zstded(t, pb)},
		{"JSON, ten new", "application/json; charset=utf-8", "", js},
	} {
		status, head, reply := post(t, url+"/v1/logs", tc.contentType, tc.encoding, tc.body)
		if status != http.StatusOK {
			t.Fatalf("%s: %d %s", tc.name, status, reply)
		}
		if p, err := otlp.UnmarshalResponse(head.Get("Content-Type"), reply); err != nil || p != (otlp.PartialSuccess{}) {
			t.Errorf("%s: %+v, %v; want full success", tc.name, p, err)
		}
	}
	ctx, c := context.Background(), client(t, url)
	ts, err := c.Timeseries(ctx, hour())
	if err != nil {
		t.Fatal(err)
	}
	if len(ts.Series) != 3 || ts.Series[0].Total != 14 || *ts.Series[2].Values[0] != 13 {
		t.Errorf("series %+v, want 14, 13, 13 crashes on three hosts", ts.Series)
	}
	cl, err := c.Clusters(ctx, hour())
	if err != nil || len(cl.Clusters) != 1 || cl.Clusters[0].Key != "other/abort in leafd" || cl.Clusters[0].Crashes != 40 || cl.Clusters[0].Hosts != 3 {
		t.Errorf("clusters %+v, %v", cl, err)
	}
	rec, err := c.Records(ctx, hour())
	if err != nil || len(rec.Records) != 40 || !rec.Records[0].Time.Equal(noon.Add(39*time.Second)) {
		t.Errorf("%d records, %v; want 40, newest first", len(rec.Records), err)
	}
	vals, err := c.DimensionValues(ctx, "host.name", hour().Range, "HOST-2", 5)
	if err != nil || len(vals.Values) != 1 || vals.Values[0] != (query.DimensionValue{Value: "host-2", Crashes: 13}) {
		t.Errorf("values %+v, %v", vals, err)
	}
	st, err := c.Status(ctx)
	if err != nil || st.Records != 40 || st.Storage != "duckdb" || st.Version != "1.2.3" {
		t.Errorf("status %+v, %v", st, err)
	}
}

func TestPartialSuccess(t *testing.T) {
	url := serve(t, Config{})
	bad := crashes(3)
	bad[1].Finding.Class = "novel"
	status, head, reply := post(t, url+"/v1/logs", typeProtobuf, "", marshal(t, bad))
	p, err := otlp.UnmarshalResponse(head.Get("Content-Type"), reply)
	if status != http.StatusOK || err != nil || p.Rejected != 1 || !strings.Contains(p.Message, bad[1].ID.String()) || !strings.Contains(p.Message, "novel") {
		t.Errorf("%d %+v %v; want 200, 1 rejected, its id and reason", status, p, err)
	}
	status, _, reply = post(t, url+"/v1/logs", typeJSON, "", []byte(`{"resourceLogs":[{"scopeLogs":[{"logRecords":[{"eventName":"x","timeUnixNano":"1"}]}]}]}`))
	if status != http.StatusBadRequest || !strings.Contains(string(reply), "neither epicurve.crash") {
		t.Errorf("%d %s; want 400 that says why nothing was kept", status, reply)
	}
}

func TestRefusals(t *testing.T) {
	url := serve(t, Config{MaxBody: 4096, MaxRecords: 10})
	huge := marshal(t, crashes(200))
	tests := []struct {
		name, path, contentType, encoding, body string
		status                                  int
		want                                    string
	}{
		{"not protobuf", "/v1/logs", typeProtobuf, "", "\xff\xff", 400, "malformed OTLP"},
		{"wrong type", "/v1/logs", "text/html", "", "x", 415, "text/html"},
		{"wrong encoding", "/v1/logs", typeProtobuf, "br", "x", 415, "possible are gzip"},
		{"not gzip", "/v1/logs", typeProtobuf, "gzip", "x", 400, "can't be read"},
		{"large", "/v1/logs", typeProtobuf, "", string(huge), 413, "larger than 4096"},
		{"bomb", "/v1/logs", typeProtobuf, "gzip", string(gzipped(bytes.Repeat([]byte{0}, 1<<20))), 413, "larger than 4096"},
		{"zstd bomb", "/v1/logs", typeProtobuf, "zstd", string(zstded(t, bytes.Repeat([]byte{0}, 1<<20))), 413, "in parts"},
		{"too many", "/v1/logs", typeProtobuf, "gzip", string(gzipped(marshal(t, crashes(11)))), 413, "at most 10"},
		{"unknown field", "/api/v1/query", typeJSON, "", `{"type":"clusters","nope":1}`, 400, "nope"},
		{"bad dimension", "/api/v1/query", typeJSON, "", `{"type":"clusters","range":{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"},"groupBy":["host"]}`, 400, `"field":"groupBy[0]"`},
		{"unanswered", "/api/v1/query", typeJSON, "", `{"type":"ledger","range":{"from":"2026-01-01T00:00:00Z","to":"2026-01-02T00:00:00Z"}}`, 501, "ledger"},
		{"all lines bad", "/api/v1/records", "application/x-ndjson", "", "{}\n[]\n", 400, `"field":"line 2"`},
		{"no such path", "/api/v2", typeJSON, "", "", 404, "/openapi.json"},
	}
	for _, tc := range tests {
		t.Run(tc.name, func(t *testing.T) {
			status, head, reply := post(t, url+tc.path, tc.contentType, tc.encoding, []byte(tc.body))
			if status != tc.status || !strings.Contains(string(reply), tc.want) {
				t.Errorf("%d %s; want %d with %q", status, reply, tc.status, tc.want)
			}
			var p problem
			if err := json.Unmarshal(reply, &p); err != nil || head.Get("Content-Type") != "application/problem+json" || p.Status != tc.status || p.Title == "" {
				t.Errorf("%s is not a problem: %s", head.Get("Content-Type"), reply)
			}
		})
	}
	st, err := client(t, url).Status(context.Background())
	if err != nil || st.Records != 0 {
		t.Errorf("refused requests left %d records, %v", st.Records, err)
	}
}

func TestRecordsAsTextFormats(t *testing.T) {
	url := serve(t, Config{})
	lines := `{"crash.time":"2026-05-01T12:00:00Z","crash.kind":"null_deref","host.name":"a","ticket":"X-1"}

{"crash.time":"1970-01-01T00:00:00Z"}
{"crash.time":"2026-05-01T12:00:01Z","crash.class":"return_to_null","crash.kind":"return_to_null"}`
	for i, want := range []Accepted{{Added: 2}, {Duplicates: 2}} {
		status, _, reply := post(t, url+"/api/v1/records", "application/x-ndjson", "", []byte(lines))
		var got Accepted
		if err := json.Unmarshal(reply, &got); err != nil || status != http.StatusOK {
			t.Fatalf("%d %s", status, reply)
		}
		if got.Added != want.Added || got.Duplicates != want.Duplicates || len(got.Refused) != 1 || got.Refused[0].Field != "line 3" {
			t.Errorf("time %d: %s, want %+v and line 3 refused", i, reply, want)
		}
	}
	csv := "\ufeffcrash.time,crash.kind,host.name,crash.reasons,crash.pc,ticket\r\n" +
		"2026-05-01T12:00:02Z,abort,\"b, c\",one;two,0x10,\r\n" +
		"2026-05-01T12:00:03Z,abort\r\n" +
		"yesterday,abort,b,,,\r\n" +
		"2026-05-01T12:00:04Z,abort,b,,zz,\r\n"
	status, _, reply := post(t, url+"/api/v1/records", "text/csv", "", []byte(csv))
	var got Accepted
	if err := json.Unmarshal(reply, &got); err != nil || status != http.StatusOK || got.Added != 1 || len(got.Refused) != 3 {
		t.Fatalf("%d %s; want 1 added, lines 3, 4 and 5 refused", status, reply)
	}
	for i, f := range got.Refused {
		if want := fmt.Sprintf("line %d", i+3); f.Field != want {
			t.Errorf("refusal %d names %s, want %s", i, f.Field, want)
		}
	}
	rec, err := client(t, url).Records(context.Background(), hour())
	if err != nil || len(rec.Records) != 3 {
		t.Fatalf("%d records, %v", len(rec.Records), err)
	}
	if r := rec.Records[0]; r.Host.Name != "b, c" || len(r.Finding.Reasons) != 2 || r.Fault.PC != crash.Some[uint64](16) {
		t.Errorf("CSV record %+v", r)
	}
	if r := rec.Records[2]; r.Attributes["ticket"] != "X-1" || r.Finding.Class != crash.Other {
		t.Errorf("JSON record %+v", r)
	}
}

func TestMetricsAndHealth(t *testing.T) {
	url := serve(t, Config{})
	get := func(path string) (int, string) {
		resp, err := http.Get(url + path)
		if err != nil {
			t.Fatal(err)
		}
		defer resp.Body.Close()
		b, _ := io.ReadAll(resp.Body)
		return resp.StatusCode, string(b)
	}
	if _, text := get("/metrics"); !strings.Contains(text, `epicurve_archive_records_ingested_total{via="otlp"} 0`) {
		t.Error("counters do not exist at zero")
	}
	post(t, url+"/v1/logs", typeProtobuf, "", marshal(t, crashes(5)))
	post(t, url+"/v1/logs", typeProtobuf, "", marshal(t, crashes(6)))
	if _, err := client(t, url).Clusters(context.Background(), hour()); err != nil {
		t.Fatal(err)
	}
	_, text := get("/metrics")
	for _, want := range []string{
		`epicurve_archive_records_ingested_total{via="otlp"} 6`, `epicurve_archive_records_duplicate_total{via="otlp"} 5`,
		`epicurve_archive_store_records 6`, `epicurve_archive_query_seconds_count{type="clusters"} 1`, `epicurve_archive_build_info{version="1.2.3"`,
	} {
		if !strings.Contains(text, want) {
			t.Errorf("metrics lack %s", want)
		}
	}
	for _, path := range []string{"/-/healthy", "/-/ready"} {
		if status, _ := get(path); status != http.StatusOK {
			t.Errorf("%s: %d", path, status)
		}
	}
}

func TestDrainingIsNotReady(t *testing.T) {
	a := New(Config{Store: storeStub{}})
	a.Drain()
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/-/ready", nil))
	if w.Code != http.StatusServiceUnavailable || w.Header().Get("Retry-After") == "" {
		t.Errorf("%d, want 503 with Retry-After", w.Code)
	}
}

func TestOpenAPIDescribesEveryRoute(t *testing.T) {
	a := New(Config{Store: storeStub{}, Version: "1.2.3"})
	w := httptest.NewRecorder()
	a.Handler().ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	var doc struct {
		OpenAPI    string
		Paths      map[string]map[string]struct{ OperationID string }
		Components struct{ Schemas map[string]json.RawMessage }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &doc); err != nil {
		t.Fatal(err)
	}
	if doc.OpenAPI != "3.1.0" {
		t.Errorf("openapi %q", doc.OpenAPI)
	}
	for _, r := range a.routes() {
		if got := doc.Paths[r.path][strings.ToLower(r.method)].OperationID; got != r.id {
			t.Errorf("%s %s is described as %q, want %q", r.method, r.path, got, r.id)
		}
	}
	for _, ref := range references(w.Body.Bytes()) {
		if _, ok := doc.Components.Schemas[ref]; !ok {
			t.Errorf("schema %s is referred to, but not there", ref)
		}
	}
}

func references(doc []byte) (names []string) {
	const prefix = `"#/components/schemas/`
	for rest := string(doc); ; {
		_, after, ok := strings.Cut(rest, prefix)
		if !ok {
			return names
		}
		name, _, _ := strings.Cut(after, `"`)
		names = append(names, name)
		rest = after
	}
}

// TestClockAheadIsCountedNotMended keeps a record of tomorrow as it is.
func TestClockAheadIsCountedNotMended(t *testing.T) {
	url := serve(t, Config{})
	late := crashes(3)
	for i := range late {
		late[i].Time = time.Now().Add(time.Duration(i) * 24 * time.Hour).UTC().Truncate(time.Microsecond)
	}
	if status, _, reply := post(t, url+"/v1/logs", typeProtobuf, "", marshal(t, late)); status != http.StatusOK {
		t.Fatalf("%d %s", status, reply)
	}
	req := query.Request{Range: query.Range{From: late[2].Time, To: late[2].Time.Add(time.Second)}}
	got, err := client(t, url).Records(t.Context(), req)
	if err != nil || len(got.Records) != 1 || !got.Records[0].Time.Equal(late[2].Time) {
		t.Errorf("%+v, %v; want the record of %s as it was", got.Records, err, late[2].Time)
	}
	resp, err := http.Get(url + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || !strings.Contains(string(text), "epicurve_archive_records_ahead_total 2\n") {
		t.Errorf("%v; want two records ahead", err)
	}
}
