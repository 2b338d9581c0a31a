package metrics

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"
)

const namespace = "epicurve_exporter"

// Exporter holds the metrics of the exporter about itself.
type Exporter struct {
	coresFound     prometheus.Counter
	coresRead      *prometheus.CounterVec
	readErrors     *prometheus.CounterVec
	refused        *prometheus.CounterVec
	bytesRead      prometheus.Counter
	duplicates     prometheus.Counter
	rateLimited    prometheus.Counter
	logs           logMetrics
	labelSeconds   prometheus.Histogram
	readSeconds    prometheus.Histogram
	overflows      prometheus.Counter
	pending        prometheus.Gauge
	rescans        prometheus.Counter
	rescanSeconds  prometheus.Gauge
	directories    *prometheus.GaugeVec
	spoolErrors    prometheus.Counter
	unspooled      prometheus.Gauge
	shipRequests   *prometheus.CounterVec
	shipped        prometheus.Counter
	shipRefused    prometheus.Counter
	shipLast       prometheus.Gauge
	clockSkew      prometheus.Gauge
	lastCheckpoint prometheus.Gauge
	lookups        *prometheus.CounterVec
	reloadOK       prometheus.Gauge
	reloadLast     prometheus.Gauge
	all            []prometheus.Collector
}

// NewExporter returns the metrics with every series of their closed labels.
// readReasons, refusals and troubles are the closed sets of the rooms that report
// them: of the pipeline, the watcher and the logs.
func NewExporter(readReasons, refusals, troubles []string) *Exporter {
	e := &Exporter{}
	e.coresFound = e.counter("cores_found_total", "Files that appeared in the watched directories.")
	e.coresRead = e.counters("cores_read_total", "Core files read to the end of what is needed, by compression.", "compression",
		"none", "zstd", "lz4", "xz", "gzip")
	e.readErrors = e.counters("read_errors_total", "Files that are not a usable core, by reason.", "reason", readReasons...)
	e.refused = e.counters("files_refused_total", "Paths that were not opened because they are no regular file, by type.", "type", refusals...)
	e.bytesRead = e.counter("read_bytes_total", "Bytes read of core files, after decompression.")
	e.duplicates = e.counter("duplicates_total", "Core files of a crash that was already counted.")
	e.rateLimited = e.counter("rate_limited_total", "Looks at files that have to wait because their owner made too many crashes.")
	e.addLogs(troubles)
	e.labelSeconds = e.histogram("label_delay_seconds", "Time from the last write to a core file until its crash was counted.",
		.01, .025, .05, .1, .25, .5, 1, 2, 5, 10, 60)
	e.readSeconds = e.histogram("read_duration_seconds", "Time to read and classify a core file.",
		.0005, .001, .005, .01, .05, .1, .5, 1, 5)
	e.overflows = e.counter("watch_overflows_total", "Overflows of the inotify queue; each was followed by a scan.")
	e.pending = e.gauge("pending_files", "Files that wait to be complete.")
	e.rescans = e.counter("rescans_total", "Scans of all watched directories.")
	e.rescanSeconds = e.gauge("rescan_duration_seconds", "Duration of the last scan of all watched directories.")
	e.directories = e.gauges("directories", "Directories by how they are watched.", "state", "watched", "polled", "missing")
	e.spoolErrors = e.counter("spool_write_errors_total", "Failed writes to the spool, such as of a full disk.")
	e.unspooled = e.gauge("spool_waiting_records", "Records that are counted but wait in memory because the spool cannot be written.")
	e.shipRequests = e.counters("ship_requests_total", "Requests to the archive, by result.", "result",
		"ok", "refused", "retry", "unreachable")
	e.shipped = e.counter("shipped_records_total", "Records and exposures that the archive has committed.")
	e.shipRefused = e.counter("ship_refused_records_total", "Records that the archive will never take; they are kept in refused.jsonl.")
	e.shipLast = e.gauge("ship_last_success_timestamp_seconds", "Time of the last request that the archive committed, 0 when there was none.")
	e.clockSkew = e.gauge("archive_clock_ahead_seconds", "How far the archive's clock is ahead of this host's, to about a second; 0 before the first reply.")
	e.lastCheckpoint = e.gauge("checkpoint_timestamp_seconds", "Time of the last checkpoint of the counters, 0 when there was none.")
	e.lookups = e.pairs("place_lookups_total", "Attempts to find out where this machine stands, by who was asked and the result.",
		[2]string{"source", "result"}, []string{"cloud", "physical_host"}, []string{"ok", "absent", "failed"})
	e.reloadOK = e.gauge("config_last_reload_successful", "Whether the last attempt to load the configuration succeeded.")
	e.reloadLast = e.gauge("config_last_reload_success_timestamp_seconds", "Time of the last successful load of the configuration.")
	return e
}

// Describe implements [prometheus.Collector].
func (e *Exporter) Describe(ch chan<- *prometheus.Desc) {
	for _, c := range e.all {
		c.Describe(ch)
	}
}

// Collect implements [prometheus.Collector].
func (e *Exporter) Collect(ch chan<- prometheus.Metric) {
	for _, c := range e.all {
		c.Collect(ch)
	}
}

// FileFound implements the watcher's observer.
func (e *Exporter) FileFound() { e.coresFound.Inc() }

// FileRefused implements the watcher's observer.
func (e *Exporter) FileRefused(reason string) { e.refused.WithLabelValues(reason).Inc() }

// Overflowed implements the watcher's observer.
func (e *Exporter) Overflowed() { e.overflows.Inc() }

// PendingFiles implements the watcher's observer.
func (e *Exporter) PendingFiles(n int) { e.pending.Set(float64(n)) }

// Rescanned implements the watcher's observer.
func (e *Exporter) Rescanned(took time.Duration, watched, polled, missing int) {
	e.rescans.Inc()
	e.rescanSeconds.Set(took.Seconds())
	e.directories.WithLabelValues("watched").Set(float64(watched))
	e.directories.WithLabelValues("polled").Set(float64(polled))
	e.directories.WithLabelValues("missing").Set(float64(missing))
}

// CoreRead reports a core that was read: its compression ("" for none), the
// bytes taken, and how long it took.
func (e *Exporter) CoreRead(compression string, bytes int64, took time.Duration) {
	if compression == "" {
		compression = "none"
	}
	e.coresRead.WithLabelValues(compression).Inc()
	e.bytesRead.Add(float64(bytes))
	e.readSeconds.Observe(took.Seconds())
}

// ReadFailed counts a file that is not a usable core.
func (e *Exporter) ReadFailed(reason string) { e.readErrors.WithLabelValues(reason).Inc() }

// Duplicate counts a core of a crash that was already counted.
func (e *Exporter) Duplicate() { e.duplicates.Inc() }

// RateLimited counts a file that has to wait.
func (e *Exporter) RateLimited() { e.rateLimited.Inc() }

// Labelled reports the time from a core's last write to its count.
func (e *Exporter) Labelled(delay time.Duration) { e.labelSeconds.Observe(max(0, delay.Seconds())) }

// SpoolFailed counts a failed write to the spool.
func (e *Exporter) SpoolFailed() { e.spoolErrors.Inc() }

// Waiting reports the records that wait in memory for the spool.
func (e *Exporter) Waiting(n int) { e.unspooled.Set(float64(n)) }

// Checkpointed reports a saved checkpoint.
func (e *Exporter) Checkpointed(at time.Time) { e.lastCheckpoint.Set(float64(at.UnixMilli()) / 1e3) }

// LookedUp counts an attempt to find out where this machine stands: source is
// cloud or physical_host, result is ok, absent or failed.
func (e *Exporter) LookedUp(source, result string) { e.lookups.WithLabelValues(source, result).Inc() }

// Reloaded reports an attempt to load the configuration.
func (e *Exporter) Reloaded(ok bool, at time.Time) {
	if !ok {
		e.reloadOK.Set(0)
		return
	}
	e.reloadOK.Set(1)
	e.reloadLast.Set(float64(at.UnixMilli()) / 1e3)
}

// Requested counts a request to the archive; result is ok, refused, retry or
// unreachable.
func (e *Exporter) Requested(result string) { e.shipRequests.WithLabelValues(result).Inc() }

// Skew reports how far the archive's clock is ahead of this host's.
func (e *Exporter) Skew(ahead time.Duration) { e.clockSkew.Set(ahead.Seconds()) }

// Shipped reports what the archive committed and what it will never take.
func (e *Exporter) Shipped(committed, refused int, at time.Time) {
	e.shipped.Add(float64(committed))
	e.shipRefused.Add(float64(refused))
	e.shipLast.Set(float64(at.UnixMilli()) / 1e3)
}
