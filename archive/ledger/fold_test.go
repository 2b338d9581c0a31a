package ledger_test

import (
	"math/rand/v2"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

var day0 = time.Date(2026, 2, 9, 0, 0, 0, 0, time.UTC)

// event makes an event n hours after day0 with id n.
func event(n byte, cluster string, action query.LedgerAction, change func(*query.LedgerEvent)) query.LedgerEvent {
	e := query.LedgerEvent{ID: crash.ID{15: n}, Time: day0.Add(time.Duration(n) * time.Hour), Actor: "ada", Cluster: cluster, Action: action}
	if change != nil {
		change(&e)
	}
	return e
}

func text(s string) func(*query.LedgerEvent) { return func(e *query.LedgerEvent) { e.Text = s } }

func undoes(n byte) func(*query.LedgerEvent) {
	return func(e *query.LedgerEvent) { e.Revokes = crash.ID{15: n} }
}

func into(key string) func(*query.LedgerEvent) { return func(e *query.LedgerEvent) { e.Into = key } }

func label(t *testing.T, cluster string, events ...query.LedgerEvent) string {
	t.Helper()
	entry, _ := ledger.Fold(events).Entry(cluster)
	return entry.Label
}

func TestLastLabelStands(t *testing.T) {
	if got := label(t, "other/a", event(2, "other/a", query.ActionLabel, text("second")), event(1, "other/a", query.ActionLabel, text("first"))); got != "second" {
		t.Errorf("got %q", got)
	}
}

func TestUndo(t *testing.T) {
	first := event(1, "other/a", query.ActionLabel, text("first"))
	second := event(2, "other/a", query.ActionLabel, text("second"))
	undo := event(3, "other/a", query.ActionUndo, undoes(2))
	undoUndo := event(4, "other/a", query.ActionUndo, undoes(3))
	if got := label(t, "other/a", first, second, undo); got != "first" {
		t.Errorf("after undo: got %q", got)
	}
	if got := label(t, "other/a", first, second, undo, undoUndo); got != "second" {
		t.Errorf("after undoing the undo: got %q", got)
	}
	early := event(1, "other/a", query.ActionUndo, undoes(2))
	if got := label(t, "other/a", early, second); got != "second" {
		t.Errorf("an undo that precedes its event took it back: got %q", got)
	}
}

func TestMerge(t *testing.T) {
	events := []query.LedgerEvent{
		event(1, "other/a", query.ActionLabel, text("bad host")),
		event(2, "other/a", query.ActionMerge, into("other/b")),
		event(3, "other/b", query.ActionMerge, into("other/a")), // would be a circle
		event(4, "other/a", query.ActionFix, func(e *query.LedgerEvent) { e.Fix = &query.Fix{At: day0} }),
	}
	book := ledger.Fold(events)
	if got := book.Canonical("other/a"); got != "other/b" {
		t.Fatalf("a is known as %q", got)
	}
	entry, ok := book.Entry("other/a")
	if !ok || entry.Cluster != "other/b" || entry.Label != "bad host" || len(entry.Fixes) != 1 {
		t.Errorf("got %+v", entry)
	}
	if diff := cmp.Diff([]string{"other/a"}, entry.Merged); diff != "" {
		t.Error(diff)
	}
	split := ledger.Fold(append(events, event(5, "other/a", query.ActionUndo, undoes(2))))
	if got := split.Canonical("other/b"); got != "other/a" {
		t.Errorf("once the first merge is undone the second stands, but b is known as %q", got)
	}
}

// drawPart gives an event what its action takes.
func drawPart(t *rapid.T, e *query.LedgerEvent) {
	build := rapid.SampledFrom([]string{"v1", "v2"}).Draw(t, "build")
	switch e.Action {
	case query.ActionFix:
		e.Fix = &query.Fix{At: e.Time}
		if rapid.Bool().Draw(t, "waits") {
			e.Fix = &query.Fix{Builds: []string{build}}
		}
	case query.ActionSplit:
		e.Parting = &query.Parting{Dimension: "cloud.region", Values: []string{rapid.SampledFrom([]string{"eu", "us"}).Draw(t, "region")}}
	case query.ActionDeploy:
		e.Deploy = &query.Deployment{At: e.Time, Build: build, Environment: rapid.SampledFrom([]string{"a", "b"}).Draw(t, "environment")}
	case query.ActionCategory:
		e.Category = &query.Category{ID: "own", Title: e.Text, Retired: rapid.Bool().Draw(t, "retired")}
	}
}

func TestFoldDoesNotDependOnArrival(t *testing.T) {
	clusters := []string{"other/a", "other/b", "other/c", "return_to_null"}
	rapid.Check(t, func(t *rapid.T) {
		n := rapid.IntRange(0, 40).Draw(t, "events")
		events := make([]query.LedgerEvent, n)
		for i := range events {
			e := event(byte(i+1), rapid.SampledFrom(clusters).Draw(t, "cluster"), rapid.SampledFrom(query.LedgerActions()).Draw(t, "action"), nil)
			e.Time = day0.Add(time.Duration(rapid.IntRange(0, 5).Draw(t, "hour")) * time.Hour)
			e.Text = rapid.SampledFrom([]string{"x", "y", "z"}).Draw(t, "text")
			e.Into = rapid.SampledFrom(clusters).Draw(t, "into")
			e.Revokes = crash.ID{15: rapid.Byte().Draw(t, "revokes")}
			drawPart(t, &e)
			events[i] = e
		}
		want := entries(ledger.Fold(events))
		shuffled := append([]query.LedgerEvent(nil), events...)
		seed := rapid.Uint64().Draw(t, "seed")
		rand.New(rand.NewPCG(seed, 0)).Shuffle(n, func(i, j int) { shuffled[i], shuffled[j] = shuffled[j], shuffled[i] }) //nolint:gosec // a test's shuffle
		if diff := cmp.Diff(want, entries(ledger.Fold(append(shuffled, events...)))); diff != "" {
			t.Fatalf("arrival order or resending changed the book:\n%s", diff)
		}
	})
}

// entries is everything that a book says.
func entries(b *ledger.Book) []any {
	all := []any{b.Categories(), b.Deployments(), b.Splits()}
	for _, key := range b.Clusters() {
		e, _ := b.Entry(key)
		all = append(all, e, b.Selections(key))
	}
	return all
}

func TestSplitsApplyInOrder(t *testing.T) {
	split := func(n byte, of, region, into string) query.LedgerEvent {
		return event(n, of, query.ActionSplit, func(e *query.LedgerEvent) {
			e.Parting, e.Into = &query.Parting{Dimension: "cloud.region", Values: []string{region}}, into
		})
	}
	events := []query.LedgerEvent{split(1, "other/a", "eu", "other/b"), split(2, "other/a", "us", "other/c"), split(3, "other/b", "eu", "other/d")}
	is := func(region string) query.Filter {
		return query.Filter{Dimension: "cloud.region", Op: query.OpIn, Values: []string{region}}
	}
	not := func(region string) query.Filter {
		return query.Filter{Dimension: "cloud.region", Op: query.OpNotIn, Values: []string{region}}
	}
	book := ledger.Fold(events)
	for cluster, want := range map[string][]ledger.Selection{
		"other/a": {{Of: "other/a", Filters: []query.Filter{not("eu"), not("us")}}},
		"other/c": {{Of: "other/c"}, {Of: "other/a", Filters: []query.Filter{not("eu"), is("us")}}},
		"other/d": {{Of: "other/d"}, {Of: "other/b", Filters: []query.Filter{is("eu")}}, {Of: "other/a", Filters: []query.Filter{is("eu"), is("eu")}}},
		"other/x": {{Of: "other/x"}},
	} {
		if diff := cmp.Diff(want, book.Selections(cluster)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", cluster, diff)
		}
	}
	undone := ledger.Fold(append(events, event(4, "other/a", query.ActionUndo, undoes(1))))
	if got := undone.Selections("other/a"); len(got) != 1 || len(got[0].Filters) != 1 {
		t.Errorf("once the first split is undone a is %+v", got)
	}
}

func TestBuildDatesAFix(t *testing.T) {
	deploy := func(n byte, build, environment string) query.LedgerEvent {
		return event(n, "", query.ActionDeploy, func(e *query.LedgerEvent) {
			e.Deploy = &query.Deployment{At: e.Time, Build: build, Environment: environment, Aliases: []string{"sha-" + build}}
		})
	}
	waits := event(1, "other/a", query.ActionFix, func(e *query.LedgerEvent) { e.Fix = &query.Fix{Builds: []string{"sha-v2"}} })
	fix := func(events ...query.LedgerEvent) query.LedgerFix {
		entry, _ := ledger.Fold(append(events, waits)).Entry("other/a")
		return entry.Fixes[0]
	}
	if f := fix(deploy(2, "v1", "eu")); !f.Waiting {
		t.Errorf("another build dates the fix: %+v", f)
	}
	f := fix(deploy(2, "v2", "eu"), deploy(3, "v2", "us"), deploy(9, "v2", "eu"))
	if want := day0.Add(3 * time.Hour); f.Waiting || !f.At.Equal(want) {
		t.Errorf("fix at %s, want %s: when the last environment had it first", f.At, want)
	}
}
