package ship

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"io"
	"log/slog"
	"maps"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/epicurve/epicurve/exporter/spool"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/otlp"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// archive is a server that speaks OTLP as the archive does. refuse and fail
// make it misbehave.
type archive struct {
	*httptest.Server
	mu       sync.Mutex
	ids      map[string]int
	slots    int
	requests int
	fail     func(n int) (status int, header http.Header) // of the n-th request, 0 to go on
	refuse   func(r *crash.Record) bool
	auth     string
	parents  []string // traceparent headers
}

func newArchive(t *testing.T) *archive {
	a := &archive{ids: make(map[string]int)}
	a.Server = httptest.NewServer(http.HandlerFunc(a.serve))
	t.Cleanup(a.Close)
	return a
}

func (a *archive) serve(w http.ResponseWriter, r *http.Request) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.requests++
	a.auth = r.Header.Get("Authorization")
	a.parents = append(a.parents, r.Header.Get("Traceparent"))
	if r.URL.Path != "/v1/logs" || r.Header.Get("Content-Type") != "application/x-protobuf" || r.Header.Get("Content-Encoding") != "gzip" {
		http.Error(w, "not an OTLP request", http.StatusNotFound)
		return
	}
	zr, err := gzip.NewReader(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	body, err := io.ReadAll(zr)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	if a.fail != nil {
		if status, header := a.fail(a.requests); status != 0 {
			maps.Copy(w.Header(), header)
			http.Error(w, "out of order", status)
			return
		}
	}
	batch, err := otlp.UnmarshalProto(body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var refused otlp.PartialSuccess
	for _, rec := range batch.Records {
		if a.refuse != nil && a.refuse(&rec) {
			refused.Rejected++
			refused.Message = "log record: bad"
			continue
		}
		a.ids[rec.ID.String()]++
	}
	a.slots += len(batch.Slots)
	w.Header().Set("Content-Type", "application/x-protobuf")
	if refused.Rejected > 0 {
		w.WriteHeader(http.StatusBadRequest)
	}
	_, _ = w.Write(refused.MarshalProto())
}

func (a *archive) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.ids)
}

type observer struct {
	mu        sync.Mutex
	results   map[string]int
	committed int
	refused   int
	skew      time.Duration
}

func (o *observer) Skew(ahead time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.skew = ahead
}

func (o *observer) Requested(result string) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.results[result]++
}

func (o *observer) Shipped(committed, refused int, _ time.Time) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.committed += committed
	o.refused += refused
}

func records(n int) []spool.Entry {
	es := make([]spool.Entry, n)
	for i := range es {
		h := crash.NewHasher("test")
		h.Add("n", []byte{byte(i), byte(i >> 8)})
		es[i] = spool.Entry{Record: &crash.Record{
			ID: h.ID(), Time: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC), Source: crash.SourceCore, SchemaVersion: 1,
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: "abort in demo"},
			Host:    crash.Host{Name: "web-1", ID: "m1"},
		}}
	}
	return es
}

// setup fills a spool and runs a shipper until want records are shipped or
// set aside.
func setup(t *testing.T, a *archive, es []spool.Entry, cfg Config) (*spool.Spool, *observer, string) {
	t.Helper()
	dir := t.TempDir()
	s, err := spool.Open(spool.Config{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	if err := s.Append(es); err != nil {
		t.Fatal(err)
	}
	cfg.URL = a.URL
	client, err := NewClient(cfg, "test")
	if err != nil {
		t.Fatal(err)
	}
	o := &observer{results: make(map[string]int)}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() { defer close(ended); New(client, s, o, slog.New(slog.DiscardHandler)).Run(ctx) }()
	for deadline := time.Now().Add(20 * time.Second); s.Stats().Pending > 0 && time.Now().Before(deadline); {
		time.Sleep(2 * time.Millisecond)
	}
	cancel()
	<-ended
	client.http.CloseIdleConnections()
	if p := s.Stats().Pending; p > 0 {
		t.Fatalf("%d records are still pending, results %v", p, o.results)
	}
	return s, o, dir
}

func TestShips(t *testing.T) {
	a := newArchive(t)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("s3cret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	es := records(1200)
	es = append(es, spool.Entry{Exposure: &crash.Exposure{
		Host: crash.Host{ID: "m1"}, Start: time.Date(2026, 1, 2, 3, 5, 0, 0, time.UTC), Length: 5 * time.Minute, Covered: 4 * time.Minute,
	}})
	_, o, _ := setup(t, a, es, Config{TokenFile: token})
	if a.count() != 1200 || a.slots != 1 || o.committed != 1201 || o.refused != 0 {
		t.Errorf("archive has %d records and %d slots; %d committed, %d refused", a.count(), a.slots, o.committed, o.refused)
	}
	if o.skew.Abs() > 3*time.Second {
		t.Errorf("the archive's clock is this host's, but seems %s ahead", o.skew)
	}
	if a.auth != "Bearer s3cret" {
		t.Errorf("Authorization %q", a.auth)
	}
}

// While the archive fails nothing is lost and nothing is set aside.
func TestRetries(t *testing.T) {
	a := newArchive(t)
	a.fail = func(n int) (int, http.Header) {
		switch n {
		case 1:
			return http.StatusServiceUnavailable, http.Header{"Retry-After": {"1"}}
		case 2:
			return http.StatusTooManyRequests, nil
		}
		return 0, nil
	}
	_, o, dir := setup(t, a, records(3), Config{})
	if a.count() != 3 || o.results["retry"] != 2 || o.results["ok"] != 1 {
		t.Errorf("archive has %d, results %v", a.count(), o.results)
	}
	if _, err := os.Stat(filepath.Join(dir, "refused.jsonl")); err == nil {
		t.Error("something was set aside")
	}
}

// What is no archive commits nothing and refuses nothing for good: a redirect to
// a login page, the page itself, a proxy that says no. The spool keeps it all.
func TestNoArchive(t *testing.T) {
	login := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		_, _ = io.WriteString(w, "<html>Log in</html>")
	}))
	defer login.Close()
	var n atomic.Int32
	strange := []func(w http.ResponseWriter, r *http.Request){
		func(w http.ResponseWriter, r *http.Request) { http.Redirect(w, r, login.URL, http.StatusFound) },
		func(w http.ResponseWriter, _ *http.Request) { w.Header().Set("Content-Type", "text/html") },
		func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusNoContent) },
		func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad request", http.StatusBadRequest) },
		func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "not here", http.StatusNotFound) },
		func(w http.ResponseWriter, _ *http.Request) {
			http.Error(w, "too large", http.StatusRequestEntityTooLarge)
		},
	}
	front := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { strange[n.Load()](w, r) }))
	defer front.Close()
	client, err := NewClient(Config{URL: front.URL}, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer client.http.CloseIdleConnections()
	o := &observer{results: make(map[string]int)}
	for i := range strange {
		n.Store(int32(i)) //nolint:gosec // few
		d := delivery{Shipper: New(client, nil, o, slog.New(slog.DiscardHandler))}
		if err := d.deliver(t.Context(), records(1)); !errors.Is(err, errRetry) || d.committed != 0 || d.refusedCount != 0 {
			t.Errorf("answer %d: %v, %d committed, %d refused: want nothing but a retry", i, err, d.committed, d.refusedCount)
		}
	}
}

// outbox is one batch.
type outbox struct {
	batch   []spool.Entry
	shipped uint64
	refused []byte
}

func (o *outbox) Batch(int, int64) ([]spool.Entry, error) { return o.batch, nil }
func (o *outbox) Shipped(seq uint64) error                { o.shipped = seq; return nil }
func (o *outbox) Refuse(lines []byte) error               { o.refused = lines; return nil }
func (o *outbox) Wake() <-chan struct{}                   { return nil }

// An entry that this build cannot decode is not passed over in silence.
func TestUndecodable(t *testing.T) {
	a := newArchive(t)
	client, err := NewClient(Config{URL: a.URL}, "test")
	if err != nil {
		t.Fatal(err)
	}
	defer client.http.CloseIdleConnections()
	es := records(2)
	es[0].Seq, es[1].Seq = 1, 3
	box := &outbox{batch: []spool.Entry{es[0], {Seq: 2, Damage: "of another version"}, es[1]}}
	o := &observer{results: make(map[string]int)}
	if _, idle := New(client, box, o, slog.New(slog.DiscardHandler)).once(t.Context()); idle {
		t.Error("nothing was shipped")
	}
	if a.count() != 2 || box.shipped != 3 || o.refused != 1 || !strings.Contains(string(box.refused), "of another version") {
		t.Errorf("archive has %d, shipped up to %d, %d refused: %s", a.count(), box.shipped, o.refused, box.refused)
	}
}

// Every request bears an id of its own, by which logs on the way can be found.
func TestTraceparent(t *testing.T) {
	a := newArchive(t)
	setup(t, a, records(1200), Config{})
	form := regexp.MustCompile(`^00-[0-9a-f]{32}-[0-9a-f]{16}-00$`)
	seen := make(map[string]bool)
	for _, p := range a.parents {
		if !form.MatchString(p) || seen[p] {
			t.Errorf("traceparent %q, seen %t", p, seen[p])
		}
		seen[p] = true
	}
	if len(a.parents) < 3 {
		t.Errorf("%d requests", len(a.parents))
	}
}

// What the archive never takes is found among the good, set aside with the
// reason, and does not hold up the rest.
func TestRefused(t *testing.T) {
	a := newArchive(t)
	es := records(100)
	bad := []string{es[17].Record.ID.String(), es[18].Record.ID.String(), es[99].Record.ID.String()}
	a.refuse = func(r *crash.Record) bool { return slices.Contains(bad, r.ID.String()) }
	_, o, dir := setup(t, a, es, Config{})
	if a.count() != 97 || o.committed != 97 || o.refused != 3 {
		t.Errorf("archive has %d; %d committed, %d refused", a.count(), o.committed, o.refused)
	}
	text, err := os.ReadFile(filepath.Join(dir, "refused.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	lines := bytes.Split(bytes.TrimSpace(text), []byte("\n"))
	if len(lines) != 3 {
		t.Fatalf("%d lines in refused.jsonl", len(lines))
	}
	for i, line := range lines {
		var got struct {
			Reason string
			Entry  spool.Entry
		}
		if err := json.Unmarshal(line, &got); err != nil {
			t.Fatal(err)
		}
		if got.Entry.Record.ID.String() != bad[i] || !strings.Contains(got.Reason, "log record: bad") {
			t.Errorf("line %d: %s", i, line)
		}
	}
}

func TestClientConfig(t *testing.T) {
	for url, want := range map[string]string{
		"archive:9932":         "want http://HOST:PORT",
		"http://":              "want http://HOST:PORT",
		"http://u:p@archive:1": "credentials belong into a token file",
	} {
		_, err := NewClient(Config{URL: url}, "test")
		if err == nil || !strings.Contains(err.Error(), want) || strings.Contains(err.Error(), ":p@") {
			t.Errorf("%s: %v", url, err)
		}
	}
	if _, err := NewClient(Config{URL: "https://a:1", CAFile: "ship_test.go"}, "test"); err == nil || !strings.Contains(err.Error(), "no PEM") {
		t.Errorf("a CA file without certificates: %v", err)
	}
}

func TestRetryAfter(t *testing.T) {
	now := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for header, want := range map[string]time.Duration{
		"": 0, "7": 7 * time.Second, "-1": 0, "soon": 0, "999999": maxRetryAfter,
		"Fri, 02 Jan 2026 03:05:05 GMT": time.Minute, "Fri, 02 Jan 2026 03:04:00 GMT": 0,
	} {
		if got := retryAfter(header, now); got != want {
			t.Errorf("%q: %s, want %s", header, got, want)
		}
	}
}
