package evaluate_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/storetest"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

var start = time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)

// crashed makes n crashes of a signature, a day apart, from start on.
func crashed(signature string, n int) []crash.Record {
	records := make([]crash.Record, n)
	for i := range records {
		r := &records[i]
		*r = crash.Record{
			Time: start.AddDate(0, 0, i), Source: crash.SourceCore,
			Finding: crash.Finding{Class: crash.Other, Kind: crash.KindAbort, Signature: signature},
			Host:    crash.Host{Name: fmt.Sprintf("host-%d", i%7)},
			Process: crash.Process{ServiceName: "leaf", ServiceVersion: "r1"},
		}
		r.Complete("test", fmt.Sprint(i))
	}
	return records
}

// fleet makes days of exposure of 20 hosts.
func fleet(days int) []crash.Exposure {
	var slots []crash.Exposure
	for d := range days {
		for h := range 20 {
			slots = append(slots, crash.Exposure{
				Host: crash.Host{Name: fmt.Sprintf("host-%d", h)}, Start: start.AddDate(0, 0, d), Length: 24 * time.Hour, Covered: 24 * time.Hour,
				Builds: []crash.ExposedBuild{{ServiceName: "leaf", ServiceVersion: "r1", Running: 24 * time.Hour}},
			})
		}
	}
	return slots
}

// clock is a clock that tests move.
type clock struct{ now time.Time }

func (c *clock) read() time.Time { return c.now }

func setUp(t *testing.T) (*storetest.Oracle, *evaluate.Evaluator, *clock) {
	t.Helper()
	s := storetest.NewOracle()
	c := &clock{now: start.AddDate(0, 0, 80)}
	return s, evaluate.New(evaluate.Config{Store: s, Now: c.read}), c
}

func add(t *testing.T, s store.Store, records []crash.Record, slots []crash.Exposure) {
	t.Helper()
	if _, err := s.Append(t.Context(), records); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AppendExposure(t.Context(), slots); err != nil {
		t.Fatal(err)
	}
}

func say(t *testing.T, s store.Store, n byte, e query.LedgerEvent) {
	t.Helper()
	e.ID, e.Time, e.Actor = crash.ID{15: n}, start.Add(time.Duration(n)*time.Minute), "ada"
	if err := e.Validate(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.AppendLedger(t.Context(), []query.LedgerEvent{e}); err != nil {
		t.Fatal(err)
	}
}

func request(kind query.Type, cluster string, c *clock) query.Request {
	r := query.Request{Type: kind, Cluster: cluster, Range: query.Range{From: start, To: c.now.Add(time.Second)}}
	r.Normalize()
	return r
}

func TestFixIsSeenAtOnce(t *testing.T) {
	s, e, c := setUp(t)
	add(t, s, crashed("abort at a", 30), fleet(80))
	const key = "other/abort at a"
	before, err := e.Verdict(t.Context(), request(query.TypeVerdict, key, c))
	if err != nil {
		t.Fatal(err)
	}
	if before.Assessment.State == epi.StateGone {
		t.Fatalf("gone without a mark: %s", before.Assessment.Sentence)
	}
	say(t, s, 1, query.LedgerEvent{Cluster: key, Action: query.ActionFix, Text: "retry budget", Fix: &query.Fix{At: start.AddDate(0, 0, 29).Add(time.Hour)}})
	after, err := e.Verdict(t.Context(), request(query.TypeVerdict, key, c))
	if err != nil {
		t.Fatal(err)
	}
	if after.Assessment.State != epi.StateGone || len(after.Ledger.Fixes) != 1 || after.Ledger.Proof == "" {
		t.Errorf("50 days silent after 30 daily crashes: %q, %+v", after.Assessment.Sentence, after.Ledger)
	}
	early := request(query.TypeVerdict, key, c)
	early.Range.To = start.AddDate(0, 0, 31)
	then, err := e.Verdict(t.Context(), early)
	if err != nil {
		t.Fatal(err)
	}
	if then.Assessment.State == epi.StateGone || then.Assessment.Silence == nil || !then.Assessment.Silence.NeedUntil.After(early.Range.To) {
		t.Errorf("two days after the mark: %q", then.Assessment.Sentence)
	}
}

func TestNewCrashesAreSeenWhenTheViewIsRenewed(t *testing.T) {
	s, e, c := setUp(t)
	add(t, s, crashed("abort at a", 10), fleet(80))
	const key = "other/abort at a"
	if _, err := e.Verdict(t.Context(), request(query.TypeVerdict, key, c)); err != nil {
		t.Fatal(err)
	}
	add(t, s, crashed("abort at a", 20), nil)
	c.now = c.now.Add(time.Minute)
	v, err := e.Verdict(t.Context(), request(query.TypeVerdict, key, c))
	if err != nil {
		t.Fatal(err)
	}
	if v.Assessment.Rows != 20 {
		t.Errorf("a minute later %d rows are known, want 20", v.Assessment.Rows)
	}
}

// What was known then is told years later, too, and what came after is not in it.
func TestThePastIsJudgedAsOfThen(t *testing.T) {
	s, e, c := setUp(t)
	add(t, s, crashed("abort at a", 60), fleet(80))
	const key = "other/abort at a"
	c.now = start.AddDate(3, 0, 0)
	for _, days := range []int{30, 45} {
		past := request(query.TypeVerdict, key, c)
		past.Range.To = start.AddDate(0, 0, days)
		v, err := e.Verdict(t.Context(), past)
		if err != nil {
			t.Fatal(err)
		}
		if v.Assessment.Rows < days || v.Assessment.Rows > days+1 || v.Assessment.State != epi.StateActive {
			t.Errorf("day %d: %d rows, %q", days, v.Assessment.Rows, v.Assessment.Sentence)
		}
	}
	if _, err := e.Verdict(t.Context(), request(query.TypeVerdict, key, c)); !errors.Is(err, store.ErrNotFound) {
		t.Errorf("now: got %v, want ErrNotFound, because its crashes are older than what is looked back on", err)
	}
}

func TestMergedClustersAreOne(t *testing.T) {
	s, e, c := setUp(t)
	add(t, s, append(crashed("abort at a", 12), crashed("abort at b", 8)...), fleet(80))
	say(t, s, 1, query.LedgerEvent{Cluster: "other/abort at b", Action: query.ActionMerge, Into: "other/abort at a"})
	say(t, s, 2, query.LedgerEvent{Cluster: "other/abort at a", Action: query.ActionLabel, Text: "retry storm"})
	v, err := e.Verdict(t.Context(), request(query.TypeVerdict, "other/abort at b", c))
	if err != nil {
		t.Fatal(err)
	}
	if v.Assessment.Rows != 20 || v.Assessment.Cluster != "other/abort at a" {
		t.Errorf("got %d rows of %q", v.Assessment.Rows, v.Assessment.Cluster)
	}
	book, err := e.Ledger(t.Context(), request(query.TypeLedger, "", c))
	if err != nil {
		t.Fatal(err)
	}
	if len(book.Entries) != 1 || book.Entries[0].Label != "retry storm" || book.Entries[0].Surface != "leaf" || book.Entries[0].State == "" {
		t.Errorf("got %+v", book.Entries)
	}
}

func TestUnknownClusterIsNotFound(t *testing.T) {
	s, e, c := setUp(t)
	for _, filled := range []bool{false, true} {
		if filled {
			add(t, s, crashed("abort at a", 10), nil)
			c.now = c.now.Add(time.Hour)
		}
		for _, kind := range []query.Type{query.TypeVerdict, query.TypeContrast, query.TypeSplit} {
			_, err := e.Answers()[kind](t.Context(), request(kind, "other/nothing of the kind", c))
			if !errors.Is(err, store.ErrNotFound) {
				t.Errorf("%s, filled %v: got %v, want ErrNotFound", kind, filled, err)
			}
		}
	}
}

func TestEveryQuestionIsAnsweredOnAnEmptyArchive(t *testing.T) {
	_, e, c := setUp(t)
	for _, kind := range []query.Type{query.TypeClusters, query.TypeLedger, query.TypeAnnotations} {
		if _, err := e.Answers()[kind](t.Context(), request(kind, "", c)); err != nil {
			t.Errorf("%s: %v", kind, err)
		}
	}
}

func TestAnnotationsTellWhatHappened(t *testing.T) {
	s, e, c := setUp(t)
	records := crashed("abort at a", 50)[20:] // silent for the first 20 days of the archive
	add(t, s, records, fleet(80))
	say(t, s, 1, query.LedgerEvent{Cluster: "other/abort at a", Action: query.ActionFix, Text: "r2", Fix: &query.Fix{At: start.AddDate(0, 0, 50)}})
	got, err := e.Annotations(t.Context(), request(query.TypeAnnotations, "", c))
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[query.AnnotationKind]query.Annotation{}
	for _, a := range got.Annotations {
		kinds[a.Kind] = a
	}
	onset, ok := kinds[query.AnnotationOnset]
	if !ok || onset.TimeEnd.Before(onset.Time) || !onset.TimeEnd.Equal(records[0].Time) {
		t.Errorf("onset: %+v", onset)
	}
	if fix := kinds[query.AnnotationFix]; !fix.Time.Equal(start.AddDate(0, 0, 50)) || !strings.Contains(fix.Text, "ada") {
		t.Errorf("fix: %+v", fix)
	}
}

func TestGaugesAreValidAndBounded(t *testing.T) {
	s, e, _ := setUp(t)
	for i := range 120 {
		add(t, s, crashed(fmt.Sprintf("abort at \"%d\" \\ x", i), 6), nil)
	}
	var b bytes.Buffer
	if err := e.WriteGauges(context.Background(), &b); err != nil {
		t.Fatal(err)
	}
	problems, err := promlint.New(bytes.NewReader(b.Bytes())).Lint()
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
	text := b.String()
	if got := strings.Count(text, "epicurve_cluster_episodes{"); got != 100 {
		t.Errorf("%d clusters are shown, want the 100 largest", got)
	}
	if got, want := strings.Count(text, "epicurve_cluster_state{"), 100*len(epi.States()); got != want {
		t.Errorf("%d states are shown, want %d", got, want)
	}
}
