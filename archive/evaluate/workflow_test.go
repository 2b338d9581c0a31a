package evaluate_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/storetest"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

const chatKey = "workflow/wrong_output in chat via orders"

// failed makes n failures of the workflow, a day apart, all answered by a model.
func failed(n int, model string) []crash.Record {
	records := make([]crash.Record, n)
	for i := range records {
		r := &records[i]
		*r = crash.Record{
			Time: start.AddDate(0, 0, i).Add(time.Hour), Source: crash.SourceWorkflow,
			Finding:  crash.Finding{Kind: crash.CategoryWrongOutput},
			Process:  crash.Process{ServiceName: "chat"},
			Workflow: crash.Workflow{Path: "orders", ResponseModel: model, InputType: fmt.Sprintf("type %d", i%3)},
		}
		r.Complete("test", model, fmt.Sprint(i))
		r.Finding.Signature = crash.DefaultWorkflowKey().Signature(r)
	}
	return records
}

// ran makes days of 900 runs of one model and 100 of another.
func ran(t *testing.T, s *storetest.Oracle, days int) {
	t.Helper()
	var runs []crash.Runs
	for d := range days {
		for model, count := range map[string]int64{"m-1": 900, "m-2": 100} {
			runs = append(runs, crash.Runs{
				Start: start.AddDate(0, 0, d), Length: 24 * time.Hour, Count: count,
				Of: map[string]string{"service.name": "chat", "gen_ai.response.model": model},
			})
		}
	}
	if _, err := s.AppendRuns(t.Context(), runs); err != nil {
		t.Fatal(err)
	}
}

// TestTwoPopulations keeps crashes and failures of workflows in one archive: each
// is judged by its own exposure, against its own kind.
func TestTwoPopulations(t *testing.T) {
	s, e, c := setUp(t)
	add(t, s, append(crashed("abort in leafd", 40), failed(40, "m-2")...), fleet(80))
	ran(t, s, 80)
	v, err := e.Verdict(t.Context(), request(query.TypeVerdict, chatKey, c))
	if err != nil {
		t.Fatal(err)
	}
	a := v.Assessment
	if a.Verdict.Kind != epi.KindAll || a.Verdict.Best.Values[0].Value != "m-2" || !strings.Contains(a.Sentence, "10 % of runs on those days") {
		t.Errorf("the workflow's verdict is %q: %s", a.Verdict.Kind, a.Sentence)
	}
	if strings.Contains(a.Sentence, "input type") {
		t.Errorf("runs are not counted by input type, which must not be compared: %s", a.Sentence)
	}
	if v.Ledger.Category != "wrong_output" || v.Ledger.Surface != "chat" || v.Ledger.Path != "orders" || !strings.Contains(v.Ledger.InputType, "type 0") {
		t.Errorf("the workflow's entry is %+v", v.Ledger)
	}
	crashes, err := e.Verdict(t.Context(), request(query.TypeVerdict, "other/abort in leafd", c))
	if err != nil || crashes.Assessment.Rows != 40 || crashes.Assessment.Hosts != 7 || strings.Contains(crashes.Assessment.Sentence, "runs") {
		t.Errorf("the crashes' verdict is %s, %v", crashes.Assessment.Sentence, err)
	}
	list, err := e.Clusters(t.Context(), request(query.TypeClusters, "", c))
	if err != nil || len(list.Clusters) != 2 || list.Clusters[0].State == "" || list.Clusters[1].State == "" {
		t.Errorf("clusters %+v, %v", list.Clusters, err)
	}
}

func TestRatesOfTwoPopulations(t *testing.T) {
	s, e, c := setUp(t)
	add(t, s, append(crashed("abort in leafd", 40), failed(40, "m-2")...), fleet(80))
	ran(t, s, 80)
	rate := func(req query.Request) []*float64 {
		t.Helper()
		req.Type, req.Measure, req.Interval, req.Range.To = query.TypeTimeseries, query.MeasureRate, query.Duration(24*time.Hour), c.now
		req.Normalize()
		got, err := e.Timeseries(t.Context(), req)
		if err != nil || len(got.Series) != 1 {
			t.Fatalf("%+v, %v", got.Series, err)
		}
		return got.Series[0].Values
	}
	near := func(what string, got *float64, want float64) {
		t.Helper()
		if got == nil || *got < want-1e-9 || *got > want+1e-9 {
			t.Errorf("%s is %v, want %v", what, got, want)
		}
	}
	near("failures per run", rate(request(query.TypeTimeseries, chatKey, c))[0], 1.0/1000)
	near("failures per run after the last", rate(request(query.TypeTimeseries, chatKey, c))[60], 0)
	of := request(query.TypeTimeseries, chatKey, c)
	of.Filters = []query.Filter{{Dimension: "gen_ai.response.model", Op: query.OpIn, Values: []string{"m-2"}}}
	near("failures per run of the model", rate(of)[0], 1.0/100)
	near("crashes per host-day", rate(request(query.TypeTimeseries, "", c))[0], 1.0/20)

	exposed := request(query.TypeExposure, "workflow", c)
	exposed.Interval, exposed.Range.To, exposed.GroupBy = query.Duration(24*time.Hour), c.now, []string{"gen_ai.response.model"}
	runs, err := e.Exposure(t.Context(), exposed)
	if err != nil || len(runs.Series) != 2 || runs.Series[0].Labels["gen_ai.response.model"] != "m-1" || runs.Series[0].Total != 80*900 || *runs.Series[1].Values[3] != 100 {
		t.Errorf("runs %+v, %v", runs.Series, err)
	}

	of.Measure, of.GroupBy = query.MeasureRate, []string{"host.name"}
	_, err = e.Timeseries(t.Context(), of)
	var field *query.FieldError
	if !errors.As(err, &field) || field.Field != "groupBy[0]" {
		t.Errorf("runs by host: %v", err)
	}
}

// runless is a store that keeps no runs.
type runless struct{ evaluate.Store }

func TestWorkflowsWithoutRuns(t *testing.T) {
	s, _, c := setUp(t)
	add(t, s, failed(40, "m-2"), nil)
	e := evaluate.New(evaluate.Config{Store: runless{s}, Now: c.read})
	v, err := e.Verdict(t.Context(), request(query.TypeVerdict, chatKey, c))
	if err != nil || len(v.Notices) == 0 || !strings.Contains(v.Notices[0], "No runs") || v.Assessment.Rows != 40 {
		t.Errorf("%d rows, notices %v, %v", v.Assessment.Rows, v.Notices, err)
	}
	req := request(query.TypeTimeseries, chatKey, c)
	req.Measure = query.MeasureRate
	if _, err := e.Timeseries(t.Context(), req); !errors.Is(err, store.ErrUnsupported) {
		t.Errorf("a rate without runs: %v", err)
	}
}

// TestSplitByWhatIsNotCompared splits by a dimension that the view has not read.
func TestSplitByWhatIsNotCompared(t *testing.T) {
	s, e, c := setUp(t)
	records := failed(40, "m-2")
	for i := range records {
		records[i].Workflow.ErrorType = []string{"late", "wrong"}[i%2]
	}
	add(t, s, records, nil)
	rows := func(key string) int {
		t.Helper()
		v, err := e.Verdict(context.Background(), request(query.TypeVerdict, key, c))
		if err != nil {
			t.Fatal(err)
		}
		return v.Assessment.Rows
	}
	if n := rows(chatKey); n != 40 {
		t.Fatalf("%d rows before the split", n)
	}
	parting := query.Parting{Dimension: "error.type", Values: []string{"late"}}
	part := query.PartKey(chatKey, parting)
	say(t, s, 1, query.LedgerEvent{Cluster: chatKey, Action: query.ActionSplit, Parting: &parting, Into: part})
	if whole, split := rows(chatKey), rows(part); whole != 20 || split != 20 {
		t.Errorf("%d and %d rows after the split, want 20 and 20", whole, split)
	}
	list, err := e.Clusters(t.Context(), request(query.TypeClusters, "", c))
	if err != nil || len(list.Clusters) != 2 || list.Clusters[0].Crashes != 20 || list.Total != 2 {
		t.Errorf("clusters %+v, %v", list.Clusters, err)
	}
	found, err := e.Records(t.Context(), request(query.TypeRecords, part, c))
	if err != nil || len(found.Records) != 20 || found.Records[0].Workflow.ErrorType != "late" {
		t.Errorf("%d records of the part, %v", len(found.Records), err)
	}
	say(t, s, 2, query.LedgerEvent{Cluster: chatKey, Action: query.ActionUndo, Revokes: crash.ID{15: 1}})
	if n := rows(chatKey); n != 40 {
		t.Errorf("%d rows once the split is undone", n)
	}
}

// TestThirtyRowRule asks for the entry of a cluster as its rows come in: below
// thirty it never reads like a diagnosis.
func TestThirtyRowRule(t *testing.T) {
	s, e, c := setUp(t)
	add(t, s, crashed("abort in leafd", 31), fleet(80))
	for _, n := range []int{1, 12, 29, 30, 31} {
		c.now = start.AddDate(0, 0, n-1).Add(time.Hour)
		got, err := e.Ledger(t.Context(), request(query.TypeLedger, "other/abort in leafd", c))
		if err != nil || len(got.Entries) != 1 {
			t.Fatalf("%+v, %v", got.Entries, err)
		}
		entry, want := got.Entries[0], fmt.Sprintf("%d of 30: provisional", n)
		if n >= 30 {
			want = ""
		}
		if entry.Progress != want || entry.Rows != n || strings.HasPrefix(entry.Proof, want+", no diagnosis. ") != (n < 30) {
			t.Errorf("%d rows: progress %q, proof %q", entry.Rows, entry.Progress, entry.Proof)
		}
	}
}

func TestDeploymentsAreAnnotations(t *testing.T) {
	s, e, c := setUp(t)
	add(t, s, crashed("abort in leafd", 31), fleet(80))
	for i, build := range []string{"r2", "r3"} {
		say(t, s, byte(i+1), query.LedgerEvent{Action: query.ActionDeploy, Deploy: &query.Deployment{At: start.AddDate(0, 0, 40+i), Build: build, Environment: "eu"}})
	}
	say(t, s, 9, query.LedgerEvent{Cluster: "other/abort in leafd", Action: query.ActionFix, Text: "unwinder", Fix: &query.Fix{Builds: []string{"r2"}}})
	titles := func(cluster string) (all []string) {
		t.Helper()
		got, err := e.Annotations(t.Context(), request(query.TypeAnnotations, cluster, c))
		if err != nil {
			t.Fatal(err)
		}
		for _, a := range got.Annotations {
			if a.Kind == query.AnnotationDeploy || a.Kind == query.AnnotationFix {
				all = append(all, string(a.Kind)+" "+a.Title+" "+a.Time.Format(time.DateOnly))
			}
		}
		return all
	}
	fix, r2, r3 := "fix Fix: other/abort in leafd 2026-04-10", "deploy Deployed r2 to eu 2026-04-10", "deploy Deployed r3 to eu 2026-04-11"
	if got, want := strings.Join(titles("other/abort in leafd"), "; "), strings.Join([]string{fix, r2}, "; "); got != want {
		t.Errorf("of the cluster: %s, want %s", got, want)
	}
	if got, want := strings.Join(titles(""), "; "), strings.Join([]string{fix, r2, r3}, "; "); got != want {
		t.Errorf("of all: %s, want %s", got, want)
	}
}

// TestExposureIsAskedByWhatItKnows refuses a question about host-time by what only
// crashes have, before a store sees it.
func TestExposureIsAskedByWhatItKnows(t *testing.T) {
	_, e, c := setUp(t)
	req := request(query.TypeExposure, "", c)
	req.Filters = []query.Filter{{Dimension: "crash.kind", Op: query.OpIn, Values: []string{"abort"}}}
	var field *query.FieldError
	if _, err := e.Exposure(t.Context(), req); !errors.As(err, &field) || field.Field != "filters[0].dimension" {
		t.Errorf("got %v, want a refusal that names the filter", err)
	}
}
