package plugin

import (
	"log/slog"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/api"
	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/store/storetest"
)

// goldenDay is when the golden files were written. The statistics look from now
// on: how long a cluster has been silent and when that proves something changes
// with every day.
var goldenDay = time.Date(2026, 11, 21, 22, 0, 0, 0, time.UTC)

// startArchiveAt runs the archive's API and statistics in this process, over the
// naive in-memory store, with a clock that stands still, and returns its URL.
func startArchiveAt(t *testing.T, now time.Time) string {
	t.Helper()
	s := storetest.NewOracle()
	evaluator := evaluate.New(evaluate.Config{Store: s, Now: func() time.Time { return now }})
	a := api.New(api.Config{
		Store: s, Storage: "memory", Version: "0.1.0", Logger: slog.New(slog.DiscardHandler), Answers: evaluator.Answers(),
	})
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	return server.URL
}
