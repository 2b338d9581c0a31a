package evaluate_test

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/evaluate/population"
	"github.com/epicurve/epicurve/archive/store/duckdb"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/epi"
	"github.com/epicurve/epicurve/pkg/query"
)

// TestPopulations holds the whole way of a verdict, from records and exposure in
// a real store to the answer of a query, to populations whose truth is known.
// EPI_POPULATIONS names a folder of other populations.
func TestPopulations(t *testing.T) {
	dir := os.Getenv("EPI_POPULATIONS")
	own := dir == ""
	if own {
		dir = filepath.Join("population", "testdata")
	}
	all, err := population.LoadAll(os.DirFS(dir))
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range all {
		t.Run(p.Name, func(t *testing.T) {
			w := wire(t, p)
			for _, wrong := range p.Check(w) {
				t.Error(wrong)
			}
			if own {
				w.checkBlind(t)
			}
		})
	}
}

// wired answers for a population out of an archive that was filled with it.
type wired struct {
	p         *population.Population
	archive   *archive
	evaluator *evaluate.Evaluator
	said      []query.LedgerEvent // and not undone
}

// archive is a real store with a ledger in memory, which a test writes to some
// thousand times.
type archive struct {
	evaluate.Store
	events []query.LedgerEvent
}

func (a *archive) LedgerEvents(context.Context) ([]query.LedgerEvent, error) { return a.events, nil }

func (a *archive) Version(context.Context) (int64, error) { return int64(len(a.events)), nil }

func wire(t *testing.T, p *population.Population) *wired {
	t.Helper()
	s, err := duckdb.Open(t.Context(), filepath.Join(t.TempDir(), "crashes.duckdb"), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	records := records(t, p)
	if got, err := s.Append(t.Context(), records); err != nil || got.Added != len(records) {
		t.Fatalf("appended %d of %d records: %v", got.Added, len(records), err)
	}
	if _, err := s.AppendExposure(t.Context(), slots(p)); err != nil {
		t.Fatal(err)
	}
	a := &archive{Store: s}
	return &wired{p: p, archive: a, evaluator: evaluate.New(evaluate.Config{
		Store: a, Lookback: 4 * p.To.Sub(p.From), Now: func() time.Time { return p.To },
	})}
}

func records(t *testing.T, p *population.Population) []crash.Record {
	t.Helper()
	var all []crash.Record
	for i, row := range p.Rows {
		r := crash.Record{
			Time: row.Time, TimeSource: crash.TimeFromReporter, Source: crash.SourceImport,
			Finding: crash.Finding{Class: class(row.Class), Kind: crash.KindUnknown, Signature: row.Signature},
			Host: crash.Host{
				Name: row.Values[population.Host], PhysicalID: row.Values[population.Physical], KernelRelease: row.Values[population.Kernel],
				CPUModel: row.Values[population.CPUModel], Type: row.Values[population.InstanceType],
			},
			Cloud:   crash.Cloud{Region: row.Values[population.Region]},
			Process: crash.Process{ServiceName: row.Values[population.Service], ServiceVersion: row.Values[population.Build]},
		}
		r.Complete("population", fmt.Sprint(i))
		if err := r.Validate(); err != nil {
			t.Fatalf("row %d: %v", i, err)
		}
		all = append(all, r)
	}
	return all
}

func class(name string) crash.Class { return crash.Class(strings.ReplaceAll(name, "-", "_")) }

// slots is the fleet at risk, a slot a host and day; an outage is time that
// nothing covered.
func slots(p *population.Population) []crash.Exposure {
	const day = 24 * time.Hour
	var all []crash.Exposure
	for _, d := range p.HostDays() {
		e := crash.Exposure{
			Host: crash.Host{
				Name: d.Values[population.Host], PhysicalID: d.Values[population.Physical], KernelRelease: d.Values[population.Kernel],
				CPUModel: d.Values[population.CPUModel], Type: d.Values[population.InstanceType],
			},
			Cloud: crash.Cloud{Region: d.Values[population.Region]},
			Start: d.Day, Length: day, Covered: day,
		}
		for _, o := range p.Outages {
			if o.Region == "" || o.Region == d.Values[population.Region] {
				e.Covered -= overlap(d.Day, d.Day.Add(day), o.From, o.To)
			}
		}
		e.Builds = []crash.ExposedBuild{{ServiceName: d.Values[population.Service], ServiceVersion: d.Values[population.Build], Running: e.Covered}}
		all = append(all, e)
	}
	return all
}

func overlap(a, b, from, to time.Time) time.Duration {
	if from.After(a) {
		a = from
	}
	if to.Before(b) {
		b = to
	}
	return max(0, b.Sub(a))
}

// checkBlind looks for every outage of a region among the annotations. In our own
// populations every region crashes often enough for that.
func (w *wired) checkBlind(t *testing.T) {
	t.Helper()
	got, err := w.evaluator.Annotations(t.Context(), w.request(query.TypeAnnotations, "", w.p.To))
	if err != nil {
		t.Fatal(err)
	}
	for _, o := range w.p.Outages {
		found := slices.ContainsFunc(got.Annotations, func(a query.Annotation) bool {
			return a.Kind == query.AnnotationBlind && a.Title == "Blind: "+o.Region &&
				a.Time.Sub(o.From).Abs() <= 48*time.Hour && a.TimeEnd.Sub(o.To).Abs() <= 48*time.Hour
		})
		if !found {
			t.Errorf("the outage of %s from %s to %s is not among the annotations", o.Region, o.From, o.To)
		}
	}
}

// Assess implements population.Evaluator by a verdict query.
func (w *wired) Assess(s population.Selector, marks []population.Mark, now time.Time) (epi.Assessment, error) {
	key := w.tell(s, marks)
	v, err := w.evaluator.Verdict(context.Background(), w.request(query.TypeVerdict, key, now))
	return inColumns(v.Assessment), err
}

// Split implements population.Evaluator by a split query.
func (w *wired) Split(s population.Selector, by string, now time.Time) (epi.Split, error) {
	req := w.request(query.TypeSplit, w.tell(s, nil), now)
	switch column, value, named := strings.Cut(by, "="); {
	case by == "":
	case !named:
		req.GroupBy = []string{"crash." + by}
	case column == "class":
		req.Filters = []query.Filter{{Dimension: "crash.class", Op: query.OpIn, Values: []string{string(class(value))}}}
	default:
		req.Filters = []query.Filter{{Dimension: dimension(column), Op: query.OpIn, Values: []string{value}}}
	}
	got, err := w.evaluator.Split(context.Background(), req)
	return inColumns(got.Split), err
}

func (w *wired) request(t query.Type, key string, now time.Time) query.Request {
	r := query.Request{Type: t, Cluster: key, Range: query.Range{From: w.p.From, To: now}}
	r.Normalize()
	return r
}

// tell undoes what the ledger says and says anew: what the selector picks is
// merged into one cluster, and the marks are its fixes. It returns the cluster's
// key.
func (w *wired) tell(s population.Selector, marks []population.Mark) string {
	for _, e := range w.said {
		w.event(e.Cluster, query.LedgerEvent{Action: query.ActionUndo, Revokes: e.ID})
	}
	w.said = nil
	keys := w.keys(s)
	for _, other := range keys[1:] {
		w.event(other, query.LedgerEvent{Action: query.ActionMerge, Into: keys[0]})
	}
	for _, m := range marks {
		fix := query.Fix{At: m.At}
		if len(m.Removed) > 0 {
			fix.Removal, fix.Dimension, fix.Value = true, dimension(m.Removed[0].Column), m.Removed[0].Values[0]
		}
		w.event(keys[0], query.LedgerEvent{Action: query.ActionFix, Text: m.What, Fix: &fix})
	}
	return keys[0]
}

func (w *wired) event(key string, e query.LedgerEvent) {
	n := len(w.archive.events) + 1
	e.ID, e.Time, e.Actor, e.Cluster = crash.ID{14: byte(n >> 8), 15: byte(n)}, w.p.From.Add(time.Duration(n)*time.Second), "test", key
	if err := e.Validate(); err != nil {
		panic(err)
	}
	w.archive.events = append(w.archive.events, e)
	if e.Action != query.ActionUndo {
		w.said = append(w.said, e)
	}
}

// keys lists the clusters that a selector picks: whole classes where it names
// classes only.
func (w *wired) keys(s population.Selector) []string {
	classes := len(s) == 1 && s[0].Column == "class"
	seen := map[string]bool{}
	var keys []string
	for _, row := range w.p.Rows {
		if !s.Matches(row) {
			continue
		}
		key := crash.ClusterKey(class(row.Class), row.Signature)
		if classes {
			key = string(class(row.Class))
		}
		if !seen[key] {
			seen[key] = true
			keys = append(keys, key)
		}
	}
	return keys
}

// columns are the archive's dimensions by the names of the files' columns.
var columns = map[string]string{
	"physical_host": "host.physical_id", "host": "host.name", "region": "cloud.region", "build": "service.version",
	"kernel": "os.kernel.release", "cpu_model": "host.cpu.model.name", "instance_type": "host.type", "service": "service.name",
	"signature": "crash.signature",
}

func dimension(column string) string { return columns[column] }

// inColumns renames the dimensions of an answer to the names of the columns, on
// the way that answers go over the wire.
func inColumns[T any](answer T) T {
	text, err := json.Marshal(answer)
	if err != nil {
		panic(err)
	}
	for column, name := range columns {
		text = []byte(strings.ReplaceAll(string(text), `"dimension":"`+name+`"`, `"dimension":"`+column+`"`))
	}
	var renamed T
	if err := json.Unmarshal(text, &renamed); err != nil {
		panic(err)
	}
	return renamed
}
