package evaluate_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/storetest"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

// gated is a store whose population can be held back.
type gated struct {
	*storetest.Oracle
	gate  sync.RWMutex
	loads atomic.Int32
}

func (g *gated) Population(ctx context.Context, req store.PopulationRequest) (store.Population, error) {
	g.loads.Add(1)
	g.gate.RLock()
	defer g.gate.RUnlock()
	return g.Oracle.Population(ctx, req)
}

// TestOldViewAnswersWhileTheNextIsLoaded: with a population that takes long to
// load, nobody waits, everybody is told, and the next view comes.
func TestOldViewAnswersWhileTheNextIsLoaded(t *testing.T) {
	s := &gated{Oracle: storetest.NewOracle()}
	now := atomic.Pointer[time.Time]{}
	tick := func(d time.Duration) { at := start.AddDate(0, 0, 80).Add(d); now.Store(&at) }
	tick(0)
	e := evaluate.New(evaluate.Config{Store: s, Now: func() time.Time { return *now.Load() }, Patience: 1})
	defer e.Close()
	add(t, s, crashed("abort at a", 10), fleet(80))
	c := &clock{now: start.AddDate(0, 0, 90)}
	ask := func() query.Verdict {
		t.Helper()
		v, err := e.Verdict(t.Context(), request(query.TypeVerdict, "other/abort at a", c))
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
	list := request(query.TypeClusters, "", c)
	if _, err := e.Clusters(t.Context(), list); err != nil { // what the next view makes ready
		t.Fatal(err)
	}
	if v := ask(); v.Assessment.Rows != 10 || len(v.Notices) != 0 {
		t.Fatalf("%d rows, notices %q", v.Assessment.Rows, v.Notices)
	}
	add(t, s, crashed("abort at a", 20), nil)
	s.gate.Lock()
	tick(5 * time.Minute)
	before := s.loads.Load()
	for range 20 {
		if v := ask(); v.Assessment.Rows != 10 || !strings.Contains(strings.Join(v.Notices, "\n"), "a newer one is being made") {
			t.Fatalf("while the next is loaded: %d rows, notices %q", v.Assessment.Rows, v.Notices)
		}
	}
	s.gate.Unlock()
	deadline := time.Now().Add(time.Minute)
	for ask().Assessment.Rows != 20 {
		if time.Now().After(deadline) {
			t.Fatal("the next view does not come")
		}
		time.Sleep(time.Millisecond)
	}
	if loads := s.loads.Load() - before; loads != 2 { // crashes and workflows, once each
		t.Errorf("%d loads", loads)
	}
	// older than it may be: the caller waits and gets the new one
	add(t, s, crashed("abort at a", 30), []crash.Exposure{})
	tick(30 * time.Minute)
	if v := ask(); v.Assessment.Rows != 30 {
		t.Errorf("after half an hour: %d rows", v.Assessment.Rows)
	}
}
