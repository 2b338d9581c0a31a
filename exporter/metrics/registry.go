package metrics

import (
	"fmt"
	"io"
	"log/slog"
	"net/http"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/version"

	versioncollector "github.com/prometheus/client_golang/prometheus/collectors/version"
)

// Registry gathers everything that the exporter shows.
type Registry struct{ r *prometheus.Registry }

// NewRegistry registers the collectors, and those of the process and the build.
func NewRegistry(cs ...prometheus.Collector) (*Registry, error) {
	r := prometheus.NewRegistry()
	cs = append(cs, collectors.NewGoCollector(),
		collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}),
		versioncollector.NewCollector(namespace))
	for _, c := range cs {
		if err := r.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return &Registry{r}, nil
}

// Version describes this build, as --version prints it.
func Version() string { return version.Print("epicurve-exporter") }

// Handler serves the registry, as OpenMetrics with created timestamps and
// exemplars to those who ask for it.
func (r *Registry) Handler(logger *slog.Logger) http.Handler {
	return promhttp.InstrumentMetricHandler(r.r, r.handler(logger))
}

func (r *Registry) handler(logger *slog.Logger) http.Handler {
	return promhttp.HandlerFor(r.r, promhttp.HandlerOpts{
		ErrorLog:                            slog.NewLogLogger(logger.Handler(), slog.LevelError),
		ErrorHandling:                       promhttp.ContinueOnError,
		EnableOpenMetrics:                   true,
		EnableOpenMetricsTextCreatedSamples: true,
		MaxRequestsInFlight:                 8,
	})
}

// WriteText writes the registry in the Prometheus text format without
// timestamps, as push gateways take it.
func (r *Registry) WriteText(w io.Writer) error {
	families, err := r.r.Gather()
	if err != nil {
		return fmt.Errorf("gather metrics: %w", err)
	}
	for _, f := range families {
		if _, err := expfmt.MetricFamilyToText(w, f); err != nil {
			return fmt.Errorf("write metric %s: %w", f.GetName(), err)
		}
	}
	return nil
}
