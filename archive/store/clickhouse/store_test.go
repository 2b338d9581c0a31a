package clickhouse

import (
	"context"
	"flag"
	"strconv"
	"testing"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/clickhouse/servertest"
	"github.com/epicurve/epicurve/archive/store/storetest"
)

// dropping removes the database when the suite closes the store: a run makes a
// hundred of them.
type dropping struct{ *Store }

func (d dropping) Close() error { return drop(d.Store) }

// conformance opens stores in databases of their own.
func conformance(options func() Options) storetest.Opener {
	open := func(t storetest.TB, opt Options) store.Store {
		t.Helper()
		s, err := Open(context.Background(), opt)
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		return dropping{s}
	}
	return storetest.Opener{
		Empty: func(t storetest.TB) store.Store { t.Helper(); return open(t, options()) },
		Reopen: func(t storetest.TB, s store.Store) store.Store {
			t.Helper()
			was := s.(dropping).Store
			if err := was.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			return open(t, was.opt)
		},
	}
}

func TestConformance(t *testing.T) {
	address := sharedServer(t).Address()
	draw(t, 20)
	storetest.Run(t, conformance(func() Options { return fresh(address) }))
}

// draw lets rapid draw fewer populations than its default of 100, unless a flag
// says how many.
func draw(t *testing.T, n int) {
	t.Helper()
	f := flag.Lookup("rapid.checks")
	if f == nil || f.Value.String() != f.DefValue {
		return
	}
	if err := f.Value.Set(strconv.Itoa(n)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.Value.Set(f.DefValue); err != nil {
			t.Error(err)
		}
	})
}

// TestConformanceOfPresentEngine runs the suite against the engine of a present
// ClickHouse, with the same statements.
func TestConformanceOfPresentEngine(t *testing.T) {
	address := servertest.StartChDB(t)
	draw(t, 6)
	storetest.Run(t, conformance(func() Options { return fresh(address) }))
}
