package metrics

import "github.com/prometheus/client_golang/prometheus"

// Retention holds the metrics of the deletion of cores.
type Retention struct {
	deleted *prometheus.CounterVec
	bytes   prometheus.Counter
	kept    *prometheus.GaugeVec
	all     []prometheus.Collector
}

// NewRetention returns the metrics with every series of their closed labels:
// reasons are why cores are deleted, kept why files stay.
func NewRetention(reasons, kept []string) *Retention {
	e := &Exporter{} // for its ways to make metrics
	r := &Retention{
		deleted: e.counters("cores_deleted_total", "Core files deleted by core.retention, after their crash was on record, by reason.", "reason", reasons...),
		bytes:   e.counter("cores_deleted_bytes_total", "Disk space of the core files that core.retention deleted."),
		kept: e.gauges("cores_kept", "Files that core.retention looked at and must not delete, as of the last sweep, by reason.",
			"reason", kept...),
	}
	r.all = e.all
	return r
}

// CoreDeleted counts a core and its disk space.
func (r *Retention) CoreDeleted(reason string, bytes int64) {
	r.deleted.WithLabelValues(reason).Inc()
	r.bytes.Add(float64(bytes))
}

// CoresKept reports how many files stay.
func (r *Retention) CoresKept(reason string, n int) { r.kept.WithLabelValues(reason).Set(float64(n)) }

// Describe implements [prometheus.Collector].
func (r *Retention) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range r.all {
		c.Describe(ch)
	}
}

// Collect implements [prometheus.Collector].
func (r *Retention) Collect(ch chan<- prometheus.Metric) {
	for _, c := range r.all {
		c.Collect(ch)
	}
}
