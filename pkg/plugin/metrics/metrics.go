// Package metrics counts what the plugin does, of all its data sources. Grafana
// serves the metrics of its plugins at /metrics/plugins/<id>.
package metrics

import (
	"strconv"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/grafana/grafana-plugin-sdk-go/backend"

	"github.com/epicurve/epicurve/pkg/query"
)

// Metrics are the plugin's own.
type Metrics struct {
	duration *prometheus.HistogramVec
	running  prometheus.Gauge
	channels prometheus.Gauge
	sent     prometheus.Counter
}

// Default returns metrics that Grafana collects with those of the process.
func Default() *Metrics { return New(prometheus.DefaultRegisterer) }

// New registers the plugin's metrics; it panics when they are registered already,
// as registering does.
func New(r prometheus.Registerer) *Metrics {
	m := &Metrics{
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name: "epicurve_datasource_query_duration_seconds", Help: "Time to answer one query, by its type and the status of the answer.",
			Buckets: []float64{.005, .02, .05, .1, .3, 1, 3, 10, 30},
		}, []string{"type", "status"}),
		running:  prometheus.NewGauge(prometheus.GaugeOpts{Name: "epicurve_datasource_queries_running", Help: "Queries that are being answered."}),
		channels: prometheus.NewGauge(prometheus.GaugeOpts{Name: "epicurve_datasource_live_channels", Help: "Live channels that somebody listens to."}),
		sent:     prometheus.NewCounter(prometheus.CounterOpts{Name: "epicurve_datasource_live_crashes_total", Help: "Crashes that were sent over live channels."}),
	}
	r.MustRegister(m.duration, m.running, m.channels, m.sent)
	return m
}

// Begin counts a query as running until end is called with its answer.
func (m *Metrics) Begin() (end func(query.Type, backend.DataResponse)) {
	start := time.Now()
	m.running.Inc()
	return func(t query.Type, r backend.DataResponse) {
		m.running.Dec()
		status := int(r.Status)
		if status == 0 {
			status = int(backend.StatusOK)
		}
		m.duration.WithLabelValues(string(t), strconv.Itoa(status)).Observe(time.Since(start).Seconds())
	}
}

// Listen counts a live channel until end is called.
func (m *Metrics) Listen() (end func()) {
	m.channels.Inc()
	return m.channels.Dec
}

// Sent counts crashes that went over a live channel.
func (m *Metrics) Sent(crashes int) { m.sent.Add(float64(crashes)) }
