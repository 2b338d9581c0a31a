package main

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net/http"
	"reflect"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/sync/errgroup"

	"github.com/epicurve/epicurve/archive/ledger"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

const editors, eventsOfAll = 100, 10_000

// edit makes the n-th event of an editor, of any action.
func edit(random *rand.Rand, editor, n int) query.LedgerEvent {
	clusters := []string{"other/a", "other/b", "other/c", "return_to_null/d", "workflow/wrong_output in chat"}
	e := query.LedgerEvent{
		ID: crash.ID{1, byte(editor), byte(n >> 8), byte(n), 15: 1}, Actor: fmt.Sprintf("editor-%d", editor),
		Time:    time.Date(2026, 5, 1, 0, 0, random.IntN(3600), 0, time.UTC),
		Cluster: clusters[random.IntN(len(clusters))], Text: fmt.Sprintf("%d/%d", editor, n),
	}
	actions := query.LedgerActions()
	switch e.Action = actions[random.IntN(len(actions))]; e.Action {
	case query.ActionFix:
		e.Fix = &query.Fix{Builds: []string{fmt.Sprintf("v%d", random.IntN(5))}}
	case query.ActionMerge:
		if e.Into = clusters[random.IntN(len(clusters))]; e.Into == e.Cluster {
			e.Into = "other/elsewhere"
		}
	case query.ActionUndo: // one's own event, or that of another
		by, which := random.IntN(editors), random.IntN(n+1)
		e.Revokes = crash.ID{1, byte(by), byte(which >> 8), byte(which), 15: 1}
	case query.ActionSplit:
		e.Parting = &query.Parting{Dimension: "cloud.region", Values: []string{fmt.Sprintf("r%d", random.IntN(3))}}
		e.Into = query.PartKey(e.Cluster, *e.Parting)
	case query.ActionDeploy:
		e.Cluster, e.Deploy = "", &query.Deployment{At: e.Time, Build: fmt.Sprintf("v%d", random.IntN(5)), Environment: "prod"}
	case query.ActionCategory:
		e.Cluster, e.Category = "workflow", &query.Category{ID: crash.Kind(fmt.Sprintf("own_%d", random.IntN(4))), Title: e.Text}
	}
	return e
}

// TestManyEditors lets a hundred people write ten thousand events at the same time
// over HTTP into a real store, and some of them twice. Nothing is lost, and every
// order of arrival folds to the same ledger.
func TestManyEditors(t *testing.T) {
	url := liveArchive(t, time.Now)
	want := map[crash.ID]query.LedgerEvent{}
	g, ctx := errgroup.WithContext(t.Context())
	for editor := range editors {
		random := rand.New(rand.NewPCG(7, uint64(editor))) //nolint:gosec // a test's edits
		var own []query.LedgerEvent
		for n := range eventsOfAll / editors {
			e := edit(random, editor, n)
			own = append(own, e)
			want[e.ID] = e
		}
		g.Go(func() error { return write(ctx, url, random, own) })
	}
	if err := g.Wait(); err != nil {
		t.Fatal(err)
	}
	client, err := query.NewClient(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	kept, err := client.Events(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	got := map[crash.ID]query.LedgerEvent{}
	for _, e := range kept {
		got[e.ID] = e
	}
	if len(kept) != eventsOfAll || !reflect.DeepEqual(want, got) { // a diff of so much is only made when there is one
		t.Fatalf("%d events are kept, want %d (-sent +kept):\n%.2000s", len(kept), eventsOfAll, cmp.Diff(want, got))
	}
	first := folded(kept)
	for seed := range uint64(5) {
		rand.New(rand.NewPCG(seed, 0)).Shuffle(len(kept), func(i, j int) { kept[i], kept[j] = kept[j], kept[i] }) //nolint:gosec // a test's shuffle
		if again := folded(kept); !reflect.DeepEqual(first, again) {
			t.Fatalf("another order of arrival folds to another ledger:\n%.2000s", cmp.Diff(first, again))
		}
	}
}

// write sends events in parts of any size, one part in five twice.
func write(ctx context.Context, url string, random *rand.Rand, events []query.LedgerEvent) error {
	client, err := query.NewClient(url, &http.Client{Timeout: 2 * time.Minute})
	if err != nil {
		return err
	}
	for len(events) > 0 {
		n := min(len(events), 1+random.IntN(20))
		for range 1 + random.IntN(5)/4 {
			if _, err := client.Append(ctx, events[:n]); err != nil {
				return err
			}
		}
		events = events[n:]
	}
	return nil
}

// folded is everything that a book says.
func folded(events []query.LedgerEvent) any {
	book := ledger.Fold(events)
	entries := map[string]query.LedgerEntry{}
	for _, key := range book.Clusters() {
		entries[key], _ = book.Entry(key)
	}
	return []any{entries, book.Categories(), book.Deployments(), book.Splits()}
}
