package duckdb

import (
	"context"
	"os"
	"testing"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/archive/store/storetest"
)

func TestConformance(t *testing.T) {
	dir := t.TempDir()
	paths := make(map[store.Store]string)
	open := func(t storetest.TB, path string) store.Store {
		t.Helper()
		s, err := Open(context.Background(), path, Options{MemoryLimit: "256MB", Threads: 1})
		if err != nil {
			t.Fatalf("Open: %v", err)
		}
		paths[s] = path
		return s
	}
	storetest.Run(t, storetest.Opener{
		Empty: func(t storetest.TB) store.Store {
			t.Helper()
			f, err := os.CreateTemp(dir, "*.duckdb")
			if err != nil {
				t.Fatalf("CreateTemp: %v", err)
			}
			f.Close()
			os.Remove(f.Name())
			return open(t, f.Name())
		},
		Reopen: func(t storetest.TB, s store.Store) store.Store {
			t.Helper()
			if err := s.Close(); err != nil {
				t.Fatalf("Close: %v", err)
			}
			return open(t, paths[s])
		},
	})
}
