package api

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"time"

	"github.com/VictoriaMetrics/metrics"

	"github.com/epicurve/epicurve/archive/access"
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
	cached     *metrics.Counter
	ahead      *metrics.Counter
	seconds    map[string]*metrics.PrometheusHistogram
	failed     map[string]*metrics.Counter

	gaugeFailures *metrics.Counter
}

func newTelemetry() *telemetry {
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
	t.ahead = t.set.NewCounter("epicurve_archive_records_ahead_total")
	t.cached = t.set.NewCounter("epicurve_archive_query_cache_hits_total")
	t.gaugeFailures = t.set.NewCounter("epicurve_archive_cluster_gauge_failures_total")
	names := []string{"values", "page"}
	for _, qt := range query.Types() {
		names = append(names, string(qt))
	}
	for _, name := range names {
		t.seconds[name] = t.set.NewPrometheusHistogram(fmt.Sprintf("epicurve_archive_query_seconds{type=%q}", name))
		t.failed[name] = t.set.NewCounter(fmt.Sprintf("epicurve_archive_query_failures_total{type=%q}", name))
	}
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

// metricsRole is the role that a scrape needs. Where there are tenants it needs
// one, because counters count their crashes too.
func (a *API) metricsRole() access.Role {
	if len(a.Access.Tenants()) > 0 {
		return access.RoleRead
	}
	return ""
}

// serveMetrics writes the counters and gauges of the request's tenant, and those
// of the process for the default one.
func (a *API) serveMetrics(w http.ResponseWriter, r *http.Request) error {
	t := a.tenant(r.Context())
	var gauges bytes.Buffer
	if t.Gauges != nil {
		ctx, cancel := context.WithTimeout(r.Context(), gaugesTimeout)
		defer cancel()
		if err := t.Gauges(ctx, &gauges); err != nil {
			a.Logger.Warn("The gauges of clusters are left out of a scrape", "tenant", t.name, "err", err)
			t.metrics.gaugeFailures.Inc()
			gauges.Reset()
		}
	}
	w.Header().Set("Content-Type", "text/plain; version=0.0.4; charset=utf-8")
	t.metrics.set.WritePrometheus(w)
	writeStats(r.Context(), w, t.Store)
	metrics.WriteGaugeUint64(w, fmt.Sprintf("epicurve_archive_build_info{version=%q,goversion=%q,storage=%q}", a.Version, runtime.Version(), a.Storage), 1)
	if t == a.main {
		metrics.WriteProcessMetrics(w)
	}
	gauges.WriteTo(w) //nolint:errcheck // the client left
	return nil
}

// writeStats writes what a store holds, -1 when it does not say.
func writeStats(ctx context.Context, w io.Writer, s store.Store) {
	ctx, cancel := context.WithTimeout(ctx, readyTimeout)
	defer cancel()
	st, err := s.Stats(ctx)
	if err != nil {
		st = store.Stats{Records: -1, Exposure: -1, Bytes: -1}
	}
	for _, g := range []struct {
		name  string
		value int64
	}{{"bytes", st.Bytes}, {"exposure_slots", st.Exposure}, {"records", st.Records}} {
		metrics.WriteGaugeFloat64(w, "epicurve_archive_store_"+g.name, float64(g.value))
	}
}
