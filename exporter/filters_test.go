package main

import (
	"log/slog"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/exporter/annotate"
	"github.com/epicurve/epicurve/exporter/config"
	"github.com/epicurve/epicurve/exporter/logsource"
	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/pkg/crash"
)

// documentedFilters is the configuration that docs/exporter.md shows.
func documentedFilters(t *testing.T) config.Config {
	t.Helper()
	text, err := os.ReadFile("../docs/exporter.md")
	if err != nil {
		t.Fatal(err)
	}
	_, section, found := strings.Cut(string(text), "\n## False positives\n")
	_, block, opened := strings.Cut(section, "```yaml\n")
	block, _, closed := strings.Cut(block, "```\n")
	if !found || !opened || !closed {
		t.Fatal("docs/exporter.md has no section on false positives with an example")
	}
	cfg, err := config.Parse([]byte("core: {dirs: [/var/crash]}\n"+block), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	return cfg
}

// Each of the usual false positives can be told by a filter as documented: it
// is marked and counted apart, and what is only like it is not.
func TestDocumentedFilters(t *testing.T) {
	cfg := documentedFilters(t)
	n := &node{logger: slog.New(slog.DiscardHandler), recent: &logsource.Recent{}}
	if err := n.wantEvidence(cfg.Filters); err != nil {
		t.Fatal(err)
	}
	filters, err := annotate.NewFilters(cfg.Compiled(), n.recent)
	if err != nil {
		t.Fatal(err)
	}
	at := time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	for _, l := range []logsource.Line{
		{Log: "kernel", Time: at, Text: "Out of memory: Killed process 4711 (web) total-vm:1234kB"},
		{Log: "deploys", Time: at.Add(time.Hour), Undated: true, Text: "2026-01-02T05:04:05Z restarting web"}, // told late
		{Log: "journal", Time: at.Add(4 * time.Hour), Text: "Deploying web 1.2"},
	} {
		n.recent.Add(l)
	}
	record := func(kind crash.Kind, after time.Duration, change ...func(*crash.Record)) *crash.Record {
		r := &crash.Record{Time: at.Add(after), Finding: crash.Finding{Class: kind.Class(), Kind: kind}, Source: crash.SourceCore}
		for _, c := range change {
			c(r)
		}
		return r
	}
	of := func(service string) func(*crash.Record) {
		return func(r *crash.Record) { r.Process.ServiceName = service }
	}
	program := func(name string) func(*crash.Record) {
		return func(r *crash.Record) { r.Process.Executable = name }
	}
	host := func(name string) func(*crash.Record) { return func(r *crash.Record) { r.Host.Name = name } }
	population := metrics.NewPopulation(at, nil)
	var suppressed, counted uint64
	matched := make(map[string]bool)
	for _, tc := range []struct {
		name   string
		record *crash.Record
		want   string
	}{
		{"the victim of the OOM killer", record(crash.KindOutOfMemory, time.Hour), "OOM kill"},
		{"an abort while memory was short", record(crash.KindAbort, 50*time.Second), "abort in a shortage"},
		{"an abort before that", record(crash.KindAbort, -50*time.Second), "abort in a shortage"},
		{"an abort at another time", record(crash.KindAbort, 2*time.Minute), ""},
		{"a fault while memory was short", record(crash.KindNullDeref, 10*time.Second), ""},
		{"killed by a deploy", record(crash.KindSentSignal, 2*time.Hour+10*time.Second, of("web")), "deploy"},
		{"killed by nobody's deploy", record(crash.KindSentSignal, 3*time.Hour, of("web")), ""},
		{"another service in that deploy", record(crash.KindSentSignal, 2*time.Hour+10*time.Second, of("db")), ""},
		{"a deploy that the journal tells of", record(crash.KindNullDeref, 4*time.Hour+20*time.Second), "deploy by unit"},
		{"a breakpoint", record(crash.KindTrap, 3*time.Hour), "debugger"},
		{"a core of a living process", record(crash.KindNoSignal, 3*time.Hour), "debugger"},
		{"a test host", record(crash.KindReturnToNull, 3*time.Hour, host("ci-runner-7")), "test host"},
		{"a host that is only named like one", record(crash.KindReturnToNull, 3*time.Hour, host("precious-test-1")), ""},
		{"a deliberate abort", record(crash.KindAbort, 3*time.Hour, program("watchdogd")), "deliberate abort"},
		{"another program's abort", record(crash.KindAbort, 3*time.Hour, program("leafd")), ""},
	} {
		filters.Annotate(tc.record)
		if got := tc.record.Finding.SuppressedBy; got != tc.want {
			t.Errorf("%s: suppressed by %q, want %q", tc.name, got, tc.want)
		}
		matched[tc.want] = true
		population.Count(tc.record)
		if tc.want != "" {
			suppressed++
		} else {
			counted++
		}
	}
	for _, f := range cfg.Filters {
		if !matched[f.Name] {
			t.Errorf("filter %q is not tested", f.Name)
		}
	}
	var got [2]uint64
	for _, c := range population.Counts() {
		if c.Suppressed {
			got[1] += c.Value
		} else {
			got[0] += c.Value
		}
	}
	if got != [2]uint64{counted, suppressed} {
		t.Errorf("counted %v, want %d and, apart, %d: none is dropped", got, counted, suppressed)
	}
}
