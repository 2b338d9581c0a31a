package query_test

import (
	"context"
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/epicurve/epicurve/pkg/query"
)

func ask(t *testing.T, answer http.HandlerFunc) (query.Clusters, error) {
	t.Helper()
	srv := httptest.NewServer(answer)
	defer srv.Close()
	c, err := query.NewClient(srv.URL+"/behind/a/proxy", srv.Client())
	if err != nil {
		t.Fatal(err)
	}
	return c.Clusters(context.Background(), query.Request{Range: query.Range{From: time.Unix(0, 0), To: time.Unix(60, 0)}})
}

func TestClientKeepsThePathOfAProxy(t *testing.T) {
	got, err := ask(t, func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodPost || r.URL.Path != "/behind/a/proxy/api/v1/query" {
			t.Errorf("asked %s %s", r.Method, r.URL.Path)
		}
		if _, err := w.Write([]byte(`{"clusters":[{"key":"other/x","crashes":3}],"total":1}`)); err != nil {
			t.Error(err)
		}
	})
	if err != nil || len(got.Clusters) != 1 || got.Clusters[0].Crashes != 3 {
		t.Errorf("got %+v, %v", got, err)
	}
}

func TestClientTellsRefusalsApart(t *testing.T) {
	t.Run("problem details", func(t *testing.T) {
		_, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Content-Type", "application/problem+json")
			w.WriteHeader(http.StatusBadRequest)
			w.Write([]byte(`{"title":"Invalid query","status":400,"errors":[{"field":"limit","message":"is 0"}]}`)) //nolint:errcheck // a test server's own answer
		})
		p, ok := errors.AsType[*query.Problem](err)
		if !ok || p.Status != 400 || !strings.Contains(p.Error(), "limit: is 0") {
			t.Errorf("got %v", err)
		}
	})
	t.Run("a proxy's page", func(t *testing.T) {
		_, err := ask(t, func(w http.ResponseWriter, _ *http.Request) { http.Error(w, "bad gateway", http.StatusBadGateway) })
		p, ok := errors.AsType[*query.Problem](err)
		if !ok || p.Status != 502 || p.Detail != "bad gateway" {
			t.Errorf("got %v", err)
		}
	})
	t.Run("something that is no archive", func(t *testing.T) {
		_, err := ask(t, func(w http.ResponseWriter, _ *http.Request) {
			w.Write([]byte(`<html>`)) //nolint:errcheck // a test server's own answer
		})
		if !errors.Is(err, query.ErrNotArchive) {
			t.Errorf("got %v, want ErrNotArchive", err)
		}
	})
	t.Run("nothing there", func(t *testing.T) {
		srv := httptest.NewServer(http.NotFoundHandler())
		srv.Close()
		c, err := query.NewClient(srv.URL, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Status(context.Background()); !errors.Is(err, query.ErrUnreachable) {
			t.Errorf("got %v, want ErrUnreachable", err)
		}
	})
}

func TestNewClientRefusesWhatIsNoURL(t *testing.T) {
	for _, base := range []string{"", "localhost:9932", "ftp://x", "http://", "http://a b"} {
		if _, err := query.NewClient(base, nil); err == nil {
			t.Errorf("%q was taken", base)
		}
	}
}
