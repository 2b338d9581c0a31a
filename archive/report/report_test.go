package report_test

import (
	"bytes"
	"context"
	"encoding/xml"
	"errors"
	"flag"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/epicurve/epicurve/archive/report"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

var update = flag.Bool("update", false, "rewrite the golden files")

var begin = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// answers is an archive with fixed answers; it keeps the questions.
type answers struct {
	status   query.Status
	clusters query.Clusters
	curve    query.Timeseries
	hosts    query.DimensionValues
	asked    []query.Request
}

func (a *answers) Status(context.Context) (query.Status, error) { return a.status, nil }

func (a *answers) Clusters(_ context.Context, r query.Request) (query.Clusters, error) {
	a.asked = append(a.asked, r)
	return a.clusters, nil
}

func (a *answers) Timeseries(_ context.Context, r query.Request) (query.Timeseries, error) {
	a.asked = append(a.asked, r)
	return a.curve, nil
}

func (a *answers) DimensionValues(context.Context, string, query.Range, string, int) (query.DimensionValues, error) {
	return a.hosts, nil
}

func outbreak() *answers {
	const buckets = 30
	a := &answers{
		status: query.Status{Version: "0.1.0", Storage: "duckdb", Records: 60},
		curve:  query.Timeseries{Interval: query.Duration(24 * time.Hour)},
		hosts:  query.DimensionValues{Values: []query.DimensionValue{{Value: "node-7", Crashes: 41}, {Value: "", Crashes: 2}}},
	}
	rising, sharp, other := make([]*float64, buckets), make([]*float64, buckets), make([]*float64, buckets)
	sums := [3]float64{}
	for i := range buckets {
		a.curve.Times = append(a.curve.Times, begin.AddDate(0, 0, i))
		for s, v := range []float64{float64(max(0, i-14)), float64(i % 5 / 4), 1} {
			value := v
			[][]*float64{rising, sharp, other}[s][i] = &value
			sums[s] += v
		}
	}
	other[3] = nil
	a.curve.Series = []query.Series{
		{Labels: map[string]string{"crash.class": "return_to_null"}, Values: rising, Total: sums[0]},
		{Labels: map[string]string{"crash.class": "other"}, Values: other, Total: sums[2]},
		{Labels: map[string]string{"crash.class": "misaligned_stack"}, Values: sharp, Total: sums[1]},
	}
	a.clusters = query.Clusters{Total: 3, Clusters: []query.Cluster{
		{Key: "return_to_null/return_to_null:api|x", Class: crash.ReturnToNull, Kind: crash.KindReturnToNull, Signature: "return_to_null:api|x", Crashes: 120, Hosts: 9, FirstSeen: begin.AddDate(0, 0, 15), LastSeen: begin.AddDate(0, 0, 29), Trend: []int64{0, 1, 4, 8}},
		{Key: "other/<b>\x1b[2J", Class: crash.Other, Kind: crash.KindAbort, Signature: "<b>\x1b[2J" + strings.Repeat("long", 20), Crashes: 1, Hosts: 1, FirstSeen: begin, LastSeen: begin},
	}}
	a.clusters.Partial = true
	return a
}

func options(format string) report.Options {
	return report.Options{Format: format, Range: query.Range{From: begin, To: begin.AddDate(0, 0, 30)}}
}

func TestGolden(t *testing.T) {
	for _, format := range report.Formats() {
		t.Run(format, func(t *testing.T) {
			var out bytes.Buffer
			if err := report.Write(t.Context(), &out, outbreak(), options(format)); err != nil {
				t.Fatal(err)
			}
			path := filepath.Join("testdata", "outbreak."+format)
			if *update {
				if err := os.WriteFile(path, out.Bytes(), 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(path)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(string(want), out.String()); diff != "" {
				t.Errorf("%s (-want +got; -update rewrites it):\n%s", path, diff)
			}
			if strings.ContainsRune(out.String(), '\x1b') {
				t.Error("an escape character of a signature reached the output")
			}
		})
	}
}

func TestHTMLNeedsNothingElse(t *testing.T) {
	var out bytes.Buffer
	if err := report.Write(t.Context(), &out, outbreak(), options("html")); err != nil {
		t.Fatal(err)
	}
	if m := regexp.MustCompile(`(?i)(src|href)=|url\(|@import|<script|<b>`).FindString(out.String()); m != "" {
		t.Errorf("the page contains %q", m)
	}
	svg := regexp.MustCompile(`(?s)<svg.*</svg>`).Find(out.Bytes())
	if err := xml.Unmarshal(svg, new(struct{ XMLName xml.Name })); err != nil {
		t.Errorf("the drawing is not well-formed: %v", err)
	}
	if got, want := strings.Count(string(svg), "<rect"), 15+30-1+6; got != want {
		t.Errorf("%d boxes, want %d", got, want)
	}
}

func TestEmptyRange(t *testing.T) {
	for _, format := range report.Formats() {
		var out bytes.Buffer
		a := &answers{curve: query.Timeseries{Times: []time.Time{begin}, Interval: query.Duration(time.Hour)}}
		if err := report.Write(t.Context(), &out, a, options(format)); err != nil {
			t.Fatal(err)
		}
		if format == "json" {
			continue // for programs: its lists are empty
		}
		if !strings.Contains(strings.ToLower(out.String()), "no crashes in this range") {
			t.Errorf("%s does not say that there were none:\n%s", format, out.String())
		}
	}
}

func TestQuestionsAreValid(t *testing.T) {
	a := outbreak()
	o := options("")
	o.Cluster, o.Columns = "return_to_null", 1<<20
	o.Filters = []query.Filter{{Dimension: "host.name", Values: []string{"node-7"}}}
	if err := report.Write(t.Context(), &bytes.Buffer{}, a, o); err != nil {
		t.Fatal(err)
	}
	for i, r := range a.asked {
		r.Type = []query.Type{query.TypeClusters, query.TypeTimeseries}[i]
		r.Normalize()
		if err := r.Validate(); err != nil {
			t.Error(err)
		}
		if len(r.Filters) != 1 || r.Cluster != "return_to_null" {
			t.Errorf("question %d lost its filters: %+v", i, r)
		}
	}
}

func TestRefusals(t *testing.T) {
	if err := report.Write(t.Context(), &bytes.Buffer{}, outbreak(), options("pdf")); !errors.Is(err, report.ErrFormat) {
		t.Errorf("format pdf: %v, want ErrFormat", err)
	}
	o := options("")
	o.Range.To = o.Range.From
	if err := report.Write(t.Context(), &bytes.Buffer{}, outbreak(), o); err == nil {
		t.Error("an empty range was accepted")
	}
	if err := report.Write(t.Context(), brokenPipe{}, outbreak(), options("")); err == nil {
		t.Error("a write error was lost")
	}
}

type brokenPipe struct{}

func (brokenPipe) Write([]byte) (int, error) { return 0, os.ErrClosed }

// judged is an archive that also knows a verdict.
type judged struct {
	*answers
	verdict error
}

func (j judged) Verdict(_ context.Context, r query.Request) (query.Verdict, error) {
	v := query.Verdict{Assessment: epi.Assessment{
		Cluster: r.Cluster, State: "active", Since: begin, Grade: "solid", Rows: 120, Episodes: 90, Hosts: 9, Sentence: "All on one host <b>\x1b[2J.",
		Onset: &epi.Onset{Earliest: begin, First: begin.AddDate(0, 0, 1)}, WouldChange: []string{"crashes elsewhere"},
	}}
	v.Ledger = query.LedgerEntry{
		Cluster: r.Cluster, Category: "return_to_null", FirstSeen: begin, LastSeen: begin.AddDate(0, 0, 9), Surface: "api", Proof: "not yet",
		Causes: []query.LedgerRemark{{Actor: "ann", Time: begin, Text: "bad|cable"}},
		Fixes:  []query.LedgerFix{{Fix: query.Fix{At: begin.AddDate(0, 0, 10), Dimension: "host.name", Value: "node-7", Removal: true}, Actor: "bob"}},
	}
	return v, j.verdict
}

func (j judged) Contrast(context.Context, query.Request) (query.Contrast, error) {
	row := epi.ContrastRow{Q: 0.0001}
	row.Values = []epi.Value{{Dimension: "host.name", Value: "node-7"}}
	row.Episodes, row.Of, row.Share, row.ShareLower, row.ShareUpper, row.Exposure, row.Lift = 80, 90, 0.89, 0.8, 0.94, 0.01, 600
	return query.Contrast{Contrast: epi.Contrast{Sentence: "node-7 stands out.", Rows: []epi.ContrastRow{row}, Hidden: 3}}, nil
}

// TestPostMortem looks for the verdict, its numbers, what is over-represented and
// the ledger in every format.
func TestPostMortem(t *testing.T) {
	for _, format := range report.Formats() {
		o := options(format)
		o.Cluster = "return_to_null/return_to_null:api|x"
		var out bytes.Buffer
		if err := report.Write(t.Context(), &out, judged{answers: outbreak()}, o); err != nil {
			t.Fatal(err)
		}
		text := strings.NewReplacer(`\|`, "|", `\_`, "_", "&#43;", "+").Replace(out.String())
		wants := []string{"All on one host", "90 episodes", "node-7", "80 of 90", "bad|cable", "ann", "not yet"}
		if format == "json" {
			wants = []string{`"sentence": "All on one host`, `"episodes": 90`, `"text": "bad|cable"`, `"proof": "not yet"`, `"hidden": 3`}
		}
		for _, want := range wants {
			if !strings.Contains(text, want) {
				t.Errorf("%s lacks %q:\n%s", format, want, text)
			}
		}
		if strings.ContainsRune(text, '\x1b') || format == "html" && strings.Contains(text, "<b>") {
			t.Errorf("%s: markup or an escape character of a text reached the output", format)
		}
	}
}

func TestUnknownClusterIsANotice(t *testing.T) {
	o := options("text")
	o.Cluster = "other/nothing of the kind"
	var out bytes.Buffer
	a := judged{answers: outbreak(), verdict: &query.Problem{Status: 404, Detail: "has no crash"}}
	if err := report.Write(t.Context(), &out, a, o); err != nil || !strings.Contains(out.String(), "no verdict: has no crash") {
		t.Errorf("%v:\n%s", err, out.String())
	}
	a.verdict = &query.Problem{Status: 503}
	if err := report.Write(t.Context(), &out, a, o); err == nil {
		t.Error("an archive that failed was taken for one without a verdict")
	}
}
