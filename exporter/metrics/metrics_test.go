package metrics

import (
	"bytes"
	"context"
	"flag"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/client_golang/prometheus/testutil/promlint"
	"go.uber.org/goleak"

	"github.com/epicurve/epicurve/pkg/crash"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

var update = flag.Bool("update", false, "rewrite golden files")

var start = time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)

func record(kind crash.Kind, signal, suppressedBy string) *crash.Record {
	h := crash.NewHasher("test")
	h.Add("kind", []byte(string(kind)+signal+suppressedBy))
	return &crash.Record{
		ID: h.ID(), Time: start.Add(time.Hour),
		Finding: crash.Finding{Class: kind.Class(), Kind: kind, SuppressedBy: suppressedBy},
		Fault:   crash.Fault{Signal: signal},
	}
}

// fixture is a small day in the life of an exporter.
func fixture() []prometheus.Collector {
	p := NewPopulation(start, nil)
	for range 3 {
		p.Count(record(crash.KindReturnToNull, "SIGSEGV", ""))
	}
	p.Count(record(crash.KindMisalignedStack, "SIGBUS", ""))
	p.Count(record(crash.KindAbort, "SIGABRT", "deploy"))
	p.Count(record(crash.KindAbort, "SIGRTMIN+7", "")) // not in the closed set
	p.Count(record(crash.KindNoSignal, "", ""))
	e := NewExporter([]string{"empty", "not_elf"}, []string{"symlink", "fifo"}, []string{"cut", "lost"})
	e.FileFound()
	e.FileRefused("symlink")
	e.CoreRead("zstd", 4096, 3*time.Millisecond)
	e.ReadFailed("not_elf")
	e.Labelled(120 * time.Millisecond)
	e.Rescanned(time.Millisecond, 2, 1, 0)
	e.Requested("ok")
	e.Shipped(5, 1, start)
	e.Checkpointed(start)
	s := NewSpool(func() Backlog { return Backlog{Pending: 3, Bytes: 4096, Dropped: 2, Oldest: start} })
	s.(*spoolCollector).now = func() time.Time { return start.Add(time.Minute) }
	d := NewRetention([]string{"age", "bytes"}, []string{"linked", "unrecorded"})
	d.CoreDeleted("age", 4096)
	d.CoresKept("linked", 2)
	return []prometheus.Collector{p, e, s, d, NewPushed()}
}

// ours drops the lines of series that began when the test ran.
func ours(exposition string) string {
	var b strings.Builder
	for line := range strings.Lines(exposition) {
		name, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimPrefix(line, "# HELP "), "# TYPE "), " ")
		if strings.HasPrefix(line, "epicurve_exporter_") && strings.Contains(name, "_created") {
			continue
		}
		b.WriteString(line)
	}
	return b.String()
}

func TestExposition(t *testing.T) {
	r := prometheus.NewRegistry()
	r.MustRegister(fixture()...)
	for name, accept := range map[string]string{
		"exposition.txt":             "text/plain",
		"exposition.openmetrics.txt": "application/openmetrics-text; version=1.0.0",
	} {
		req := httptest.NewRequest(http.MethodGet, "/metrics", nil)
		req.Header.Set("Accept", accept)
		w := httptest.NewRecorder()
		(&Registry{r}).handler(slog.New(slog.DiscardHandler)).ServeHTTP(w, req)
		got := ours(w.Body.String())
		path := filepath.Join("testdata", name)
		if *update {
			if err := os.WriteFile(path, []byte(got), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		want, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), got); diff != "" {
			t.Errorf("%s (-want +got), run with -update to accept:\n%s", name, diff)
		}
	}
}

// The same rules as `promtool check metrics`.
func TestLint(t *testing.T) {
	reg, err := NewRegistry(fixture()...)
	if err != nil {
		t.Fatal(err)
	}
	var text bytes.Buffer
	if err := reg.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(&text).Lint()
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}

// Every class and kind has its series at 0 before anything crashed, and no
// record, however odd, makes another.
func TestPopulationIsClosed(t *testing.T) {
	p := NewPopulation(start, nil)
	before := testutil.CollectAndCount(p)
	for _, k := range crash.Kinds() {
		for _, signal := range []string{"SIGSEGV", "", "SIGWEIRD", "x\ny"} {
			for _, by := range []string{"", "filter"} {
				p.Count(record(k, signal, by))
			}
		}
	}
	p.Count(&crash.Record{Finding: crash.Finding{Class: "new", Kind: "newer"}})
	if after := testutil.CollectAndCount(p); after != before {
		t.Errorf("%d series, %d before the first crash", after, before)
	}
	seen := make(map[crash.Kind]crash.Class)
	var sum uint64
	for _, c := range p.Counts() {
		seen[c.Kind] = c.Class
		sum += c.Value
	}
	for _, k := range crash.Kinds() {
		if seen[k] != k.Class() {
			t.Errorf("kind %s is shown with class %q", k, seen[k])
		}
	}
	if want := uint64(len(crash.Kinds())*8 + 1); sum != want {
		t.Errorf("%d crashes are counted, want %d", sum, want)
	}
}

// A restart continues every series: value, creation time and exemplar.
func TestPopulationContinues(t *testing.T) {
	p := NewPopulation(start, nil)
	p.Count(record(crash.KindAbort, "SIGABRT", ""))
	again := NewPopulation(start.Add(time.Hour), p.Counts())
	if diff := cmp.Diff(p.Counts(), again.Counts()); diff != "" {
		t.Errorf("counts changed by a restart (-before +after):\n%s", diff)
	}
}

// onlyErrors collects the failed pushes alone.
type onlyErrors struct{}

func (onlyErrors) Describe(ch chan<- *prometheus.Desc) { ch <- NewPushed().(pushed).failed }

func (onlyErrors) Collect(ch chan<- prometheus.Metric) {
	both := make(chan prometheus.Metric, 2)
	NewPushed().Collect(both)
	<-both
	ch <- <-both
}

// The push reaches its server in the text format, with labels and headers.
func TestPush(t *testing.T) {
	got := make(chan *http.Request, 1)
	body := make(chan string, 1)
	srv := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		text, _ := io.ReadAll(r.Body)
		select {
		case got <- r:
			body <- string(text)
		default:
		}
	}))
	defer srv.Close()
	reg, err := NewRegistry(NewPopulation(start, nil))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	wait, err := reg.StartPush(ctx, Push{
		URL: srv.URL + "/api/v1/import/prometheus", Interval: 10 * time.Millisecond,
		Labels: `instance="web-1"`, Headers: []string{"Authorization: Bearer t"},
	}, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	r, text := <-got, gunzip(t, <-body)
	srv.Close() // from now on the push fails
	failed := func() float64 { return testutil.ToFloat64(onlyErrors{}) }
	for deadline := time.Now().Add(20 * time.Second); failed() == 0; time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatal("a push without a server was not counted as failed")
		}
	}
	cancel()
	wait()
	http.DefaultClient.CloseIdleConnections()
	http.DefaultTransport.(*http.Transport).CloseIdleConnections()
	if r.Method != http.MethodPost || r.Header.Get("Authorization") != "Bearer t" {
		t.Errorf("request %s, Authorization %q", r.Method, r.Header.Get("Authorization"))
	}
	if want := `coredump_crashes_total{instance="web-1",class="other",kind="abort",signal="SIGABRT"} 0`; !strings.Contains(text, want) {
		t.Errorf("the push does not hold %s:\n%.600s", want, text)
	}
}
