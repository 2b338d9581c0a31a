package plugin

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"strconv"
	"testing"
	"time"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/epicurve/epicurve/pkg/query"
)

// TestBrowser drives the built front end in a real browser: test/browser/run.mjs
// builds the page and calls this test, which puts the real plugin and a real
// archive behind it and calls test/browser/drive.mjs to look and to type.
func TestBrowser(t *testing.T) {
	if os.Getenv("EPICURVE_BROWSER") == "" {
		t.Skip("npm run browser runs this")
	}
	archive := startArchive(t)
	fill(t, archive, outbreak(week.From), watched(week.From))
	p := startPlugin(t, archive)
	p.context.User = &backend.User{Login: "erin", Role: "Editor"}
	site := httptest.NewServer(standIn(t, p))
	t.Cleanup(site.Close)

	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, "node", "test/browser/drive.mjs", site.URL, //nolint:gosec // our own script
		strconv.FormatInt(week.From.UnixMilli(), 10), strconv.FormatInt(week.To.UnixMilli(), 10))
	cmd.Dir = "../.."
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Fatalf("drive.mjs: %v", err)
	}
}

// standIn serves what Grafana serves to a data source's front end.
func standIn(t *testing.T, p *process) http.Handler {
	t.Helper()
	mux := http.NewServeMux()
	const resources = "/api/datasources/uid/epicurve/resources/"
	mux.Handle("/plugin/", http.StripPrefix("/plugin/", http.FileServer(http.Dir("../../dist"))))
	mux.Handle("/test-results/", http.StripPrefix("/test-results/", http.FileServer(http.Dir("../../test-results"))))
	mux.Handle("/public/build/", http.StripPrefix("/public/build/", http.FileServer(http.Dir("../../node_modules/@grafana/ui/dist/public"))))
	mux.HandleFunc("GET /{$}", func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		fmt.Fprint(w, `<!doctype html><html lang="en"><title>Epicurve</title><link rel="icon" href="data:,"><div id="root"></div><script type="module" src="/test-results/browser/shell.js"></script></html>`)
	})
	mux.HandleFunc("POST /api/ds/query", func(w http.ResponseWriter, r *http.Request) { relayQuery(w, r, p) })
	mux.HandleFunc("GET /api/datasources/uid/epicurve/health", func(w http.ResponseWriter, r *http.Request) {
		h, err := p.checkHealth(r.Context())
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		writeJSON(w, http.StatusOK, map[string]string{"status": h.Status.String(), "message": h.Message})
	})
	mux.HandleFunc(resources, func(w http.ResponseWriter, r *http.Request) {
		body, err := io.ReadAll(r.Body)
		if err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		path := r.URL.Path[len(resources):]
		status, answer, err := p.callResource(r.Context(), &backend.CallResourceRequest{
			Method: r.Method, Path: path, URL: path + "?" + r.URL.RawQuery, Body: body, Headers: r.Header,
		})
		if err != nil {
			http.Error(w, err.Error(), http.StatusInternalServerError)
			return
		}
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		_, _ = w.Write(answer)
	})
	return mux
}

// relayQuery does with a panel's request what Grafana's API does.
func relayQuery(w http.ResponseWriter, r *http.Request, p *process) {
	var in struct {
		From, To string
		Queries  []json.RawMessage
	}
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		http.Error(w, err.Error(), http.StatusBadRequest)
		return
	}
	var queries []backend.DataQuery
	for _, raw := range in.Queries {
		var q struct {
			RefID      string `json:"refId"`
			IntervalMs int64  `json:"intervalMs"`
		}
		if err := json.Unmarshal(raw, &q); err != nil {
			http.Error(w, err.Error(), http.StatusBadRequest)
			return
		}
		rng := query.Range{From: fromMillis(in.From), To: fromMillis(in.To)}
		queries = append(queries, backend.DataQuery{
			RefID: q.RefID, JSON: raw, Interval: time.Duration(q.IntervalMs) * time.Millisecond,
			TimeRange: backend.TimeRange{From: rng.From, To: rng.To},
		})
	}
	resp, err := p.queryData(r.Context(), queries...)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	status := http.StatusOK
	for _, one := range resp.Responses {
		if one.Error != nil {
			status = http.StatusBadRequest
		}
	}
	writeJSON(w, status, resp)
}

func fromMillis(text string) time.Time {
	ms, _ := strconv.ParseInt(text, 10, 64)
	return time.UnixMilli(ms).UTC()
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
