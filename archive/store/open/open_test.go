package open

import (
	"context"
	"path/filepath"
	"strings"
	"testing"
)

func TestStore(t *testing.T) {
	path := filepath.Join(t.TempDir(), "new", "a.duckdb")
	for _, storage := range []string{"duckdb:" + path, "duckdb://" + path} {
		s, err := Store(context.Background(), storage)
		if err != nil {
			t.Fatalf("%s: %v", storage, err)
		}
		if err := s.Close(); err != nil {
			t.Errorf("%s: close: %v", storage, err)
		}
	}
	for _, storage := range []string{"", "clickhouse", "duckdb", "duckdb:", "mysql:x", path} {
		if _, err := Store(context.Background(), storage); err == nil || !strings.Contains(err.Error(), "duckdb:") {
			t.Errorf("%q: %v, want an error that shows what is possible", storage, err)
		}
	}
}
