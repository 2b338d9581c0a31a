package plugin

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"golang.org/x/sync/errgroup"

	"github.com/epicurve/epicurve/archive/bench"
)

// The bars of the figures.
const (
	panelBar = 300 * time.Millisecond  // p95 of a panel's data at 10⁶ records
	boardBar = 1500 * time.Millisecond // all panels of a dashboard at once
	idleBar  = 60                      // MiB
	usedBar  = 200                     // MiB after 10,000 queries
	rounds   = 11                      // how often each dashboard is asked
)

// TestFigures measures the plugin's real binary in front of a real archive; "go
// tool mage bench:plugin" runs it. EPICURVE_FIGURES is the number of records.
// Missed bars are printed and fail nothing: the machine may be busy.
func TestFigures(t *testing.T) {
	n, err := strconv.Atoi(os.Getenv("EPICURVE_FIGURES"))
	if err != nil {
		t.Skip("go tool mage bench:plugin runs this")
	}
	t.Run("panels", func(t *testing.T) { measurePanels(t, n) })
	t.Run("memory", measureMemory)
}

func measurePanels(t *testing.T, n int) {
	path := filepath.Join(t.TempDir(), "archive.duckdb")
	if err := bench.Store(t.Context(), path, n); err != nil {
		t.Fatal(err)
	}
	p := startPlugin(t, startArchiveOn(t, path))
	now := time.Now().UTC()
	span := backend.TimeRange{From: now.AddDate(0, 0, -30), To: now}
	cluster := largestCluster(t, p, span)
	files, err := filepath.Glob("../../src/dashboards/*.json")
	if err != nil {
		t.Fatal(err)
	}
	for _, file := range files {
		queries := boardQueries(t, file, cluster, span)
		if len(queries) == 0 {
			continue // of Prometheus alone
		}
		var panels, boards []time.Duration
		for range rounds {
			all := time.Now()
			var g errgroup.Group
			g.SetLimit(6) // as many requests as a browser sends at once
			took := make([]time.Duration, len(queries))
			for i, q := range queries {
				g.Go(func() error {
					start := time.Now()
					resp, err := p.queryData(t.Context(), q)
					took[i] = time.Since(start)
					if err == nil && resp.Responses["A"].Error != nil {
						err = resp.Responses["A"].Error
					}
					return err
				})
			}
			if err := g.Wait(); err != nil {
				t.Fatalf("%s: %v", filepath.Base(file), err)
			}
			boards = append(boards, time.Since(all))
			for i, q := range queries { // one by one: the query only
				start := time.Now()
				if _, err := p.queryData(t.Context(), q); err != nil {
					t.Fatal(err)
				}
				took[i] = time.Since(start)
			}
			panels = append(panels, took...)
		}
		tell(t, fmt.Sprintf("%d records, %s: a panel's data, p95", n, filepath.Base(file)), percentile(panels, 95), panelBar)
		// The archive keeps answers until its data changes: the first time is apart.
		what := fmt.Sprintf("%d records, %s: all %d panels", n, filepath.Base(file), len(queries))
		tell(t, what+", first time", boards[0], boardBar)
		tell(t, what+", again, p95", percentile(boards[1:], 95), boardBar)
	}
}

func tell(t *testing.T, what string, got, bar time.Duration) {
	t.Helper()
	verdict := "met"
	if got > bar {
		verdict = "MISSED"
	}
	t.Logf("%-60s %8s  < %s %s", what, got.Round(time.Millisecond), bar, verdict)
}

func percentile(d []time.Duration, p int) time.Duration {
	d = slices.Sorted(slices.Values(d))
	return d[min(len(d)-1, len(d)*p/100)]
}

// boardQueries are the queries of a stock dashboard to the archive.
func boardQueries(t *testing.T, file, cluster string, span backend.TimeRange) []backend.DataQuery {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	key, err := json.Marshal(cluster)
	if err != nil {
		t.Fatal(err)
	}
	chosen := strings.NewReplacer(`"$cluster"`, string(key), `"$host"`, `".*"`, `"$executable"`, `".*"`).Replace(string(text))
	var d stockDashboard
	if err := json.Unmarshal([]byte(chosen), &d); err != nil {
		t.Fatal(err)
	}
	var queries []backend.DataQuery
	for _, p := range flatten(d.Panels) {
		for _, target := range p.Targets {
			if p.Datasource.Type == ID {
				queries = append(queries, backend.DataQuery{RefID: "A", JSON: target, TimeRange: span, Interval: time.Hour, MaxDataPoints: 1000})
			}
		}
	}
	return queries
}

func largestCluster(t *testing.T, p *process, span backend.TimeRange) string {
	t.Helper()
	q := backend.DataQuery{RefID: "A", JSON: []byte(`{"query":{"type":"clusters","limit":1}}`), TimeRange: span}
	resp, err := p.queryData(t.Context(), q)
	if err != nil || resp.Responses["A"].Error != nil {
		t.Fatal(err, resp.Responses["A"].Error)
	}
	key, _ := resp.Responses["A"].Frames[0].Fields[0].At(0).(string)
	return key
}

// measureMemory looks at the plugin's memory while it answers 10,000 queries.
func measureMemory(t *testing.T) {
	url := startArchive(t)
	fill(t, url, outbreak(week.From), watched(week.From))
	p := startPlugin(t, url)
	if _, err := p.checkHealth(t.Context()); err != nil {
		t.Fatal(err)
	}
	idle := residentMiB(t, p)
	models := stormQueries()
	var half int
	for _, upTo := range []int{5000, 10_000} {
		var g errgroup.Group
		g.SetLimit(8)
		for i := upTo - 5000; i < upTo; i++ {
			g.Go(func() error {
				_, err := p.queryData(t.Context(), panelQuery(t, models[i%len(models)]))
				return err
			})
		}
		if err := g.Wait(); err != nil {
			t.Fatal(err)
		}
		if upTo == 5000 {
			half = residentMiB(t, p)
		}
	}
	whole := residentMiB(t, p)
	t.Logf("memory: %d MiB idle (< %d), %d after 5,000 queries, %d after 10,000 (< %d, no growth)", idle, idleBar, half, whole, usedBar)
	if whole > usedBar || whole > half+half/5+5 {
		t.Errorf("the plugin's memory grows: %d, %d, %d MiB", idle, half, whole)
	}
}

var resident = regexp.MustCompile(`VmRSS:\s+(\d+) kB`)

func residentMiB(t *testing.T, p *process) int {
	t.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.pid))
	if err != nil {
		t.Fatal(err)
	}
	m := resident.FindSubmatch(text)
	if m == nil {
		t.Fatalf("no VmRSS of process %d", p.pid)
	}
	kb, err := strconv.Atoi(string(m[1]))
	if err != nil {
		t.Fatal(err)
	}
	return kb / 1024
}
