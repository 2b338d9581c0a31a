package main

import (
	"errors"
	"fmt"
	"net/http"
	"sync/atomic"
	"time"

	"github.com/prometheus/common/version"
	"github.com/prometheus/exporter-toolkit/web"

	"github.com/epicurve/epicurve/exporter/metrics"
	"github.com/epicurve/epicurve/exporter/watch"
)

// health knows whether the exporter has seen all directories once.
type health struct{ scanned atomic.Bool }

// observe returns an observer that notes the first scan and passes everything on.
func (h *health) observe(e *metrics.Exporter) watch.Observer { return &scanObserver{e, h} }

type scanObserver struct {
	*metrics.Exporter
	health *health
}

// Rescanned notes that all directories were scanned.
func (o *scanObserver) Rescanned(took time.Duration, watched, polled, missing int) {
	o.health.scanned.Store(true)
	o.Exporter.Rescanned(took, watched, polled, missing)
}

// server returns the web server; serve runs it.
func (n *node) server(telemetry string) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET "+telemetry, n.registry.Handler(n.logger))
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
	if landing, err := landingPage(telemetry); err == nil {
		mux.Handle("GET /{$}", landing)
	} else {
		n.logger.Error("No landing page", "err", err)
	}
	return &http.Server{Handler: mux, ReadHeaderTimeout: 10 * time.Second}
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
func (n *node) serve(server *http.Server, flags *web.FlagConfig) error {
	err := web.ListenAndServe(server, flags, n.logger)
	if errors.Is(err, http.ErrServerClosed) {
		return nil
	}
	return fmt.Errorf("web server: %w", err)
}
