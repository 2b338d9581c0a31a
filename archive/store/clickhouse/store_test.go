package clickhouse

import (
	"context"
	"testing"

	"github.com/epicurve/epicurve/archive/store"
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
	storetest.Run(t, conformance(func() Options { return fresh(address) }))
}
