package duckdb

import (
	"context"
	"errors"
	"os"
	"path/filepath"
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

func TestNewerSchemaIsRefused(t *testing.T) {
	for name, sql := range map[string]string{
		"version": "INSERT INTO meta VALUES (99)",
		"column":  "ALTER TABLE facts ADD COLUMN from_the_future INTEGER",
	} {
		t.Run(name, func(t *testing.T) {
			path := filepath.Join(t.TempDir(), "a.duckdb")
			s, err := Open(context.Background(), path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := s.db.Exec(sql); err != nil {
				t.Fatal(err)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			if _, err := Open(context.Background(), path, Options{}); !errors.Is(err, store.ErrNewerSchema) {
				t.Errorf("Open: %v, want %v", err, store.ErrNewerSchema)
			}
		})
	}
}
