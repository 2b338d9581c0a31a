package plugin

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"
	"go.uber.org/goleak"
	"golang.org/x/sync/errgroup"
)

// stormQueries are the questions of a storm, some of them wrong.
func stormQueries() []string {
	const cluster = `"cluster":"misaligned_stack/misaligned_stack in leafd"`
	return []string{
		`{"query":{"groupBy":["crash.class"],"interval":"1d"}}`,
		`{"query":{"measure":"rate","groupBy":["host.name"],"interval":"1h"}}`,
		`{"query":{"type":"clusters"}}`,
		`{"format":"numeric","number":"surge","query":{"type":"clusters"}}`,
		`{"query":{"type":"verdict",` + cluster + `}}`,
		`{"query":{"type":"contrast",` + cluster + `}}`,
		`{"query":{"type":"split",` + cluster + `}}`,
		`{"query":{"type":"records"}}`,
		`{"format":"logs","live":true,"query":{"type":"records"}}`,
		`{"query":{"type":"ledger"}}`,
		`{"query":{"type":"annotations"}}`,
		`{"format":"numeric","query":{"type":"exposure"}}`,
		`{"query":{"type":"verdict","cluster":"other/nobody"}}`,
		`{"query":{"groupBy":["nonsense"]}}`,
		`{"mode":"raw","raw":"{"}`,
	}
}

// TestStorm asks a thousand mixed queries at once, and lets go of a third of them
// in between: none may end in an error of the plugin's own, and no goroutine may
// be left.
func TestStorm(t *testing.T) {
	if testing.Short() {
		t.Skip("builds the archive")
	}
	url := startArchive(t)
	fill(t, url, outbreak(week.From), watched(week.From))
	before := goleak.IgnoreCurrent()
	ds := instance(t, url, nil)
	var (
		g        errgroup.Group
		answered atomic.Int64
		let      atomic.Int64
		ours     sync.Map
	)
	models := stormQueries()
	for i := range 1000 {
		rng := rand.New(rand.NewPCG(uint64(i), 1)) //nolint:gosec // the same storm every time
		ctx, cancel := context.WithCancel(t.Context())
		if rng.IntN(3) == 0 {
			time.AfterFunc(time.Duration(rng.IntN(300))*time.Millisecond, cancel)
		}
		g.Go(func() error {
			defer cancel()
			resp, err := ds.QueryData(ctx, &backend.QueryDataRequest{Queries: []backend.DataQuery{
				panelQuery(t, models[i%len(models)]), other(t, models[(i*7+3)%len(models)]),
			}})
			if err != nil {
				return fmt.Errorf("query %d: %w", i, err)
			}
			for _, r := range resp.Responses {
				switch {
				case r.Error == nil:
					answered.Add(1)
				case r.ErrorSource != backend.ErrorSourceDownstream:
					ours.Store(models[i%len(models)], r.Error)
				case errors.Is(ctx.Err(), context.Canceled):
					let.Add(1)
				}
			}
			return nil
		})
	}
	if err := g.Wait(); err != nil {
		t.Error(err)
	}
	ours.Range(func(model, err any) bool {
		t.Errorf("%s: an error of our own: %v", model, err)
		return true
	})
	t.Logf("%d answers, %d let go", answered.Load(), let.Load())
	if answered.Load() < 500 || let.Load() == 0 {
		t.Errorf("%d answers and %d queries let go: that was no storm", answered.Load(), let.Load())
	}
	ds.Dispose()
	goleak.VerifyNone(t, before)
}

func other(t *testing.T, model string) backend.DataQuery {
	t.Helper()
	q := panelQuery(t, model)
	q.RefID = "B"
	return q
}
