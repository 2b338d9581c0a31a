package seed_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/archive/api"
	"github.com/epicurve/epicurve/archive/evaluate"
	"github.com/epicurve/epicurve/archive/seed"
	"github.com/epicurve/epicurve/archive/store/duckdb"
	"github.com/epicurve/epicurve/pkg/crash"
	"github.com/epicurve/epicurve/pkg/query"
)

var now = time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)

// serve runs the archive's API and statistics over a real store.
func serve(t *testing.T) (string, *duckdb.Store) {
	t.Helper()
	s, err := duckdb.Open(t.Context(), filepath.Join(t.TempDir(), "archive.duckdb"), duckdb.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	clock := func() time.Time { return now }
	e := evaluate.New(evaluate.Config{Store: s, Now: clock})
	a := api.New(api.Config{Store: s, Storage: "duckdb", Version: "test", Logger: slog.New(slog.DiscardHandler), Answers: e.Answers()})
	server := httptest.NewServer(a.Handler())
	t.Cleanup(server.Close)
	return server.URL, s
}

// TestTheStoryIsThere asks the archive what a newcomer would: whatever the seed,
// the answers are those that the story was made of.
func TestTheStoryIsThere(t *testing.T) {
	for number := range uint64(2) {
		url, _ := serve(t)
		n, err := seed.Target{URL: url, HTTP: http.DefaultClient}.Fill(t.Context(), seed.New(number+1, now))
		if err != nil {
			t.Fatal(err)
		}
		if n < 500 || n > 5000 {
			t.Errorf("seed %d: %d crashes", number+1, n)
		}
		checkStory(t, url, number+1)
	}
}

func checkStory(t *testing.T, url string, number uint64) {
	t.Helper()
	c, err := query.NewClient(url, nil)
	if err != nil {
		t.Fatal(err)
	}
	for key, want := range map[string]struct{ states, shares string }{
		"return_to_null/return_to_null in leafd":     {"gone", ""},
		"misaligned_stack/misaligned_stack in leafd": {"gone disappearing", "pm-westus3-0417"},
		"other/uncaught_exception at ingestd+0x4410": {"active", ""},
		"other/null_deref at rooterd+0x1f30":         {"active", ""},
	} {
		req := query.Request{Type: query.TypeVerdict, Cluster: key, Range: query.Range{From: now.AddDate(0, -4, 0), To: now}}
		req.Normalize()
		v, err := c.Verdict(t.Context(), req)
		if err != nil {
			t.Errorf("seed %d: %v", number, err)
			continue
		}
		if !strings.Contains(want.states, string(v.Assessment.State)) {
			t.Errorf("seed %d: %s is %q, want %q: %s", number, key, v.Assessment.State, want.states, v.Assessment.Sentence)
		}
		if !strings.Contains(v.Assessment.Verdict.Sentence, want.shares) {
			t.Errorf("seed %d: %s shares %q, want %q", number, key, v.Assessment.Verdict.Sentence, want.shares)
		}
		if key == "other/uncaught_exception at ingestd+0x4410" && !v.Assessment.New.Alert {
			t.Errorf("seed %d: %s is not new", number, key)
		}
	}
}

func TestRealCrashesAreLeftAlone(t *testing.T) {
	url, s := serve(t)
	genuine := crash.Record{Time: now, Source: crash.SourceCore, Host: crash.Host{Name: "db-1"}}
	genuine.Complete("test")
	if _, err := s.Append(t.Context(), []crash.Record{genuine}); err != nil {
		t.Fatal(err)
	}
	if _, err := (seed.Target{URL: url, HTTP: http.DefaultClient}).Fill(t.Context(), seed.New(1, now)); !errors.Is(err, seed.ErrNotEmpty) {
		t.Errorf("Fill of an archive in use = %v, want ErrNotEmpty", err)
	}
}

// TestFollowGoesOn starts twice, as a container does, and sees the fleet live on.
func TestFollowGoesOn(t *testing.T) {
	url, s := serve(t)
	target := seed.Target{URL: url, HTTP: http.DefaultClient}
	for range 2 {
		if _, err := target.Fill(t.Context(), seed.New(1, now)); err != nil {
			t.Fatal(err)
		}
	}
	before, err := s.Stats(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- target.Follow(ctx, seed.New(1, time.Now().Add(-24*time.Hour)), 10*time.Millisecond) }()
	for deadline := time.Now().Add(time.Minute); ; time.Sleep(10 * time.Millisecond) {
		after, err := s.Stats(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		if after.Records > before.Records && after.Exposure > before.Exposure {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("nothing followed: %+v", after)
		}
	}
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("Follow = %v", err)
	}
}
