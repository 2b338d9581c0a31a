package main

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/exporter/watch"
)

// health knows whether the exporter has seen all directories once.
type health struct {
	scanned atomic.Bool
	first   chan struct{} // closed by the first scan
}

func newHealth() *health { return &health{first: make(chan struct{})} }

// observe returns an observer that notes the first scan and passes everything on.
// After each scan, when the number of files is known, memory is adapted.
func (h *health) observe(e *metrics.Exporter, m *memory) watch.Observer {
	return &scanObserver{e, h, m}
}

type scanObserver struct {
	*metrics.Exporter
	health *health
	memory *memory
}

// Rescanned notes that all directories were scanned.
func (o *scanObserver) Rescanned(took time.Duration, watched, polled, missing int) {
	if !o.health.scanned.Swap(true) {
		close(o.health.first)
	}
	o.memory.adapt()
	o.Exporter.Rescanned(took, watched, polled, missing)
}

// handler passes requests on to the pages of the present node.
type handler struct{ now atomic.Pointer[http.ServeMux] }

func (h *handler) set(mux *http.ServeMux) { h.now.Store(mux) }

// ServeHTTP implements [http.Handler].
func (h *handler) ServeHTTP(w http.ResponseWriter, r *http.Request) { h.now.Load().ServeHTTP(w, r) }

// mux returns the pages of a node.
func (s *supervisor) mux(n *node) *http.ServeMux {
	mux := http.NewServeMux()
	mux.Handle("GET "+s.flags.telemetry, n.registry.Handler(s.logger))
	mux.HandleFunc("GET /-/healthy", func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintln(w, "Healthy.")
	})
	mux.HandleFunc("GET /-/ready", func(w http.ResponseWriter, _ *http.Request) {
		if !n.health.scanned.Load() {
			http.Error(w, "Not ready: the first scan of the directories is not done.", http.StatusServiceUnavailable)
			return
		}
		fmt.Fprintln(w, "Ready.")
	})
	mux.HandleFunc("POST /-/reload", s.reload)
	if landing, err := landingPage(s.flags.telemetry); err == nil {
		mux.Handle("GET /{$}", landing)
	} else {
		s.logger.Error("No landing page", "err", err)
	}
	return mux
}

// reload asks for a reload and says how it went.
func (s *supervisor) reload(w http.ResponseWriter, r *http.Request) {
	answer := make(chan error, 1)
	select {
	case s.reloads <- answer:
	case <-r.Context().Done():
		return
	}
	if err := <-answer; err != nil {
		http.Error(w, fmt.Sprintf("The configuration is invalid, the old one stays in force: %v", err), http.StatusInternalServerError)
		return
	}
	fmt.Fprintln(w, "Reloading.")
}

func landingPage(telemetry string) (http.Handler, error) {
	return web.NewLandingPage(web.LandingConfig{
		Name:        "Epicurve exporter",
		Description: "Counts the crashes of this node from its core files.",
		Version:     version.Info(),
		Links: []web.LandingLinks{
			{Address: telemetry, Text: "Metrics"},
			{Address: "/-/healthy", Text: "Healthy"},
			{Address: "/-/ready", Text: "Ready"},
		},
	})
}

// serve listens until the server is shut down; only a failure is an error.
func serve(server *http.Server, flags *web.FlagConfig, logger *slog.Logger) error {
	err := web.ListenAndServe(server, flags, logger)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("web server: %w", err)
}
