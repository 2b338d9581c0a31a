package api

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"runtime"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/epicurve/epicurve/archive/store"
	"github.com/epicurve/epicurve/pkg/query"
)

// Ways by which records come in.
const (
	viaOTLP = "otlp"
	viaJSON = "json"
	viaCSV  = "csv"
)

// Reasons for which input is refused.
const (
	reasonInvalid    = "invalid"    // a record that can't be stored
	reasonMalformed  = "malformed"  // a request that is not what it says it is
	reasonUnreadable = "unreadable" // a body that is too large or broken
	reasonTooMany    = "too_many"   // more records than a request may hold
	reasonStore      = "store"      // the store failed; the sender keeps them
)

// telemetry is the archive's view of itself. Every label set exists from the
// start at zero, so that the first increase is seen.
type telemetry struct {
	set        *metrics.Set
	ingested   map[string]*metrics.Counter
	duplicates map[string]*metrics.Counter
	refused    map[string]*metrics.Counter
	exposed    *metrics.Counter
	badQueries *metrics.Counter
	seconds    map[string]*metrics.PrometheusHistogram
	failed     map[string]*metrics.Counter

	gaugeFailures *metrics.Counter
}

func newTelemetry(a *API) *telemetry {
	t := &telemetry{
		set: metrics.NewSet(), ingested: map[string]*metrics.Counter{}, duplicates: map[string]*metrics.Counter{},
		refused: map[string]*metrics.Counter{}, seconds: map[string]*metrics.PrometheusHistogram{}, failed: map[string]*metrics.Counter{},
	}
	for _, via := range []string{viaOTLP, viaJSON, viaCSV} {
		t.ingested[via] = t.set.NewCounter(fmt.Sprintf("epicurve_archive_records_ingested_total{via=%q}", via))
		t.duplicates[via] = t.set.NewCounter(fmt.Sprintf("epicurve_archive_records_duplicate_total{via=%q}", via))
	}
	for _, reason := range []string{reasonInvalid, reasonMalformed, reasonUnreadable, reasonTooMany, reasonStore} {
		t.refused[reason] = t.set.NewCounter(fmt.Sprintf("epicurve_archive_refused_total{reason=%q}", reason))
	}
	t.exposed = t.set.NewCounter("epicurve_archive_exposure_ingested_total")
	t.badQueries = t.set.NewCounter("epicurve_archive_queries_invalid_total")
	t.gaugeFailures = t.set.NewCounter("epicurve_archive_cluster_gauge_failures_total")
	names := []string{"values"}
	for _, qt := range query.Types() {
		names = append(names, string(qt))
	}
	for _, name := range names {
		t.seconds[name] = t.set.NewPrometheusHistogram(fmt.Sprintf("epicurve_archive_query_seconds{type=%q}", name))
		t.failed[name] = t.set.NewCounter(fmt.Sprintf("epicurve_archive_query_failures_total{type=%q}", name))
	}
	stats := func(read func(store.Stats) int64) func() float64 {
		return func() float64 {
			ctx, cancel := context.WithTimeout(context.Background(), readyTimeout)
			defer cancel()
			st, err := a.Store.Stats(ctx)
			if err != nil {
				return -1
			}
			return float64(read(st))
		}
	}
	t.set.NewGauge("epicurve_archive_store_records", stats(func(s store.Stats) int64 { return s.Records }))
	t.set.NewGauge("epicurve_archive_store_exposure_slots", stats(func(s store.Stats) int64 { return s.Exposure }))
	t.set.NewGauge("epicurve_archive_store_bytes", stats(func(s store.Stats) int64 { return s.Bytes }))
	t.set.NewGauge(fmt.Sprintf("epicurve_archive_build_info{version=%q,goversion=%q,storage=%q}", a.Version, runtime.Version(), a.Storage),
		func() float64 { return 1 })
	return t
}

// query counts one question.
func (t *telemetry) query(name string, took time.Duration, err error) {
	if h := t.seconds[name]; h != nil {
		h.Update(took.Seconds())
	}
	if c := t.failed[name]; c != nil && err != nil {
		c.Inc()
	}
}

// gaugesTimeout bounds what one scrape may spend on gauges that must be
// evaluated; Prometheus gives up after 10 s by default.
const gaugesTimeout = 8 * time.Second

func (a *API) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	var gauges bytes.Buffer
	if a.Gauges != nil {
		ctx, cancel := context.WithTimeout(r.Context(), gaugesTimeout)
		defer cancel()
		if err := a.Gauges(ctx, &gauges); err != nil {
			a.Logger.Warn("The gauges of clusters are left out of a scrape", "err", err)
			a.metrics.gaugeFailures.Inc()
			gauges.Reset()
		}
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	a.metrics.set.WritePrometheus(w)
	metrics.WriteProcessMetrics(w)
	gauges.WriteTo(w) //nolint:errcheck // the client left
	return nil
}
